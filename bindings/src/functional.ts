import { NO_MASK, optional, rawMask, scaleOrOwn, threeHandles } from './attention.js';
import { toTensor } from './creation.js';
import { losses } from './losses.js';
import { maskHandle } from './masks.js';
import { checkNames, flag, number, optionsOf, whole } from './options.js';
import type { Handle, RawCore } from './raw.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';
import type {
  Conv1dOptions, GELUOptions, MultiHeadAttentionOptions, NormOptions, ScaledDotProductAttentionOptions, TensorLike,
} from './types.js';

export type Functional = ReturnType<typeof functional>;

/** `attn.F`: functions of tensors, named as in torch.nn.functional. */
export function functional(runtime: Runtime) {
  const handle = (op: string, x: TensorLike): Handle => toTensor(runtime, op, x).handle(op, runtime);
  const make = (op: string, f: (core: RawCore) => Handle): Tensor => runtime.wrap(runtime.call(op, f));
  const method = (op: string, x: TensorLike, f: (x: Tensor) => Tensor) => runtime.call(op, () => f(toTensor(runtime, op, x)));
  return {
    ...losses(runtime),

    /** exp(x − max) / Σ exp(x − max) along dim; a row of −Infinity gives zeros. */
    softmax: (x: TensorLike, dim?: number) => method('softmax', x, (t) => t.softmax(dim)),
    logSoftmax: (x: TensorLike, dim?: number) => method('logSoftmax', x, (t) => t.logSoftmax(dim)),
    relu: (x: TensorLike) => method('relu', x, (t) => t.relu()),
    /** x·Φ(x), or its `approximate` form; see `Tensor.gelu`. */
    gelu: (x: TensorLike, options?: GELUOptions) => method('gelu', x, (t) => t.gelu(options)),
    silu: (x: TensorLike) => method('silu', x, (t) => t.silu()),

    /** x [...,I] · weightᵀ + bias; weight [O,I], bias [O]. */
    linear: (x: TensorLike, weight: TensorLike, bias?: TensorLike | null) =>
      make('linear', (core) =>
        core.linear(handle('linear', x), handle('linear', weight), optional(runtime, 'linear', bias))),

    /** (x − mean) / √(var + eps) · weight + bias over the last dimension. Ba et al. 2016, arXiv:1607.06450. */
    layerNorm(x: TensorLike, options?: NormOptions): Tensor {
      const op = 'layerNorm';
      options = optionsOf(op, options, ['weight', 'bias', 'eps']);
      return make(op, (core) => core.layerNorm(handle(op, x), optional(runtime, op, options.weight),
        optional(runtime, op, options.bias), number(op, 'eps', options.eps ?? 1e-5)));
    },
    /** x / √(mean x² + eps) · weight over the last dimension. Zhang & Sennrich 2019, arXiv:1910.07467. */
    rmsNorm(x: TensorLike, options?: Omit<NormOptions, 'bias'>): Tensor {
      const op = 'rmsNorm';
      options = optionsOf(op, options, ['weight', 'eps']);
      return make(op, (core) => core.rmsNorm(handle(op, x), optional(runtime, op, options.weight),
        number(op, 'eps', options.eps ?? 1e-6)));
    },

    /** Entropy −Σ w ln w of each row of weights [...,S] -> [...], in nats. 0 where one key has all, ln S at most. */
    entropy: (weights: TensorLike) => make('entropy', (core) => core.entropy(handle('entropy', weights))),

    /** input [N,Cin,L], weight [Cout,Cin,K] -> [N,Cout,(L + 2·padding − K)/stride + 1], as torch's conv1d, with the bias among the options. */
    conv1d(input: TensorLike, weight: TensorLike, options?: Conv1dOptions): Tensor {
      const op = 'conv1d';
      options = optionsOf(op, options, ['bias', 'stride', 'padding']);
      return make(op, (core) =>
        core.conv1d(handle(op, input), handle(op, weight), optional(runtime, op, options.bias),
          whole(op, 'stride', options.stride ?? 1), whole(op, 'padding', options.padding ?? 0)));
    },

    /**
     * softmax(scale · q kᵀ + mask) v, fused: no T×S matrix is ever held. query [...,T,D], key [...,S,D],
     * value [...,S,Dv] -> [...,T,Dv]; a fully masked row gives zeros. Dao et al. 2022, arXiv:2205.14135.
     */
    scaledDotProductAttention(
      query: TensorLike, key: TensorLike, value: TensorLike, options?: ScaledDotProductAttentionOptions,
    ): Tensor {
      const op = 'scaledDotProductAttention';
      options = optionsOf(op, options, ['attnMask', 'isCausal', 'scale', 'enableGqa']);
      const causal = flag(op, 'isCausal', options.isCausal ?? false);
      return make(op, (core) =>
        core.scaledDotProductAttention(...threeHandles(runtime, op, query, key, value),
          { ...NO_MASK, causal, additive: maskHandle(runtime, op, 'attnMask', options.attnMask, 'may be attended to') },
          scaleOrOwn(op, options.scale), flag(op, 'enableGqa', options.enableGqa ?? false)));
    },

    /**
     * Multi-head attention with projections: W_o · concat_h(attend(W_q q, W_k k, W_v v)_h) + b_o, of query [T,E] or
     * [B,T,E]. Returns [output, weights], the weights of every head [...,H,T,S]: batch first and not averaged, unlike
     * torch's function of that name. Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.
     */
    multiHeadAttentionForward(
      query: TensorLike, key: TensorLike, value: TensorLike, options: MultiHeadAttentionOptions,
    ): [Tensor, Tensor] {
      const op = 'multiHeadAttentionForward';
      checkNames(op, options, ['numHeads', 'inProjWeight', 'inProjBias', 'outProjWeight', 'outProjBias', 'mask']);
      const out = runtime.call(op, (core) =>
        core.multiHeadAttention(...threeHandles(runtime, op, query, key, value),
          whole(op, 'numHeads', options.numHeads), handle(op, options.inProjWeight),
          optional(runtime, op, options.inProjBias), handle(op, options.outProjWeight),
          optional(runtime, op, options.outProjBias), rawMask(runtime, op, options.mask)));
      return [runtime.wrap(out[0]), runtime.wrap(out[1])];
    },
  };
}
