/** The same inputs under several settings, in the worker; a setting that the core refuses leaves the others alone. */
import type { Attn } from 'attention-playground';
import { problemOf } from '../../../engine/core.js';
import type { Problem } from '../../../engine/protocol.js';
import type { Matrix } from '../../../numbers.js';
import attend, { type LabRequest } from '../equation/worker.js';

export interface CompareRequest {
  pictures: { settings: LabRequest; /** From 0. */ head: number }[];
  /** Which of them the others are compared with. */
  reference: number;
}

export interface Compared {
  weights: Matrix;
  entropy: number[];
  /** Weights less those of the reference; none where that was refused. */
  difference?: Matrix;
}

export default function run(attn: Attn, { pictures, reference }: CompareRequest): (Compared | Problem)[] {
  const all = pictures.map(({ settings, head }): Compared | Problem => {
    try {
      const { weights, entropy } = attend(attn, settings);
      return { weights: weights[head]!, entropy: entropy[head]! };
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === 'INTERNAL') throw error;
      return problem;
    }
  });
  const base = all[reference]!;
  if ('code' in base) return all;
  return all.map((each) => ('code' in each ? each
    : attn.scope(() => ({ ...each, difference: attn.tensor(each.weights).sub(base.weights).toArray() as Matrix }))));
}
