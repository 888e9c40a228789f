import { Module } from './module.js';
import { checkNames, flag, number, optionsOf, whole } from './options.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';
import type { ProbeOptions, TensorLike } from './types.js';

export interface GRUOptions {
  inputSize: number;
  hiddenSize: number;
  /** Each above the first reads the outputs of the one below; 1 unless told. */
  numLayers?: number;
  bias?: boolean;
  batchFirst?: boolean;
  /** Between layers, while training; 0 unless told. */
  dropout?: number;
  bidirectional?: boolean;
}

/**
 * Gated recurrent units: r = σ(W_ir x + b_ir + W_hr h + b_hr), z likewise, n = tanh(W_in x + b_in + r ∘ (W_hn h + b_hn)),
 * h' = (1 − z) ∘ n + z ∘ h. Parameters are PyTorch's: `weight_ih_l0` [3H,I], `weight_hh_l0` [3H,H], `bias_ih_l0`,
 * `bias_hh_l0`, … Cho et al. 2014, arXiv:1406.1078, with the reset gate after the product, as in PyTorch.
 */
export class GRU extends Module {
  /** @internal */
  constructor(runtime: Runtime, options: GRUOptions) {
    const op = 'GRU';
    checkNames(op, options, ['inputSize', 'hiddenSize', 'numLayers', 'bias', 'batchFirst', 'dropout', 'bidirectional']);
    super(runtime, op, (core) => core.newGru(whole(op, 'inputSize', options.inputSize),
      whole(op, 'hiddenSize', options.hiddenSize), whole(op, 'numLayers', options.numLayers ?? 1),
      flag(op, 'bias', options.bias ?? true), flag(op, 'batchFirst', options.batchFirst ?? false),
      number(op, 'dropout', options.dropout ?? 0), flag(op, 'bidirectional', options.bidirectional ?? false)));
  }

  /**
   * x [T,B,I], or [B,T,I] where batchFirst, or [T,I] without a batch; h0 [layers·D,B,H], zeros unless given. Returns
   * [output, hn]: output laid out as x is, hn as h0; D directions. The probe sees "output_l0", "output_l0_reverse", …
   */
  forward(x: TensorLike, h0?: TensorLike | null, options?: ProbeOptions): [output: Tensor, hn: Tensor] {
    options = optionsOf('GRU', options, ['probe']);
    const [output, hn] = this.run((core, gru) =>
      core.gruForward(gru, this.argument(x, 'x'), h0 == null ? null : this.argument(h0, 'h0'), this.runtime.probe('GRU', options.probe)));
    return [this.runtime.wrap(output), this.runtime.wrap(hn)];
  }
}
