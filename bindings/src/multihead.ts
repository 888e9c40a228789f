import { maskHandle as handleOf } from './masks.js';
import { Module } from './module.js';
import { checkNames, flag, number, optionsOf, whole } from './options.js';
import type { Handle, RawCore, RawMultiheadOptions } from './raw.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';
import type { Flags, ProbeOptions, TensorLike } from './types.js';

/**
 * What a query may not attend to. Booleans, arrays of integers, or an int32 tensor: true, or non-zero, forbids. Numbers, or a
 * float32 tensor, are added to the scaled scores.
 */
export type LayerMask = TensorLike | Flags;

export const maskHandle = (runtime: Runtime, op: string, what: string, mask: LayerMask | null | undefined): Handle | null =>
  handleOf(runtime, op, what, mask, 'may not be attended to');

export interface MultiheadAttentionOptions {
  embedDim: number;
  numHeads: number;
  /** Of the weights, while training; 0 unless told. */
  dropout?: number;
  bias?: boolean;
  /** One more key and value, learned, behind the others. */
  addBiasKv?: boolean;
  /** One more key and value of zeros, behind these. */
  addZeroAttn?: boolean;
  kdim?: number;
  vdim?: number;
  batchFirst?: boolean;
  /** A divisor of numHeads: Ainslie et al. 2023, arXiv:2305.13245. */
  numKvHeads?: number;
  /** Turns queries and keys by their positions: Su et al. 2021, arXiv:2104.09864. */
  rotary?: boolean;
  /** Lowers scores by distance: Press et al. 2022, arXiv:2108.12409. */
  alibi?: boolean;
}
export interface MultiheadAttentionCall extends ProbeOptions {
  /** [B,S], or [S] without a batch. */
  keyPaddingMask?: LayerMask | null;
  /** [T,S] or [B·H,T,S] */
  attnMask?: LayerMask | null;
  /** Without weights the fused path runs; true unless told. */
  needWeights?: boolean;
  /** Over the heads; true unless told. */
  averageAttnWeights?: boolean;
  isCausal?: boolean;
}

function rawOptions(op: string, options: MultiheadAttentionOptions): RawMultiheadOptions {
  checkNames(op, options, ['embedDim', 'numHeads', 'dropout', 'bias', 'addBiasKv', 'addZeroAttn', 'kdim', 'vdim', 'batchFirst',
    'numKvHeads', 'rotary', 'alibi']);
  const optional = (name: 'kdim' | 'vdim' | 'numKvHeads') => (options[name] == null ? NaN : whole(op, name, options[name]));
  const isOn = (name: 'bias' | 'addBiasKv' | 'addZeroAttn' | 'batchFirst' | 'rotary' | 'alibi', usual = false) =>
    flag(op, name, options[name] ?? usual);
  return {
    embedDim: whole(op, 'embedDim', options.embedDim),
    numHeads: whole(op, 'numHeads', options.numHeads),
    dropout: number(op, 'dropout', options.dropout ?? 0),
    bias: isOn('bias', true), addBiasKv: isOn('addBiasKv'), addZeroAttn: isOn('addZeroAttn'),
    kdim: optional('kdim'), vdim: optional('vdim'), batchFirst: isOn('batchFirst'), numKvHeads: optional('numKvHeads'),
    rotary: isOn('rotary'), alibi: isOn('alibi'),
  };
}

abstract class Multihead extends Module {
  /** @internal */
  constructor(
    runtime: Runtime, op: string, options: MultiheadAttentionOptions, make: (core: RawCore, raw: RawMultiheadOptions) => Handle,
  ) {
    const raw = rawOptions(op, options);
    super(runtime, op, (core) => make(core, raw));
  }

  /**
   * [output, weights]: output as query; weights [B,T,S], or [B,H,T,S] not averaged, null unless needed. The probe sees "q",
   * "k", "v", "scores", "scaled", "masked", "weights" [B,H,T,S], "z" and "out"; each but "z" follows from those before it,
   * and so does "z" once one of them was replaced. Where nothing was, nor weights are needed, the fused path makes it.
   */
  forward(
    query: TensorLike, key: TensorLike, value: TensorLike, options?: MultiheadAttentionCall,
  ): [output: Tensor, weights: Tensor | null] {
    const { op } = this;
    options = optionsOf(op, options, ['keyPaddingMask', 'attnMask', 'needWeights', 'averageAttnWeights', 'isCausal', 'probe']);
    const [output, weights] = this.run((core, module) =>
      core.multiheadForward(module, this.argument(query, 'query'), this.argument(key, 'key'), this.argument(value, 'value'),
        maskHandle(this.runtime, op, 'keyPaddingMask', options.keyPaddingMask), maskHandle(this.runtime, op, 'attnMask', options.attnMask),
        flag(op, 'needWeights', options.needWeights ?? true), flag(op, 'averageAttnWeights', options.averageAttnWeights ?? true),
        flag(op, 'isCausal', options.isCausal ?? false), this.runtime.probe(op, options.probe)));
    return [this.runtime.wrap(output), weights && this.runtime.wrap(weights)];
  }
}

/**
 * concat_h(softmax(q_h k_hᵀ / √D + mask) v_h) · W_oᵀ + b_o, with q = query · W_qᵀ + b_q and so forth. query [T,B,E], key
 * [S,B,kdim], value [S,B,vdim]; batch first with batchFirst; without the B, unbatched. Parameters and their names are
 * PyTorch's: `in_proj_weight`, `in_proj_bias`, `out_proj.weight`, … A fully masked row has zero weights (PyTorch: NaN), and a
 * masked key contributes nothing, whatever it and its value hold. Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.
 */
export class MultiheadAttention extends Multihead {
  /** @internal */
  constructor(runtime: Runtime, options: MultiheadAttentionOptions) {
    super(runtime, 'MultiheadAttention', options, (core, raw) => core.newMultiheadAttention(raw));
  }
}

/**
 * Multi-head attention that adapts to its input: each query sets, for each head, the temperature τ = 1/64 + softplus(W_τ x +
 * b_τ) that its scores are divided by, and a gate σ(W_g x + b_g) on each feature of what it found. The probe also sees
 * "temperatures" and "gates". Lin et al. 2018, arXiv:1808.07374; Qiu et al. 2025, arXiv:2505.06708.
 */
export class DynamicAttention extends Multihead {
  /** @internal */
  constructor(runtime: Runtime, options: MultiheadAttentionOptions) {
    super(runtime, 'DynamicAttention', options, (core, raw) => core.newDynamicAttention(raw));
  }
}

export interface AdditiveAttentionOptions {
  queryDim: number;
  keyDim: number;
  attentionDim: number;
}
export interface AdditiveAttentionCall extends ProbeOptions {
  /** [B,S], or [S] without a batch. */
  keyPaddingMask?: LayerMask | null;
}
/**
 * Σ_s weights_s value_s, weights = softmax_s(vᵀ tanh(W_q q + W_k k_s)). query [B,T,Dq], key [B,S,Dk], value [B,S,Dv], or all
 * without the B. Bahdanau et al. 2015, arXiv:1409.0473, A.1.2.
 */
export class AdditiveAttention extends Module {
  /** @internal */
  constructor(runtime: Runtime, options: AdditiveAttentionOptions) {
    const op = 'AdditiveAttention';
    checkNames(op, options, ['queryDim', 'keyDim', 'attentionDim']);
    super(runtime, op, (core) => core.newAdditiveAttention(whole(op, 'queryDim', options.queryDim), whole(op, 'keyDim', options.keyDim),
      whole(op, 'attentionDim', options.attentionDim)));
  }

  /** [output [B,T,Dv], weights [B,T,S]]. The probe sees "scores", "masked", "weights" and "z". */
  forward(
    query: TensorLike, key: TensorLike, value: TensorLike, options?: AdditiveAttentionCall,
  ): [output: Tensor, weights: Tensor] {
    const op = 'AdditiveAttention';
    options = optionsOf(op, options, ['keyPaddingMask', 'probe']);
    const [output, weights] = this.run((core, module) =>
      core.additiveForward(module, this.argument(query, 'query'), this.argument(key, 'key'), this.argument(value, 'value'),
        maskHandle(this.runtime, op, 'keyPaddingMask', options.keyPaddingMask), this.runtime.probe(op, options.probe)));
    return [this.runtime.wrap(output), this.runtime.wrap(weights!)];
  }
}
