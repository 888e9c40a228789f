import { toTensor } from './creation.js';
import { BINARY, REDUCTIONS, UNARY, type Binary, type Unary } from './enums.js';
import { AttnError } from './error.js';
import { maskTensor } from './masks.js';
import { nest } from './nested.js';
import { flag, number, oneOf, optionsOf, whole, wholes } from './options.js';
import { Owned } from './owned.js';
import type { Handle, RawCore } from './raw.js';
import type { Runtime } from './runtime.js';
import { strictMethods } from './strict.js';
import type { BackwardOptions, DType, Flags, GELUOptions, Nested, TensorLike } from './types.js';

/** Which form of GELU options ask for. */
export function geluOf(op: string, options: GELUOptions | undefined): Unary {
  const { approximate = 'none' } = optionsOf(op, options, ['approximate']);
  return oneOf(op, 'approximate', approximate, ['none', 'tanh']) === 1 ? 'geluTanh' : 'gelu';
}

/**
 * An n-dimensional array of float32 or int32 numbers in the core's memory, row-major. Operators return new tensors and
 * never change their arguments. Freed by `dispose`, by the end of an `attn.scope`, or when it is dropped; what a gradient
 * still needs of it stays in memory until `backward`.
 */
export class Tensor extends Owned {
  readonly #shape: readonly number[];
  readonly #dtype: DType;

  /** Tensors are made by `attn.tensor` and its friends. @internal */
  constructor(runtime: Runtime, handle: Handle) {
    super(runtime, handle);
    const { core } = runtime;
    const at = core.description(handle) >>> 2;
    const heap = core.HEAP32; // now, since any call may move it
    const shape: number[] = [];
    for (let dim = 0; dim < heap[at + 1]!; dim++) shape.push(heap[at + 2 + dim]!);
    this.#shape = Object.freeze(shape);
    this.#dtype = heap[at] ? 'int32' : 'float32';
  }

  get shape(): readonly number[] { return this.#shape; }
  get dtype(): DType { return this.#dtype; }
  /** Number of elements. */
  get size(): number { return this.#shape.reduce((a, b) => a * b, 1); }

  /** A copy of the elements in row-major order. */
  data(): Float32Array | Int32Array { return this.#copy(this.size); }

  /** At least the first `count` elements, if there are so many, without a look at most of the others. */
  #copy(count: number): Float32Array | Int32Array {
    return this.runtime.call('data', (core) => {
      const made: Handle[] = [];
      const make = (handle: Handle) => {
        made.push(handle);
        return handle;
      };
      try {
        let x = this.handle('data');
        let size = this.size;
        for (let dim = 0; dim < this.#shape.length && count < size; dim++) {
          const row = size / this.#shape[dim]!;
          const rows = Math.ceil(count / row);
          x = make(core.slice(x, dim, 0, rows));
          size = rows * row;
          if (rows > 1) break;
        }
        const start = core.address(make(core.contiguous(x))) >>> 2;
        // Not before: a copy may make the memory grow, and an older view of it is then empty.
        return (this.#dtype === 'int32' ? core.HEAP32 : core.HEAPF32).slice(start, start + size);
      } finally {
        for (const handle of made) handle.delete();
      }
    });
  }

  /** The elements as nested arrays; a bare number for a scalar. */
  toArray(): Nested { return nest(this.data(), this.#shape); }

  /** The one element. Throws SHAPE where there are more or none. */
  item(): number {
    if (this.size !== 1) {
      throw new AttnError('SHAPE', 'item', `expected 1 element, got ${this.size} in [${this.#shape}]`, [this.#shape]);
    }
    return this.data()[0]!;
  }

  /** @internal */
  what(): string { return `a tensor [${this.#shape}]`; }
  /** @internal */
  protected inside(first: number): object {
    const { shape, dtype } = this;
    return this.size <= first ? { shape, dtype, data: this.data() } : { shape, dtype, first: this.#copy(first).slice(0, first) };
  }

  /** What JSON keeps of it: the elements. */
  toJSON(): Nested { return this.toArray(); }
  override toString(): string { return `Tensor [${this.#shape}] ${this.#dtype}`; }

  /**
   * Whether a gradient is wanted: of a leaf that was told so, and of what operators made of such. Can be set on leaves of
   * float32 alone.
   */
  get requiresGrad(): boolean { return this.#ask('requiresGrad', (core, x) => core.requiresGrad(x)); }
  set requiresGrad(wanted: boolean) {
    flag('requiresGrad', 'requiresGrad', wanted);
    this.#ask('requiresGrad', (core, x) => core.setRequiresGrad(x, wanted));
  }
  /** Whether no recorded operator made this. */
  get isLeaf(): boolean { return this.#ask('isLeaf', (core, x) => core.isLeaf(x)); }

  /** What the calls of `backward` have added up for a leaf since it was set to null; null before the first. */
  get grad(): Tensor | null {
    const gradient = this.#ask('grad', (core, x) => core.grad(x));
    return gradient && this.runtime.wrap(gradient);
  }
  set grad(gradient: Tensor | null) {
    if (gradient !== null && !(gradient instanceof Tensor)) throw new AttnError('TYPE', 'grad', 'must be set to a tensor or to null');
    this.#ask('grad', (core, x) => core.setGrad(x, gradient && gradient.handle('grad', this.runtime)));
  }

  /**
   * Adds to the `grad` of every leaf that this came from its gradient of Σ this · gradient; without a gradient this must
   * hold one element. Frees what the operators kept for it, unless `retainGraph`.
   */
  backward(gradient?: TensorLike | null, options?: BackwardOptions): void {
    options = optionsOf('backward', options, ['retainGraph']);
    const retain = flag('backward', 'retainGraph', options.retainGraph ?? false);
    this.runtime.compound('backward', (core) =>
      core.backward(this.handle('backward'), gradient == null ? null : this.#argument('backward', gradient), retain));
  }

  /** The same elements, as if they had come from nowhere. */
  detach(): Tensor { return this.#new('detach', (core, x) => core.detach(x)); }

  #ask<T>(op: string, f: (core: RawCore, x: Handle) => T): T {
    return this.runtime.call(op, (core) => f(core, this.handle(op)));
  }
  #new(op: string, f: (core: RawCore, x: Handle) => Handle): Tensor {
    return this.runtime.wrap(this.#ask(op, f));
  }
  #argument(op: string, value: TensorLike, dtype: DType = 'float32'): Handle {
    return toTensor(this.runtime, op, value, dtype).handle(op, this.runtime);
  }
  #unary(op: string, f: Unary): Tensor { return this.#new(op, (core, x) => core.unary(UNARY.indexOf(f), x)); }
  #binary(f: Binary, other: TensorLike): Tensor {
    return this.#new(f, (core, x) => core.binary(BINARY.indexOf(f), x, this.#argument(f, other)));
  }
  #reduce(f: (typeof REDUCTIONS)[number], dim: number | undefined, options: { keepdim?: boolean } | undefined): Tensor {
    const keepdim = flag(f, 'keepdim', optionsOf(f, options, ['keepdim']).keepdim ?? false);
    const at = dim === undefined ? 0 : whole(f, 'dim', dim);
    return this.#new(f, (core, x) => core.reduce(REDUCTIONS.indexOf(f), x, at, dim === undefined, keepdim));
  }

  neg(): Tensor { return this.#unary('neg', 'neg'); }
  exp(): Tensor { return this.#unary('exp', 'exp'); }
  /** Natural logarithm. */
  log(): Tensor { return this.#unary('log', 'log'); }
  sqrt(): Tensor { return this.#unary('sqrt', 'sqrt'); }
  tanh(): Tensor { return this.#unary('tanh', 'tanh'); }
  /** 1 / (1 + exp(−x)) */
  sigmoid(): Tensor { return this.#unary('sigmoid', 'sigmoid'); }
  relu(): Tensor { return this.#unary('relu', 'relu'); }
  /**
   * x·Φ(x) (Hendrycks & Gimpel 2016, arXiv:1606.08415); `approximate` 'tanh': x/2·(1 + tanh(√(2/π)(x + 0.044715x³))), as
   * in GPT-2.
   */
  gelu(options?: GELUOptions): Tensor { return this.#unary('gelu', geluOf('gelu', options)); }
  /** x·σ(x) */
  silu(): Tensor { return this.#unary('silu', 'silu'); }

  /** Elementwise, with NumPy broadcasting, like the four that follow. */
  add(other: TensorLike): Tensor { return this.#binary('add', other); }
  sub(other: TensorLike): Tensor { return this.#binary('sub', other); }
  mul(other: TensorLike): Tensor { return this.#binary('mul', other); }
  div(other: TensorLike): Tensor { return this.#binary('div', other); }
  pow(exponent: TensorLike): Tensor { return this.#binary('pow', exponent); }

  /** Over one dimension, or over all where none is given. `max` gives the values alone, as torch's amax. */
  sum(dim?: number, options?: { keepdim?: boolean }): Tensor { return this.#reduce('sum', dim, options); }
  mean(dim?: number, options?: { keepdim?: boolean }): Tensor { return this.#reduce('mean', dim, options); }
  max(dim?: number, options?: { keepdim?: boolean }): Tensor { return this.#reduce('max', dim, options); }

  /** [...,M,K] · [...,K,N]; leading dimensions broadcast. */
  matmul(other: TensorLike): Tensor {
    return this.#new('matmul', (core, x) => core.matmul(x, this.#argument('matmul', other)));
  }
  transpose(dim0: number, dim1: number): Tensor {
    return this.#new('transpose', (core, x) =>
      core.transpose(x, whole('transpose', 'dim', dim0), whole('transpose', 'dim', dim1)));
  }
  permute(...dims: number[] | [number[]]): Tensor {
    const list = wholes('permute', 'dims', dims.flat());
    return this.#new('permute', (core, x) => core.permute(x, list));
  }
  /** One size may be −1: what is left. */
  reshape(...shape: number[] | [number[]]): Tensor {
    const list = wholes('reshape', 'shape', shape.flat());
    return this.#new('reshape', (core, x) => core.reshape(x, list));
  }
  /** Entries start…end−1 of a dimension; negative ones count from the end. */
  slice(dim: number, start: number, end?: number): Tensor {
    return this.#new('slice', (core, x) =>
      core.slice(x, whole('slice', 'dim', dim), whole('slice', 'start', start), whole('slice', 'end', end === undefined ? 2 ** 31 - 1 : end)));
  }
  /** The entries of the first dimension that `indices` names; x [N,...], indices [...] -> [...,...]. */
  index(indices: TensorLike): Tensor {
    return this.#new('index', (core, x) => core.index(x, this.#argument('index', indices, 'int32')));
  }
  /** `value` wherever mask is true, or not 0. */
  maskedFill(mask: TensorLike | Flags, value: number): Tensor {
    const op = 'maskedFill';
    return this.#new(op, (core, x) =>
      core.maskedFill(x, maskTensor(this.runtime, op, 'mask', mask).handle(op, this.runtime), number(op, 'value', value)));
  }
  /** exp(x − max) / Σ; a row of −Infinity gives zeros. */
  softmax(dim?: number): Tensor { return this.#new('softmax', (core, x) => core.softmax(x, whole('softmax', 'dim', dim === undefined ? -1 : dim))); }
  logSoftmax(dim?: number): Tensor {
    return this.#new('logSoftmax', (core, x) => core.logSoftmax(x, whole('logSoftmax', 'dim', dim === undefined ? -1 : dim)));
  }

  static { strictMethods(this); }
}
