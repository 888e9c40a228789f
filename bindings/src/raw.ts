/** The Embind table of bindings.cpp, as TypeScript sees it. Only the facade uses it. */

/** A C++ tensor, module or optimiser; null where an optional one is left out. */
export interface Handle {
  delete(): void;
  isDeleted(): boolean;
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

export interface RawCore {
  /** Set by `fail` during a call. */
  failure?: CoreFailure | undefined;
  /** Set after a trap: the glue then leaves the finalisation of dropped tensors out (tools/module.mjs patches that in). */
  stopped?: boolean;
  PThread?: { terminateAllThreads(): void };
  HEAPF32: Float32Array;
  HEAP32: Int32Array;

  rank(x: Handle): number;
  size(x: Handle, dim: number): number;
  isInt32(x: Handle): boolean;
  address(x: Handle): number;

  empty(shape: readonly number[], int32: boolean): Handle;
  zeros(shape: readonly number[], int32: boolean): Handle;
  ones(shape: readonly number[], int32: boolean): Handle;
  full(shape: readonly number[], value: number): Handle;
  arange(start: number, end: number, step: number, int32: boolean): Handle;
  eye(n: number): Handle;
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

  attend(q: Handle, k: Handle, v: Handle, options: RawAttendOptions): Record<
    'scores' | 'scaled' | 'masked' | 'weights' | 'output', Handle>;
  scaledDotProductAttention(q: Handle, k: Handle, v: Handle, mask: RawMask, scale: number, enableGqa: boolean): Handle;
  multiHeadAttention(
    q: Handle, k: Handle, v: Handle, heads: number, inWeight: Handle, inBias: Handle | null, outWeight: Handle,
    outBias: Handle | null, mask: RawMask,
  ): Record<'output' | 'weights', Handle>;

  setNumThreads(n: number): void;
  numThreads(): number;
  tensorBytes(): number;
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
