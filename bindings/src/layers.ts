import { UNARY, type Unary } from './enums.js';
import { AttnError } from './error.js';
import { Layer } from './module.js';
import { checkNames, flag, number, optionsOf, shown, whole } from './options.js';
import type { Runtime } from './runtime.js';
import { geluOf, type Tensor } from './tensor.js';
import type { GELUOptions } from './types.js';

export interface LinearOptions {
  inFeatures: number;
  outFeatures: number;
  bias?: boolean;
}
/** x · weightᵀ + bias; x [...,I], weight [O,I], bias [O], both uniform within ±1/√I at first. */
export class Linear extends Layer {
  /** @internal */
  constructor(runtime: Runtime, options: LinearOptions) {
    checkNames('Linear', options, ['inFeatures', 'outFeatures', 'bias']);
    super(runtime, 'Linear', (core) => core.newLinear(whole('Linear', 'inFeatures', options.inFeatures),
      whole('Linear', 'outFeatures', options.outFeatures), flag('Linear', 'bias', options.bias ?? true)));
  }
  get weight(): Tensor { return this.parameter('weight')!; }
  get bias(): Tensor | null { return this.parameter('bias'); }
}

export interface EmbeddingOptions {
  numEmbeddings: number;
  embeddingDim: number;
  /** A row that is zero at first and never learns; negative counts from the end. */
  paddingIdx?: number;
}
/** The rows of weight [N,D] that whole numbers [...] name: [...,D]. Standard normal at first. */
export class Embedding extends Layer {
  /** @internal */
  constructor(runtime: Runtime, options: EmbeddingOptions) {
    checkNames('Embedding', options, ['numEmbeddings', 'embeddingDim', 'paddingIdx']);
    const padding = options.paddingIdx == null ? NaN : whole('Embedding', 'paddingIdx', options.paddingIdx);
    super(runtime, 'Embedding', (core) => core.newEmbedding(whole('Embedding', 'numEmbeddings', options.numEmbeddings),
      whole('Embedding', 'embeddingDim', options.embeddingDim), padding), 'int32');
  }
  get weight(): Tensor { return this.parameter('weight')!; }
}

export interface RMSNormOptions {
  /** The last dimension's size. */
  normalizedShape: number;
  /** 1e-6 unless told. */
  eps?: number;
  /** Whether there is a weight; true unless told. */
  elementwiseAffine?: boolean;
}
/** x / √(mean x² + eps) · weight over the last dimension. Zhang & Sennrich 2019, arXiv:1910.07467. */
export class RMSNorm extends Layer {
  /** @internal */
  constructor(runtime: Runtime, options: RMSNormOptions) {
    const op = 'RMSNorm';
    checkNames(op, options, ['normalizedShape', 'eps', 'elementwiseAffine']);
    super(runtime, op, (core) => core.newRmsNorm(whole(op, 'normalizedShape', options.normalizedShape),
      number(op, 'eps', options.eps ?? 1e-6), flag(op, 'elementwiseAffine', options.elementwiseAffine ?? true)));
  }
  get weight(): Tensor | null { return this.parameter('weight'); }
}

export interface LayerNormOptions {
  /** The last dimension's size. */
  normalizedShape: number;
  /** 1e-5 unless told. */
  eps?: number;
  /** Whether there are a weight and a bias; true unless told. */
  elementwiseAffine?: boolean;
  bias?: boolean;
}
/** (x − mean) / √(var + eps) · weight + bias over the last dimension. Ba et al. 2016, arXiv:1607.06450. */
export class LayerNorm extends Layer {
  /** @internal */
  constructor(runtime: Runtime, options: LayerNormOptions) {
    const op = 'LayerNorm';
    checkNames(op, options, ['normalizedShape', 'eps', 'elementwiseAffine', 'bias']);
    super(runtime, op, (core) => core.newLayerNorm(whole(op, 'normalizedShape', options.normalizedShape),
      number(op, 'eps', options.eps ?? 1e-5), flag(op, 'elementwiseAffine', options.elementwiseAffine ?? true),
      flag(op, 'bias', options.bias ?? true)));
  }
  get weight(): Tensor | null { return this.parameter('weight'); }
  get bias(): Tensor | null { return this.parameter('bias'); }
}

/** `F.dropout` while training, nothing else. p is 0.5 unless told. Srivastava et al. 2014, JMLR 15. */
export class Dropout extends Layer {
  /** @internal */
  constructor(runtime: Runtime, options?: { p?: number }) {
    options = optionsOf('Dropout', options, ['p']);
    super(runtime, 'Dropout', (core) => core.newDropout(number('Dropout', 'p', options.p ?? 0.5)));
  }
}

abstract class Activation extends Layer {
  /** @internal */
  constructor(runtime: Runtime, name: string, f: Unary) {
    super(runtime, name, (core) => core.newActivation(UNARY.indexOf(f)));
  }
}
/** max(x, 0) */
export class ReLU extends Activation {
  /** @internal */
  constructor(runtime: Runtime) { super(runtime, 'ReLU', 'relu'); }
}
/** x·Φ(x), or its `approximate` form; see `Tensor.gelu`. Hendrycks & Gimpel 2016, arXiv:1606.08415. */
export class GELU extends Activation {
  /** @internal */
  constructor(runtime: Runtime, options?: GELUOptions) { super(runtime, 'GELU', geluOf('GELU', options)); }
}
/** x·σ(x) */
export class SiLU extends Activation {
  /** @internal */
  constructor(runtime: Runtime) { super(runtime, 'SiLU', 'silu'); }
}
export class Tanh extends Activation {
  /** @internal */
  constructor(runtime: Runtime) { super(runtime, 'Tanh', 'tanh'); }
}
/** 1 / (1 + exp(−x)) */
export class Sigmoid extends Activation {
  /** @internal */
  constructor(runtime: Runtime) { super(runtime, 'Sigmoid', 'sigmoid'); }
}

/** One layer after the other; they are named "0", "1", …, and live on in it when they are disposed. */
export class Sequential extends Layer {
  /** @internal */
  constructor(runtime: Runtime, ...layers: Layer[]) {
    const op = 'Sequential';
    for (const layer of layers) {
      if (!(layer instanceof Layer)) throw new AttnError('TYPE', op, `expected layers of one tensor, got ${shown(layer)}`);
    }
    super(runtime, op, (core) => core.newSequential(layers.map((layer) => layer.handle(op, runtime))), layers[0]?.input);
  }
}
