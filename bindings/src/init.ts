import { FANS, NONLINEARITIES } from './enums.js';
import { AttnError } from './error.js';
import { number, oneOf, optionsOf, shown } from './options.js';
import type { Handle, RawCore } from './raw.js';
import type { Runtime } from './runtime.js';
import { strictFunctions } from './strict.js';
import { Tensor } from './tensor.js';

export type Nonlinearity = (typeof NONLINEARITIES)[number];
export interface UniformOptions {
  /** 0 unless told. */
  a?: number;
  /** 1 unless told. */
  b?: number;
}
export interface NormalOptions {
  /** 0 unless told. */
  mean?: number;
  /** 1 unless told. */
  std?: number;
}
export interface TruncNormalOptions extends NormalOptions {
  /** −2 unless told. */
  a?: number;
  /** 2 unless told. */
  b?: number;
}
export interface GainOptions {
  /** 1 unless told. */
  gain?: number;
}
export interface KaimingOptions {
  /** leakyRelu's slope below zero; 0 unless told. */
  a?: number;
  /** Whether the size of what comes in is kept, or of what goes back; 'fanIn' unless told. */
  mode?: (typeof FANS)[number];
  /** What follows; 'leakyRelu' unless told. */
  nonlinearity?: Nonlinearity;
}

/**
 * `attn.nn.init`: first values, by the names of torch.nn.init. Each writes over all of a float32 leaf, a parameter or, under
 * `noGrad`, a slice of one, and returns it; what is random comes from `manualSeed`. A weight [O,I,…] has fanIn I·… and
 * fanOut O·…. Throws TYPE for another tensor, SHAPE for fewer dimensions than a function needs, RANGE for impossible numbers.
 */
export function init(runtime: Runtime) {
  const change = (op: string, x: Tensor, f: (core: RawCore, x: Handle) => void): Tensor => {
    if (!(x instanceof Tensor)) throw new AttnError('TYPE', op, `x must be a tensor, got ${shown(x)}`);
    runtime.call(op, (core) => f(core, x.handle(op, runtime)));
    return x;
  };
  const gained = (op: string, x: Tensor, options: GainOptions | undefined, f: (core: RawCore, x: Handle, gain: number) => void) => {
    const gain = number(op, 'gain', optionsOf(op, options, ['gain']).gain ?? 1);
    return change(op, x, (core, handle) => f(core, handle, gain));
  };
  const kaiming = (op: string, x: Tensor, options: KaimingOptions | undefined, isNormal: boolean) => {
    const { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu' } = optionsOf(op, options, ['a', 'mode', 'nonlinearity']);
    const slope = number(op, 'a', a), fan = oneOf(op, 'mode', mode, FANS);
    const next = oneOf(op, 'nonlinearity', nonlinearity, NONLINEARITIES);
    return change(op, x, (core, handle) => core.initKaiming(handle, slope, fan, next, isNormal));
  };
  return strictFunctions({
    /** Uniform on [a, b). */
    uniform(x: Tensor, options?: UniformOptions): Tensor {
      const { a = 0, b = 1 } = optionsOf('uniform', options, ['a', 'b']);
      return change('uniform', x, (core, handle) => core.initUniform(handle, number('uniform', 'a', a), number('uniform', 'b', b)));
    },
    /** mean + std · n, n standard normal. */
    normal(x: Tensor, options?: NormalOptions): Tensor {
      const { mean = 0, std = 1 } = optionsOf('normal', options, ['mean', 'std']);
      return change('normal', x, (core, handle) => core.initNormal(handle, number('normal', 'mean', mean), number('normal', 'std', std)));
    },
    /** The same within [a, b], which must come within two deviations of the mean. */
    truncNormal(x: Tensor, options?: TruncNormalOptions): Tensor {
      const op = 'truncNormal';
      const { mean = 0, std = 1, a = -2, b = 2 } = optionsOf(op, options, ['mean', 'std', 'a', 'b']);
      return change(op, x, (core, handle) =>
        core.initTruncNormal(handle, number(op, 'mean', mean), number(op, 'std', std), number(op, 'a', a), number(op, 'b', b)));
    },
    constant: (x: Tensor, value: number) =>
      change('constant', x, (core, handle) => core.initConstant(handle, number('constant', 'value', value))),
    ones: (x: Tensor) => change('ones', x, (core, handle) => core.initConstant(handle, 1)),
    zeros: (x: Tensor) => change('zeros', x, (core, handle) => core.initConstant(handle, 0)),
    /** Ones on the diagonal of a matrix [N,M], zeros elsewhere. */
    eye: (x: Tensor) => change('eye', x, (core, handle) => core.initEye(handle)),
    /** Uniform within ±gain · √(6 / (fanIn + fanOut)). Glorot & Bengio 2010. */
    xavierUniform: (x: Tensor, options?: GainOptions) =>
      gained('xavierUniform', x, options, (core, handle, gain) => core.initXavier(handle, gain, false)),
    /** Normal with deviation gain · √(2 / (fanIn + fanOut)). */
    xavierNormal: (x: Tensor, options?: GainOptions) =>
      gained('xavierNormal', x, options, (core, handle, gain) => core.initXavier(handle, gain, true)),
    /** Uniform within ±calculateGain(nonlinearity, a) · √(3 / fan). He et al. 2015, arXiv:1502.01852. */
    kaimingUniform: (x: Tensor, options?: KaimingOptions) => kaiming('kaimingUniform', x, options, false),
    /** Normal with deviation calculateGain(nonlinearity, a) / √fan. */
    kaimingNormal: (x: Tensor, options?: KaimingOptions) => kaiming('kaimingNormal', x, options, true),
    /** gain times rows at right angles, or columns, where x [O,I·…] has more rows than columns. Saxe et al. 2014, arXiv:1312.6120. */
    orthogonal: (x: Tensor, options?: GainOptions) =>
      gained('orthogonal', x, options, (core, handle, gain) => core.initOrthogonal(handle, gain)),
    /** What weights before a nonlinearity are multiplied by: 1, tanh 5/3, relu √2, leakyRelu √(2 / (1 + a²)), selu 3/4; a is 0.01 unless told. */
    calculateGain(nonlinearity: Nonlinearity, a?: number): number {
      const op = 'calculateGain';
      const which = oneOf(op, 'nonlinearity', nonlinearity, NONLINEARITIES), slope = number(op, 'a', a === undefined ? 0.01 : a);
      return runtime.call(op, (core) => core.gain(which, slope));
    },
  });
}
