import * as layers from './layers.js';
import { toTensor } from './creation.js';
import { init } from './init.js';
import { Module } from './module.js';
import { AdditiveAttention, DynamicAttention, MultiheadAttention } from './multihead.js';
import { checkNames, number, optionsOf, whole } from './options.js';
import { LearnedPositions, SinusoidalPositions, type PositionsOptions } from './positions.js';
import { GRU } from './recurrent.js';
import type { Runtime } from './runtime.js';
import { bound, strictFunctions } from './strict.js';
import type { Tensor } from './tensor.js';
import * as transformer from './transformer.js';
import type { TensorLike } from './types.js';

export type NN = ReturnType<typeof nn>;

/** `attn.nn`: layers, each made with one object of PyTorch's argument names. */
export function nn(runtime: Runtime) {
  const Learned = bound(runtime, LearnedPositions);
  const functions = {
    /** A layer: x + weight[t] for row t of x [...,T,D], where the weight [N,D] learns. Gehring et al. 2017, arXiv:1705.03122. */
    learned: (options: PositionsOptions) => new Learned(options),

    /** Sinusoidal positional encoding [length, dim]: sin on even features, cos on odd (Vaswani et al. 2017). */
    sinusoidal(options: { length: number; dim: number }): Tensor {
      checkNames('sinusoidal', options, ['length', 'dim']);
      const [length, dim] = [whole('sinusoidal', 'length', options.length), whole('sinusoidal', 'dim', options.dim)];
      return runtime.wrap(runtime.call('sinusoidal', (core) => core.sinusoidal(length, dim)));
    },
    /**
     * Row p of x [...,T,D], which stands at position first + p, with the pairs (x_i, x_{i+D/2}) turned by the angle
     * (first + p) · base^(−2i/D): "rotate half", as in Llama. Su et al. 2021, arXiv:2104.09864.
     */
    rotary(x: TensorLike, options?: { first?: number; base?: number }): Tensor {
      const op = 'rotary';
      options = optionsOf(op, options, ['first', 'base']);
      return runtime.wrap(runtime.call(op, (core) => core.rotary(toTensor(runtime, op, x, 'float32', 'x').handle(op, runtime),
        whole(op, 'first', options.first ?? 0), number(op, 'base', options.base ?? 10000))));
    },
    /**
     * Biases of scores [H,T,S]: −slope_h · |distance|, the T queries being the last of the S positions.
     * Press et al. 2022, arXiv:2108.12409.
     */
    alibi(options: { numHeads: number; queries: number; keys: number }): Tensor {
      const op = 'alibi';
      checkNames(op, options, ['numHeads', 'queries', 'keys']);
      return runtime.wrap(runtime.call(op, (core) => core.alibi(whole(op, 'numHeads', options.numHeads),
        whole(op, 'queries', options.queries), whole(op, 'keys', options.keys))));
    },
  };
  return {
    Module,
    Linear: bound(runtime, layers.Linear),
    Embedding: bound(runtime, layers.Embedding),
    LayerNorm: bound(runtime, layers.LayerNorm),
    RMSNorm: bound(runtime, layers.RMSNorm),
    Dropout: bound(runtime, layers.Dropout),
    ReLU: bound(runtime, layers.ReLU),
    GELU: bound(runtime, layers.GELU),
    SiLU: bound(runtime, layers.SiLU),
    Tanh: bound(runtime, layers.Tanh),
    Sigmoid: bound(runtime, layers.Sigmoid),
    Sequential: bound(runtime, layers.Sequential),
    GRU: bound(runtime, GRU),
    MultiheadAttention: bound(runtime, MultiheadAttention),
    AdditiveAttention: bound(runtime, AdditiveAttention),
    DynamicAttention: bound(runtime, DynamicAttention),
    TransformerEncoderLayer: bound(runtime, transformer.TransformerEncoderLayer),
    TransformerDecoderLayer: bound(runtime, transformer.TransformerDecoderLayer),
    TransformerEncoder: bound(runtime, transformer.TransformerEncoder),
    TransformerDecoder: bound(runtime, transformer.TransformerDecoder),
    SinusoidalPositions: bound(runtime, SinusoidalPositions),
    init: init(runtime),
    ...strictFunctions(functions),
  };
}
