import { Layer } from './module.js';
import { checkNames, optionsOf, whole } from './options.js';
import type { Handle, RawCore } from './raw.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';
import type { TensorLike } from './types.js';

export interface PositionsOptions {
  /** The longest sequence. */
  numPositions: number;
  embeddingDim: number;
}
abstract class Positions extends Layer {
  /** @internal */
  constructor(
    runtime: Runtime, op: string, options: PositionsOptions, make: (core: RawCore, rows: number, dim: number) => Handle,
  ) {
    checkNames(op, options, ['numPositions', 'embeddingDim']);
    super(runtime, op, (core) =>
      make(core, whole(op, 'numPositions', options.numPositions), whole(op, 'embeddingDim', options.embeddingDim)));
  }

  /** `first` is the position of the first row; 0 unless told. */
  override forward(x: TensorLike, options?: { first?: number }): Tensor {
    options = optionsOf(this.op, options, ['first']);
    return this.runtime.wrap(this.run((core, module) =>
      core.positionsForward(module, this.argument(x, 'x'), whole(this.op, 'first', options.first ?? 0))));
  }
}
/**
 * x + weight[first + t] for row t of x [...,T,D]; weight [N,D], standard normal at first.
 * Gehring et al. 2017, arXiv:1705.03122.
 */
export class LearnedPositions extends Positions {
  /** @internal */
  constructor(runtime: Runtime, options: PositionsOptions) {
    super(runtime, 'LearnedPositions', options, (core, rows, dim) => core.newLearnedPositions(rows, dim));
  }
  get weight(): Tensor { return this.parameter('weight')!; }
}
/** The same with sines and cosines for a weight, which does not learn. Vaswani et al. 2017, arXiv:1706.03762, section 3.5. */
export class SinusoidalPositions extends Positions {
  /** @internal */
  constructor(runtime: Runtime, options: PositionsOptions) {
    super(runtime, 'SinusoidalPositions', options, (core, rows, dim) => core.newSinusoidalPositions(rows, dim));
  }
}
