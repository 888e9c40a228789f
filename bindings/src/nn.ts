import * as layers from './layers.js';
import { Module } from './module.js';
import { checkNames, whole } from './options.js';
import { GRU } from './recurrent.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';

export type NN = ReturnType<typeof nn>;

/** `attn.nn`: layers, each made with one object of PyTorch's argument names. */
export function nn(runtime: Runtime) {
  return {
    Module,
    Linear: layers.Linear.bind(null, runtime),
    Embedding: layers.Embedding.bind(null, runtime),
    LayerNorm: layers.LayerNorm.bind(null, runtime),
    RMSNorm: layers.RMSNorm.bind(null, runtime),
    Dropout: layers.Dropout.bind(null, runtime),
    ReLU: layers.ReLU.bind(null, runtime),
    GELU: layers.GELU.bind(null, runtime),
    SiLU: layers.SiLU.bind(null, runtime),
    Tanh: layers.Tanh.bind(null, runtime),
    Sigmoid: layers.Sigmoid.bind(null, runtime),
    Sequential: layers.Sequential.bind(null, runtime),
    GRU: GRU.bind(null, runtime),

    /** Sinusoidal positional encoding [length, dim]: sin on even features, cos on odd (Vaswani et al. 2017). */
    sinusoidal(options: { length: number; dim: number }): Tensor {
      checkNames('sinusoidal', options, ['length', 'dim']);
      const [length, dim] = [whole('sinusoidal', 'length', options.length), whole('sinusoidal', 'dim', options.dim)];
      return runtime.wrap(runtime.call('sinusoidal', (core) => core.sinusoidal(length, dim)));
    },
  };
}
