/** The public types of the module. Shape letters: B batch, H heads, T queries, S keys, D features. */
import type { Tensor } from './tensor.js';

/** Numbers nested as deep as the tensor has dimensions; a bare number is a scalar. */
export type Nested = number | readonly Nested[];
export type TypedArray =
  | Float32Array | Float64Array | Int8Array | Uint8Array | Uint8ClampedArray
  | Int16Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array;
export type DType = 'float32' | 'int32';
/** Whatever an operator takes for a tensor. */
export type TensorLike = Tensor | Nested | TypedArray;

export type IntegerArray =
  | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array;
/** A boolean mask but for an int32 tensor: booleans, or rows of integers, nested as deep as the mask has dimensions. */
export type Flags = boolean | IntegerArray | readonly Flags[];

export interface GELUOptions {
  /** 'none' unless told. */
  approximate?: 'none' | 'tanh';
}

export interface TensorOptions {
  /** Needed only where the data is flat; its product must be the number of elements. */
  shape?: readonly number[];
  /** 'float32' unless told; 'int32' is for indices. */
  dtype?: DType;
  /** Whether `backward` should give this tensor a `grad`. */
  requiresGrad?: boolean;
}

/**
 * Sees every named activation of a forward pass ("self_attn.weights"), and may return another of the same shape for the
 * model to go on with. Looking changes nothing, bit for bit; what follows from another tensor is the result from there
 * on. Called synchronously; what it throws comes out of `forward`.
 */
export type Probe = (name: string, activation: Tensor) => Tensor | undefined | void;
export interface ProbeOptions {
  probe?: Probe;
}

export interface BackwardOptions {
  /** Keeps what the operators kept, so that `backward` can run again. */
  retainGraph?: boolean;
}

/**
 * How like a query q is to a key k:
 * - `dot` q·k (Luong et al. 2015, arXiv:1508.04025)
 * - `scaledDot` q·k, scaled by 1/√D unless `scale` says otherwise (Vaswani et al. 2017, arXiv:1706.03762)
 * - `sqrtNorm` q·k / √(‖q‖‖k‖), the tutorial's own
 * - `cosine` q·k / (‖q‖‖k‖)
 * - `general` qᵀ W k, W = `weight` [Dq,Dk] (Luong et al. 2015)
 * - `additive` vᵀ tanh(W_q q + W_k k), `queryWeight` [A,Dq], `keyWeight` [A,Dk], `scoreVector` [A]
 *   (Bahdanau et al. 2015, arXiv:1409.0473)
 * - `location` (W q + b)_s, `weight` [S,Dq], `bias` [S]: looks at the query alone (Luong et al. 2015)
 */
export type Score = 'dot' | 'scaledDot' | 'sqrtNorm' | 'cosine' | 'general' | 'additive' | 'location';

/**
 * How a row of scores becomes a row of weights:
 * - `softmax` exp(e_s) / Σ exp(e)
 * - `sum` e_s / Σ e; an error where the sum vanishes
 * - `doubleSoftmax` softmax(softmax(e))
 * - `sparsemax` the nearest point of the probability simplex (Martins & Astudillo 2016, arXiv:1602.02068)
 */
export type Normalizer = 'softmax' | 'sum' | 'doubleSoftmax' | 'sparsemax';

/** Which keys a query may attend to; where several are given, a key must pass each. */
export interface MaskOptions {
  /** Keys s ≤ t (the lower triangle, as in PyTorch's `is_causal`). */
  causal?: boolean;
  /** Keys with |s − t| ≤ window. */
  window?: number;
  /** Keys s < padding[b]: the lengths of the sequences, one for each batch. */
  padding?: readonly number[];
  /**
   * [T,S], or anything that broadcasts to the shape of the scores. Numbers, or a float32 tensor, are added to the scaled
   * scores, and −Infinity masks. Booleans, arrays of integers, or an int32 tensor: true, or non-zero, may be attended to, as
   * in PyTorch's function of that name (but not its layers).
   */
  additive?: TensorLike | Flags;
}
/** A tensor or an array is what `additive` is. */
export type Mask = 'none' | 'causal' | MaskOptions | Tensor | readonly Nested[] | TypedArray | Exclude<Flags, boolean>;

export interface AttendOptions {
  score?: Score;
  normalizer?: Normalizer;
  mask?: Mask;
  /** Factor on the scores; 1/√D for `scaledDot` (D a head's own), 1 for the others unless told. */
  scale?: number;
  /** Divides the scaled scores; > 0. High flattens the weights, low sharpens them. */
  temperature?: number;
  /** Splits the features of query, key and value into that many heads; their outputs are joined again. */
  heads?: number;
  weight?: TensorLike;
  bias?: TensorLike;
  queryWeight?: TensorLike;
  keyWeight?: TensorLike;
  scoreVector?: TensorLike;
}

/** Every intermediate of `attend`; [..., T, S], with an H before T where `heads` > 1. */
export interface Attention {
  scores: Tensor;
  /** scores · scale / temperature */
  scaled: Tensor;
  /** scaled with −Infinity wherever a key is masked */
  masked: Tensor;
  /** The normaliser's rows; a fully masked row is zeros. */
  weights: Tensor;
  /** weights · value [..., T, Dv] */
  output: Tensor;
}

export interface ScaledDotProductAttentionOptions {
  /** [T,S], or anything that broadcasts to [..., T, S]: boolean, where true may be attended to, or added, as `MaskOptions.additive`. */
  attnMask?: TensorLike | Flags | null;
  isCausal?: boolean;
  /** 1/√D unless told. */
  scale?: number;
  /** Key and value may have fewer heads: [B,G,S,D] with H a multiple of G (Ainslie et al. 2023, arXiv:2305.13245). */
  enableGqa?: boolean;
}

export interface NormOptions {
  /** [N] */
  weight?: TensorLike;
  /** [N]; of layerNorm alone. */
  bias?: TensorLike;
  /** 1e-5, and 1e-6 for rmsNorm, unless told. */
  eps?: number;
}

export interface MultiHeadAttentionOptions {
  numHeads: number;
  /** [3E,E]: the rows of W_q, W_k, W_v in turn, as PyTorch's `in_proj_weight`. */
  inProjWeight: TensorLike;
  /** [3E] */
  inProjBias?: TensorLike;
  /** [E,E] */
  outProjWeight: TensorLike;
  /** [E] */
  outProjBias?: TensorLike;
  mask?: Mask;
}

export interface Conv1dOptions {
  /** [Cout] */
  bias?: TensorLike;
  stride?: number;
  padding?: number;
}

export interface LoadOptions {
  /** 'auto' takes the cores that there are (at most 8), where threads can work at all. */
  threads?: 'auto' | number;
  /** 'auto' takes relaxed SIMD where the engine has it. */
  simd?: 'auto' | 'relaxed' | 'fixed';
  /**
   * Folder that serves the files of `dist/wasm/`, for bundlers that leave assets behind (esbuild, Rollup) and for scripts
   * without an address of their own (a worker made of a blob; there it must be absolute); in Node a path or a file: URL.
   * Found by itself elsewhere.
   */
  baseUrl?: string | URL;
  /**
   * What `attention-playground/wasm/web-single.js` exports by default, where `import()` is forbidden (service workers) or a
   * bundler cannot leave it alone; then there is one thread.
   */
  glue?: Glue;
}

/** Starts a core; for `load` alone to call. */
export type Glue = (settings: never) => Promise<object>;

export interface Info {
  simd: 'relaxed' | 'fixed';
  threads: number;
  /** Whether shared memory may be used here (cross-origin isolated, or Node). */
  isolated: boolean;
  version: string;
  /** Why this binary and this number of threads were taken, in a sentence. */
  reason: string;
}

export type ErrorCode =
  | 'SHAPE' | 'TYPE' | 'RANGE' | 'OOM' | 'ABORTED' | 'UNSUPPORTED' | 'FORMAT' | 'INTERNAL';
