/** One attention with the lab's settings, in the worker: every intermediate, one matrix per head. */
import type { Attn, Tensor } from 'attention-playground';
import { slices, type Matrix } from '../../../numbers.js';
import type { LabSettings } from '../state.js';
import { attendOptions } from './options.js';

export type LabRequest = LabSettings;

export interface LabResult {
  /** What went into the attention: typed in, or X times the three projections. */
  q: Matrix; k: Matrix; v: Matrix;
  /** One [T,S] for each head. */
  scores: Matrix[]; scaled: Matrix[]; masked: Matrix[]; weights: Matrix[];
  /** One number for each query of each head, in nats. */
  entropy: number[][];
  /** The heads side by side again. */
  output: Matrix;
}

export default function run(attn: Attn, r: LabRequest): LabResult {
  let result: LabResult;
  attn.scope(() => {
    const input = (own: Matrix, projection: Matrix) =>
      r.source === 'qkv' ? attn.tensor(own) : attn.tensor(r.x).matmul(attn.tensor(projection));
    const [q, k, v] = [input(r.q, r.wq), input(r.k, r.wk), input(r.v, r.wv)];
    const out = attn.attend(q, k, v, attendOptions(r));
    const matrix = (tensor: Tensor) => tensor.toArray() as Matrix;
    const perHead = (tensor: Tensor) => slices(matrix(tensor)).map((slice) => slice.matrix);
    const entropy = attn.F.entropy(out.weights).toArray() as number[] | number[][];
    result = {
      q: matrix(q), k: matrix(k), v: matrix(v),
      scores: perHead(out.scores), scaled: perHead(out.scaled), masked: perHead(out.masked),
      weights: perHead(out.weights),
      entropy: slices(entropy).map((slice) => slice.matrix).flatMap((m) => m),
      output: matrix(out.output),
    };
  });
  return result!;
}
