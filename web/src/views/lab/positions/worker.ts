/** What positions look like, how alike they are, and what they do to the weights, in the worker. */
import type { Attn, Tensor } from 'attention-playground';
import type { Matrix } from '../../../numbers.js';
import attend, { type LabRequest } from '../equation/worker.js';
import type { Kind } from './state.js';

export interface PositionsRequest {
  kind: Kind;
  /** Features where the tokens are all alike; the lab's Q and K have their own. */
  length: number;
  dim: number;
  base: number;
  heads: number;
  /** From 0. */
  head: number;
  /** Where Q and K are the lab's. */
  lab?: LabRequest;
}

export interface PositionsResult {
  /** The positions themselves: a table [N,D], angles [N,D/2], biases [T,S]. */
  own?: Matrix;
  /** What they alone add to a score, before it is scaled: [T,S]. */
  alike: Matrix;
  /** Weights [T,S] of the same queries and keys. */
  without: Matrix;
  with: Matrix;
  /** −slope of each head. */
  slopes?: number[];
  /** Means over the pairs that are so far apart. */
  byDistance: Record<'alike' | 'without' | 'with', number[]>;
}

const matrix = (tensor: Tensor) => tensor.toArray() as Matrix;
const filled = (rows: number, columns: number, x: number) => Array.from({ length: rows }, () => new Array<number>(columns).fill(x));

function meansByDistance(values: Matrix): number[] {
  const [sums, counts]: [number[], number[]] = [[], []];
  values.forEach((row, t) => row.forEach((x, s) => {
    const d = Math.abs(t - s);
    sums[d] = (sums[d] ?? 0) + x;
    counts[d] = (counts[d] ?? 0) + 1;
  }));
  return sums.map((sum, d) => sum / counts[d]!);
}

/** The angles by which rotary positions turn: those of (1, 0), turned. */
function angles(attn: Attn, length: number, dim: number, base: number): Matrix {
  const half = dim / 2;
  const turned = matrix(attn.nn.rotary(filled(length, dim, 1).map((row) => row.fill(0, half)), { base }));
  return turned.map((row) => row.slice(0, half).map((cosine, i) => Math.atan2(row[half + i]!, cosine)));
}

/** The first rows of a table of positions: computed, or as training begins. */
function tableOf(attn: Attn, kind: 'sinusoidal' | 'learned', length: number, dim: number): Tensor {
  if (kind === 'sinusoidal') return attn.nn.sinusoidal({ length, dim });
  attn.manualSeed(1);
  return attn.nn.learned({ numPositions: length, embeddingDim: dim }).weight;
}

function answer(attn: Attn, { kind, length, dim, base, heads, head, lab }: PositionsRequest): Omit<PositionsResult, 'byDistance'> {
  const content = lab && attend(attn, lab);
  // Tokens that are all alike: of nothing but positions where those are added, and of ones where there must be something to turn.
  const alike = filled(length, dim, kind === 'sinusoidal' || kind === 'learned' ? 0 : 1);
  const [q, k] = [attn.tensor(content?.q ?? alike), attn.tensor(content?.k ?? alike)];
  const [T, S, D] = [q.shape[0]!, k.shape[0]!, q.shape[1]!];
  const weights = (queries: Tensor, keys: Tensor, bias?: Tensor) =>
    matrix(attn.attend(queries, keys, keys, bias ? { mask: { additive: bias } } : {}).weights);
  const without = weights(q, k);
  switch (kind) {
    case 'none': return { alike: filled(T, S, 0), without, with: without };
    case 'sinusoidal': case 'learned': {
      const table = tableOf(attn, kind, Math.max(T, S), D);
      const [first, second] = [table.slice(0, 0, T), table.slice(0, 0, S)];
      return { own: matrix(table), alike: matrix(first.matmul(second.transpose(0, 1))), without, with: weights(q.add(first), k.add(second)) };
    }
    case 'rotary': {
      const turned = (x: Tensor | Matrix) => attn.nn.rotary(x, { base });
      return {
        own: angles(attn, Math.max(T, S), D, base),
        alike: matrix(turned(filled(T, D, 1)).matmul(turned(filled(S, D, 1)).transpose(0, 1))),
        without, with: weights(turned(q), turned(k)),
      };
    }
    case 'alibi': {
      // The core counts queries from the end; the square's first rows count from the start.
      const n = Math.max(T, S);
      const biases = attn.nn.alibi({ numHeads: heads, queries: n, keys: n });
      const bias = biases.slice(0, head, head + 1).reshape([n, n]).slice(0, 0, T).slice(1, 0, S);
      const slopes = (biases.toArray() as Matrix[]).map((of) => -of[0]![1]!);
      return { own: matrix(bias), alike: matrix(bias), without, with: weights(q, k, bias), slopes };
    }
  }
}

export default function run(attn: Attn, request: PositionsRequest): PositionsResult {
  return attn.scope(() => {
    const found = answer(attn, request);
    return { ...found, byDistance: { alike: meansByDistance(found.alike), without: meansByDistance(found.without), with: meansByDistance(found.with) } };
  });
}
