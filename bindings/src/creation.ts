import { AttnError } from './error.js';
import { flatten } from './nested.js';
import { flag, number, oneOf, optionsOf, seedOf, whole, wholes } from './options.js';
import type { Handle, RawCore } from './raw.js';
import type { Runtime } from './runtime.js';
import { Tensor } from './tensor.js';
import type { DType, Nested, TensorLike, TensorOptions, TypedArray } from './types.js';

const DTYPES = ['float32', 'int32'] as const;
const isInt32 = (op: string, dtype: DType = 'float32') => oneOf(op, 'dtype', dtype, DTYPES) === 1;

const FLOATS = ['requiresGrad'] as const;
const ANY = ['dtype', ...FLOATS] as const;
type FloatOptions = Pick<TensorOptions, 'requiresGrad'>;
type AnyOptions = Pick<TensorOptions, 'dtype' | 'requiresGrad'>;

function fromNumbers(
  runtime: Runtime, op: string, data: Nested | TypedArray, options: TensorOptions, what?: string,
): Handle {
  return runtime.call(op, (core) => copyIn(core, op, data, options, what));
}

function copyIn(core: RawCore, op: string, data: Nested | TypedArray, options: TensorOptions, what?: string): Handle {
  const dtype = options.dtype ?? 'float32';
  const int32 = isInt32(op, dtype);
  const { values, shape: found } = flatten(op, data, dtype, what);
  const shape = options.shape ? wholes(op, 'shape', options.shape) : found;
  if (shape.reduce((a, b) => a * b, 1) !== values.length || shape.some((size) => size < 0)) {
    throw new AttnError('SHAPE', op, `shape [${shape}] does not hold ${values.length} elements`, [shape, [values.length]]);
  }
  const fresh = core.empty(shape, int32);
  // Copied at once, before anything can grow the memory and detach the view. Addresses may be past 2^31.
  (int32 ? core.HEAP32 : core.HEAPF32).set(values, core.address(fresh) >>> 2);
  return fresh;
}

/** An operator's argument, `what`: a tensor as it is, numbers as one that lasts until the operator's end. */
export function toTensor(
  runtime: Runtime, op: string, value: TensorLike, dtype: DType = 'float32', what?: string,
): Tensor {
  if (!(value instanceof Tensor)) return runtime.temporary(fromNumbers(runtime, op, value, { dtype }, what));
  value.handle(op, runtime); // refuses one that is freed or of another load()
  return value;
}

export type Creation = ReturnType<typeof creation>;

/** The functions that make tensors. */
export function creation(runtime: Runtime) {
  const make = (op: string, f: (core: RawCore) => Handle) => runtime.wrap(runtime.call(op, f));
  const handles = (op: string, tensors: readonly TensorLike[]) => {
    if (!Array.isArray(tensors)) throw new AttnError('TYPE', op, 'expected an array of tensors');
    return tensors.map((tensor) => toTensor(runtime, op, tensor).handle(op, runtime));
  };
  /** The same with options; a leaf where its gradient is wanted. */
  const makeLeaf = (
    op: string, given: TensorOptions | undefined, names: readonly string[], f: (core: RawCore, int32: boolean) => Handle,
  ) => {
    const options = optionsOf(op, given, names);
    const int32 = isInt32(op, options.dtype);
    const wanted = flag(op, 'requiresGrad', options.requiresGrad ?? false);
    if (wanted && int32) throw new AttnError('TYPE', op, 'only tensors of float32 have gradients');
    const tensor = make(op, (core) => f(core, int32));
    if (wanted) tensor.requiresGrad = true;
    return tensor;
  };
  return {
    /** A tensor of nested numbers, a typed array, or a copy of a tensor. */
    tensor(data: TensorLike, given?: TensorOptions): Tensor {
      const names = ['shape', ...ANY];
      const options = optionsOf('tensor', given, names);
      if (!(data instanceof Tensor)) {
        return makeLeaf('tensor', options, names, (core) => copyIn(core, 'tensor', data, options));
      }
      const { shape = data.shape, dtype = data.dtype, requiresGrad = false } = options;
      return makeLeaf('tensor', { shape, dtype, requiresGrad }, names, (core) =>
        copyIn(core, 'tensor', data.data(), { shape, dtype }));
    },
    zeros: (shape: number[], options?: AnyOptions) =>
      makeLeaf('zeros', options, ANY, (core, int32) => core.zeros(wholes('zeros', 'shape', shape), int32)),
    ones: (shape: number[], options?: AnyOptions) =>
      makeLeaf('ones', options, ANY, (core, int32) => core.ones(wholes('ones', 'shape', shape), int32)),
    full: (shape: number[], value: number, options?: FloatOptions) =>
      makeLeaf('full', options, FLOATS, (core) => core.full(wholes('full', 'shape', shape), number('full', 'value', value))),
    /** [start, end) in steps; `arange(end)` starts at 0. */
    arange(start: number, end?: number, step?: number, options?: AnyOptions): Tensor {
      const [from, to] = end === undefined ? [0, start] : [start, end];
      return makeLeaf('arange', options, ANY, (core, int32) =>
        core.arange(number('arange', 'start', from), number('arange', 'end', to), number('arange', 'step', step === undefined ? 1 : step), int32));
    },
    eye: (n: number, options?: AnyOptions) =>
      makeLeaf('eye', options, ANY, (core, int32) => core.eye(whole('eye', 'n', n), int32)),
    /** Uniform on [0, 1). */
    rand: (shape: number[], options?: FloatOptions) =>
      makeLeaf('rand', options, FLOATS, (core) => core.rand(wholes('rand', 'shape', shape))),
    /** Standard normal. */
    randn: (shape: number[], options?: FloatOptions) =>
      makeLeaf('randn', options, FLOATS, (core) => core.randn(wholes('randn', 'shape', shape))),
    /** Starts rand and randn again from a whole number, 0 to 2^53 − 1. */
    manualSeed(seed: number): void {
      runtime.call('manualSeed', (core) => core.manualSeed(seedOf('manualSeed', seed)));
    },
    cat: (tensors: readonly TensorLike[], dim?: number) =>
      make('cat', (core) => core.cat(handles('cat', tensors), whole('cat', 'dim', dim === undefined ? 0 : dim))),
    stack: (tensors: readonly TensorLike[], dim?: number) =>
      make('stack', (core) => core.stack(handles('stack', tensors), whole('stack', 'dim', dim === undefined ? 0 : dim))),
  };
}
