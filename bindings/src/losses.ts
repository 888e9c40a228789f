import { optional } from './attention.js';
import { toTensor } from './creation.js';
import { LOSS_REDUCTIONS } from './enums.js';
import { AttnError } from './error.js';
import { shapeOf } from './nested.js';
import { flag, number, oneOf, optionsOf, whole } from './options.js';
import type { Handle, RawCore } from './raw.js';
import type { Runtime } from './runtime.js';
import { Tensor } from './tensor.js';
import type { TensorLike } from './types.js';

/** What becomes of the losses of a batch; 'mean' unless told. */
export type Reduction = (typeof LOSS_REDUCTIONS)[number];

export interface LossOptions {
  reduction?: Reduction;
}
export interface CrossEntropyOptions extends LossOptions {
  /** [C]: a factor for each class; 'mean' divides by the rows' own. */
  weight?: TensorLike;
  /** Rows with this class count for nothing; −100 unless told. */
  ignoreIndex?: number;
  /** From 0 to 1: the share of the target that goes to all classes alike (Szegedy et al. 2016, arXiv:1512.00567). */
  labelSmoothing?: number;
}
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Broadcasts to the logits; scales each loss. */
  weight?: TensorLike;
  /** Broadcasts to the logits; scales what a target of 1 contributes. */
  posWeight?: TensorLike;
}
export interface DropoutOptions {
  /** The chance of each element to become 0; 0.5 unless told. */
  p?: number;
  /** False leaves everything as it is; true unless told. */
  training?: boolean;
}
export interface EmbeddingLookupOptions {
  /** A row that gets no gradient. */
  paddingIdx?: number;
}

/** The part of `attn.F` that training needs. */
export function losses(runtime: Runtime) {
  const make = (op: string, f: (core: RawCore) => Handle): Tensor => runtime.wrap(runtime.compound(op, f));
  const handle = (op: string, x: TensorLike, what: string): Handle =>
    toTensor(runtime, op, x, 'float32', what).handle(op, runtime);
  const reductionOf = (op: string, options: LossOptions) => oneOf(op, 'reduction', options.reduction ?? 'mean', LOSS_REDUCTIONS);
  /** Numbers that lie as deep as the logits are probabilities, others classes. */
  const classTarget = (op: string, target: TensorLike, logits: Tensor): Handle => {
    const probabilities = !(target instanceof Tensor) && shapeOf(op, target, 'target').length === logits.shape.length;
    return toTensor(runtime, op, target, probabilities ? 'float32' : 'int32', 'target').handle(op, runtime);
  };
  return {
    /**
     * −Σ_c target_c weight_c log softmax(logits)_c for each row. logits [C], [N,C] or [N,C,d...]; target: classes, int32 or
     * whole numbers, [], [N] or [N,d...], or probabilities of logits' shape. Fused: the log-softmax is never in memory.
     */
    crossEntropy(logits: TensorLike, target: TensorLike, options?: CrossEntropyOptions): Tensor {
      const op = 'crossEntropy';
      options = optionsOf(op, options, ['weight', 'ignoreIndex', 'labelSmoothing', 'reduction']);
      return make(op, (core) => {
        const x = toTensor(runtime, op, logits, 'float32', 'logits');
        return core.crossEntropy(x.handle(op, runtime), classTarget(op, target, x), optional(runtime, op, options.weight),
          whole(op, 'ignoreIndex', options.ignoreIndex ?? -100),
          number(op, 'labelSmoothing', options.labelSmoothing ?? 0), reductionOf(op, options));
      });
    },
    /** −(posWeight · t · log σ(x) + (1 − t) · log(1 − σ(x))) · weight, elementwise, without overflow; shapes must be equal. */
    binaryCrossEntropyWithLogits(logits: TensorLike, target: TensorLike, options?: BinaryCrossEntropyOptions): Tensor {
      const op = 'binaryCrossEntropyWithLogits';
      options = optionsOf(op, options, ['weight', 'posWeight', 'reduction']);
      return make(op, (core) =>
        core.binaryCrossEntropyWithLogits(handle(op, logits, 'logits'), handle(op, target, 'target'),
          optional(runtime, op, options.weight), optional(runtime, op, options.posWeight), reductionOf(op, options)));
    },
    /** (input − target)², elementwise; shapes must be equal. */
    mseLoss(input: TensorLike, target: TensorLike, options?: LossOptions): Tensor {
      const op = 'mseLoss';
      options = optionsOf(op, options, ['reduction']);
      return make(op, (core) =>
        core.mseLoss(handle(op, input, 'input'), handle(op, target, 'target'), reductionOf(op, options)));
    },
    /**
     * x / (1 − p), but 0 with a chance of p, drawn anew by each call; `manualSeed` repeats it.
     * Srivastava et al. 2014, JMLR 15.
     */
    dropout(x: TensorLike, options?: DropoutOptions): Tensor {
      const op = 'dropout';
      options = optionsOf(op, options, ['p', 'training']);
      const p = number(op, 'p', options.p ?? 0.5);
      const training = flag(op, 'training', options.training ?? true);
      if (!(p >= 0 && p <= 1)) throw new AttnError('RANGE', op, `p must be from 0 to 1, got ${p}`);
      return make(op, (core) => core.dropout(handle(op, x, 'x'), training ? p : 0));
    },
    /** The rows of weight [N,D] that whole numbers, `indices` [...], name: [...,D]. */
    embedding(indices: TensorLike, weight: TensorLike, options?: EmbeddingLookupOptions): Tensor {
      const op = 'embedding';
      options = optionsOf(op, options, ['paddingIdx']);
      return make(op, (core) =>
        core.embedding(toTensor(runtime, op, indices, 'int32', 'indices').handle(op, runtime), handle(op, weight, 'weight'),
          options.paddingIdx == null ? NaN : whole(op, 'paddingIdx', options.paddingIdx)));
    },
  };
}
