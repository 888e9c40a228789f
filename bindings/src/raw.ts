/** The Embind table of bindings.cpp, as TypeScript sees it. Only the facade uses it. */

/** A C++ tensor, module or optimiser; null where an optional one is left out. */
export interface Handle {
  delete(): void;
}

export interface RawMask {
  causal: boolean;
  /** -1: none */
  window: number;
  padding: Handle | null;
  additive: Handle | null;
}

export interface RawAttendOptions {
  score: number;
  normalizer: number;
  mask: RawMask;
  /** NaN: the score's own */
  scale: number;
  temperature: number;
  heads: number;
  weight: Handle | null;
  bias: Handle | null;
  queryWeight: Handle | null;
  keyWeight: Handle | null;
  scoreVector: Handle | null;
}

/** An error that the core reported; the call that it came from returned nothing of use. */
export interface CoreFailure {
  code: string;
  /** The C++ operator that refused. */
  op: string;
  message: string;
  shapes: number[][];
}

/** NaN: not given */
export interface RawMultiheadOptions {
  embedDim: number;
  numHeads: number;
  dropout: number;
  bias: boolean;
  addBiasKv: boolean;
  addZeroAttn: boolean;
  kdim: number;
  vdim: number;
  batchFirst: boolean;
  numKvHeads: number;
  rotary: boolean;
  alibi: boolean;
}

export interface RawTransformerOptions {
  dModel: number;
  nhead: number;
  dimFeedforward: number;
  dropout: number;
  activation: number;
  layerNormEps: number;
  batchFirst: boolean;
  normFirst: boolean;
  bias: boolean;
}

export interface RawGenerateOptions {
  maxNewTokens: number;
  temperature: number;
  topK: number;
  topP: number;
  repetitionPenalty: number;
  seed: number;
  /** NaN: none */
  stopToken: number;
  useCache: boolean;
}

/** name, tensor, name, tensor, … */
export type RawNamedTensors = readonly (string | Handle)[];
/** Returns another tensor, or null to leave it as it is, or false to stop the forward pass. */
export type RawProbe = (name: string, activation: Handle) => Handle | null | false;

export interface RawCore {
  /** Set by `fail` during a call. */
  failure?: CoreFailure | undefined;
  PThread?: { terminateAllThreads(): void };
  HEAPF32: Float32Array;
  HEAP32: Int32Array;

  /** Address of what a tensor is, as int32: whether it holds int32, its rank, its sizes. Lasts until the next call. */
  description(x: Handle): number;
  address(x: Handle): number;

  empty(shape: readonly number[], int32: boolean): Handle;
  zeros(shape: readonly number[], int32: boolean): Handle;
  ones(shape: readonly number[], int32: boolean): Handle;
  full(shape: readonly number[], value: number): Handle;
  arange(start: number, end: number, step: number, int32: boolean): Handle;
  eye(n: number, int32: boolean): Handle;
  rand(shape: readonly number[]): Handle;
  randn(shape: readonly number[]): Handle;
  manualSeed(seed: number): void;

  unary(f: number, x: Handle): Handle;
  binary(f: number, a: Handle, b: Handle): Handle;
  reduce(f: number, x: Handle, dim: number, all: boolean, keepdim: boolean): Handle;
  maskedFill(x: Handle, mask: Handle, value: number): Handle;
  contiguous(x: Handle): Handle;
  reshape(x: Handle, shape: readonly number[]): Handle;
  permute(x: Handle, dims: readonly number[]): Handle;
  transpose(x: Handle, a: number, b: number): Handle;
  slice(x: Handle, dim: number, start: number, end: number): Handle;
  index(x: Handle, indices: Handle): Handle;
  cat(tensors: readonly Handle[], dim: number): Handle;
  stack(tensors: readonly Handle[], dim: number): Handle;
  matmul(a: Handle, b: Handle): Handle;
  linear(x: Handle, weight: Handle, bias: Handle | null): Handle;
  layerNorm(x: Handle, weight: Handle | null, bias: Handle | null, eps: number): Handle;
  rmsNorm(x: Handle, weight: Handle | null, eps: number): Handle;
  softmax(x: Handle, dim: number): Handle;
  logSoftmax(x: Handle, dim: number): Handle;
  entropy(weights: Handle): Handle;
  conv1d(input: Handle, weight: Handle, bias: Handle | null, stride: number, padding: number): Handle;
  sinusoidal(length: number, dim: number): Handle;

  requiresGrad(x: Handle): boolean;
  setRequiresGrad(x: Handle, wanted: boolean): void;
  isLeaf(x: Handle): boolean;
  grad(x: Handle): Handle | null;
  setGrad(x: Handle, gradient: Handle | null): void;
  backward(x: Handle, gradient: Handle | null, retainGraph: boolean): void;
  detach(x: Handle): Handle;
  setNoGrad(on: boolean): void;
  setDetectAnomaly(on: boolean): void;

  dropout(x: Handle, p: number): Handle;
  /** paddingIdx NaN: none */
  embedding(indices: Handle, weight: Handle, paddingIdx: number): Handle;
  crossEntropy(
    logits: Handle, target: Handle, weight: Handle | null, ignoreIndex: number, labelSmoothing: number, reduction: number,
  ): Handle;
  binaryCrossEntropyWithLogits(
    logits: Handle, target: Handle, weight: Handle | null, posWeight: Handle | null, reduction: number,
  ): Handle;
  mseLoss(input: Handle, target: Handle, reduction: number): Handle;

  parameters(module: Handle): RawNamedTensors;
  stateDict(module: Handle): RawNamedTensors;
  loadStateDict(module: Handle, names: readonly string[], tensors: readonly Handle[], strict: boolean): void;
  training(module: Handle): boolean;
  train(module: Handle, on: boolean): void;

  initUniform(x: Handle, a: number, b: number): void;
  initNormal(x: Handle, mean: number, std: number): void;
  initTruncNormal(x: Handle, mean: number, std: number, a: number, b: number): void;
  initConstant(x: Handle, value: number): void;
  initEye(x: Handle): void;
  initXavier(x: Handle, gain: number, isNormal: boolean): void;
  initKaiming(x: Handle, a: number, fan: number, nonlinearity: number, isNormal: boolean): void;
  initOrthogonal(x: Handle, gain: number): void;
  gain(nonlinearity: number, a: number): number;

  newLinear(inFeatures: number, outFeatures: number, bias: boolean): Handle;
  /** paddingIdx NaN: none */
  newEmbedding(rows: number, dim: number, paddingIdx: number): Handle;
  newLayerNorm(size: number, eps: number, affine: boolean, bias: boolean): Handle;
  newRmsNorm(size: number, eps: number, affine: boolean): Handle;
  newDropout(p: number): Handle;
  newActivation(f: number): Handle;
  newSequential(layers: readonly Handle[]): Handle;
  forward(layer: Handle, x: Handle): Handle;
  newGru(
    inputSize: number, hiddenSize: number, layers: number, bias: boolean, batchFirst: boolean, dropout: number,
    bidirectional: boolean,
  ): Handle;
  gruForward(gru: Handle, x: Handle, h0: Handle | null, probe: RawProbe | null): [Handle, Handle];

  newMultiheadAttention(options: RawMultiheadOptions): Handle;
  newDynamicAttention(options: RawMultiheadOptions): Handle;
  multiheadForward(
    attention: Handle, query: Handle, key: Handle, value: Handle, keyPaddingMask: Handle | null, attnMask: Handle | null,
    needWeights: boolean, average: boolean, isCausal: boolean, probe: RawProbe | null,
  ): [Handle, Handle | null];
  newAdditiveAttention(queryDim: number, keyDim: number, attentionDim: number): Handle;
  additiveForward(
    attention: Handle, query: Handle, key: Handle, value: Handle, keyPaddingMask: Handle | null, probe: RawProbe | null,
  ): [Handle, Handle];
  rotary(x: Handle, first: number, base: number): Handle;
  alibi(heads: number, queries: number, keys: number): Handle;
  newLearnedPositions(rows: number, dim: number): Handle;
  newSinusoidalPositions(rows: number, dim: number): Handle;
  positionsForward(positions: Handle, x: Handle, first: number): Handle;
  newEncoderLayer(options: RawTransformerOptions): Handle;
  newEncoder(options: RawTransformerOptions, layers: number, norm: boolean): Handle;
  newDecoderLayer(options: RawTransformerOptions): Handle;
  newDecoder(options: RawTransformerOptions, layers: number, norm: boolean): Handle;
  encode(
    encoder: Handle, src: Handle, mask: Handle | null, keyPaddingMask: Handle | null, isCausal: boolean, probe: RawProbe | null,
  ): Handle;
  decode(
    decoder: Handle, tgt: Handle, memory: Handle, tgtMask: Handle | null, memoryMask: Handle | null,
    tgtKeyPaddingMask: Handle | null, memoryKeyPaddingMask: Handle | null, tgtIsCausal: boolean, memoryIsCausal: boolean,
    probe: RawProbe | null,
  ): Handle;

  newModel(kind: string, config: string): Handle;
  configKeys(kind: string): readonly string[];
  modelConfig(kind: string, model: Handle): string;
  gptForward(gpt: Handle, tokens: Handle, probe: RawProbe | null): Handle;
  gptLoss(gpt: Handle, tokens: Handle, targets: Handle): Handle;
  generate(gpt: Handle, prompt: Handle, options: RawGenerateOptions, onToken: ((token: number) => unknown) | null): number[];
  classifierForward(classifier: Handle, tokens: Handle, keyPaddingMask: Handle | null, probe: RawProbe | null): Handle;
  vitForward(vit: Handle, images: Handle, probe: RawProbe | null): Handle;
  seq2seqForward(
    model: Handle, source: Handle, lengths: Handle | null, targetIn: Handle, teacherForcing: number, probe: RawProbe | null,
  ): [Handle, Handle];
  seq2seqLoss(
    model: Handle, source: Handle, lengths: Handle | null, targetIn: Handle, targetOut: Handle, teacherForcing: number,
  ): Handle;
  transformerForward(model: Handle, source: Handle, lengths: Handle | null, targetIn: Handle, probe: RawProbe | null): Handle;
  transformerLoss(model: Handle, source: Handle, lengths: Handle | null, targetIn: Handle, targetOut: Handle): Handle;
  decodeSources(
    model: Handle, source: Handle, lengths: Handle | null, maxLength: number, beams: number, lengthPenalty: number,
  ): { tokens: number[]; score: number; alignment: Handle }[];

  newSgd(parameters: readonly Handle[], lr: number, momentum: number, dampening: number, weightDecay: number, nesterov: boolean): Handle;
  newAdam(
    parameters: readonly Handle[], lr: number, beta1: number, beta2: number, eps: number, weightDecay: number, amsgrad: boolean,
  ): Handle;
  newAdamW: RawCore['newAdam'];
  step(optimizer: Handle): void;
  zeroGrad(optimizer: Handle): void;
  lr(optimizer: Handle): number;
  setLr(optimizer: Handle, lr: number): void;
  optimizerState(optimizer: Handle): { name: string; options: Record<string, number>; tensors: RawNamedTensors };
  loadOptimizerState(
    optimizer: Handle, name: string, optionNames: readonly string[], optionValues: readonly number[], names: readonly string[],
    tensors: readonly Handle[],
  ): void;
  clipGradNorm(parameters: readonly Handle[], maxNorm: number, normType: number, errorIfNonfinite: boolean): number;
  constantAt(lr: number, step: number): number;
  warmupCosineAt(lr: number, totalSteps: number, warmupSteps: number, minLr: number, step: number): number;
  newEarlyStopping(patience: number, minDelta: number): Handle;
  stop(stopping: Handle, step: number, loss: number): boolean;
  bestStep(stopping: Handle): number;
  bestLoss(stopping: Handle): number;

  attend(q: Handle, k: Handle, v: Handle, options: RawAttendOptions): Record<
    'scores' | 'scaled' | 'masked' | 'weights' | 'output', Handle>;
  scaledDotProductAttention(q: Handle, k: Handle, v: Handle, mask: RawMask, scale: number, enableGqa: boolean): Handle;
  multiHeadAttention(
    q: Handle, k: Handle, v: Handle, heads: number, inWeight: Handle, inBias: Handle | null, outWeight: Handle,
    outBias: Handle | null, mask: RawMask,
  ): [Handle, Handle];
  /** Whether a float mask holds these and nothing else. */
  zerosAndOnes(mask: Handle): boolean;

  saveSafetensors(
    names: readonly string[], tensors: readonly Handle[], metadataNames: readonly string[], metadataTexts: readonly string[],
  ): Uint8Array;
  saveCheckpoint(
    model: Handle, optimizer: Handle | null, metadataNames: readonly string[], metadataTexts: readonly string[],
  ): Uint8Array;
  /** An int32 tensor is the file; metadata: name, text, name, text, … */
  loadSafetensors(file: Handle, size: number, allowNonfinite: boolean): { tensors: RawNamedTensors; metadata: readonly string[] };
  /** Returns the metadata. */
  loadCheckpoint(file: Handle, size: number, model: Handle, optimizer: Handle | null, allowNonfinite: boolean): readonly string[];

  setNumThreads(n: number): void;
  numThreads(): number;
  tensorBytes(): number;
  /** The names of what bindings/src/enums.ts lists. */
  enums(): Record<string, readonly string[]>;
}

/** What the glue's factory takes, and turns into the core. */
export interface CoreSettings {
  wasmBinary: Uint8Array;
  /** Script that a thread's worker starts; the browser's glue only. */
  workerUrl?: string;
  pthreadPoolSize: number;
  /** Called by the core on an error, on the object that the factory returns. */
  fail(this: { failure?: CoreFailure | undefined }, code: string, op: string, message: string, shapes: string): void;
  printErr?(line: string): void;
}

export type CreateCore = (settings: CoreSettings) => Promise<RawCore>;
