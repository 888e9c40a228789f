/** What each step shows, computed by the core: its matrices, and the figures that its sentences quote. */
import type { Attn, Tensor } from 'attention-playground';
import type { Role } from '../../../documents/recipe.js';
import { attentionTime } from '../../../measure.js';
import type { Matrix } from '../../numbers.js';
import type { StepId } from './steps.js';

/** Names of rows and columns: the words of one of text.ts's sentences. */
export type Names = 'words' | 'others' | 'twice' | 'hot' | 'nothing';
export interface Figure {
  tex: string; role: Role; matrix: Matrix; rows?: Names; columns?: Names;
  /** The matrix is this row of a larger one. */
  row?: number;
}
/** How many numbers lie in each bin of an axis about 0, of two kinds. */
export interface Spread { plain: number[]; scaled: number[] }
export interface LearnRequest { step: StepId; value: string | number }
export interface LearnResult { figures: Figure[]; facts: Record<string, number>; spread?: Spread; measured?: { n: number; time: number }[] }

/** I, drink, hot, tea: person, action, thing, quality. */
const X = [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0.5, 2], [0, 0, 2, 0.5]];
/** Persons and things look for actions, actions for things, qualities for things. */
const WQ = [[0, 1, 0, 0], [0.5, 0, 1.5, 0], [0, 1, 0, 0.5], [0, 0, 1.5, 0]];
const WK = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0.5, 1]];
const WV = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
/** A sentence in the other language, three words long, for cross-attention: I, drink, tea. */
const OTHERS = [[1.8, 0.2, 0, 0], [0, 1.8, 0.2, 0], [0, 0.2, 1.8, 0]];

const matrix = (tensor: Tensor) => tensor.toArray() as Matrix;
/** What joins two heads: each column of the output takes from both. */
const WO = [[1, 0, 0.5, 0], [0, 1, 0, 0.5], [0.5, 0, 1, 0], [0, 0.5, 0, 1]];
const SAMPLES = 2000;
/** Bins one wide on an axis that does not move with d: what spreads is seen to spread. */
const EDGE = 50.5;
const BINS = 2 * EDGE;

function project(attn: Attn, x: Matrix = X) {
  const input = attn.tensor(x);
  return { q: input.matmul(WQ), k: input.matmul(WK), v: input.matmul(WV) };
}

/** Dot products of pairs of random vectors of d features, as they are and divided by √d. */
function spreadOf(attn: Attn, d: number): LearnResult {
  attn.manualSeed(1);
  const products = attn.randn([SAMPLES, d]).mul(attn.randn([SAMPLES, d])).sum(-1);
  const deviation = (tensor: Tensor) => tensor.mul(tensor).mean().sqrt().item();
  const scaled = products.div(Math.sqrt(d));
  const count = (numbers: ArrayLike<number>) => {
    const bins = new Array<number>(BINS).fill(0);
    for (const x of Array.from(numbers)) {
      const at = Math.floor(x + EDGE);
      if (at >= 0 && at < BINS) bins[at]! += 1;
    }
    return bins;
  };
  // The largest of eight weights, on the mean of many rows: what the spread does to a softmax.
  const largest = (scores: Tensor) => attn.F.softmax(scores.reshape([SAMPLES / 8, 8]), -1).max(-1).mean().item();
  return {
    figures: [],
    facts: { d, plain: deviation(products), scaled: deviation(scaled), root: Math.sqrt(d), sharp: largest(products), soft: largest(scaled) },
    spread: { plain: count(products.data()), scaled: count(scaled.data()) },
  };
}

/** Of one attention over n words of 64 features; and of fewer words, by doubling. */
function costOf(attn: Attn, most: number): LearnResult {
  const counts = Array.from({ length: 8 }, (_, i) => 2 ** (i + 4)).filter((n) => n < most);
  const measured = [...counts, most].map((n) => ({ n, time: attentionTime(attn, n, 64) }));
  return { figures: [], facts: { n: most, weights: most * most, megabytes: (4 * most * most) / 1e6, time: measured.at(-1)!.time }, measured };
}

function answer(attn: Attn, { step, value }: LearnRequest): LearnResult {
  const { q, k, v } = project(attn);
  switch (step) {
    case 'qkv': {
      const keys = value === 'one' ? q : k;
      const s = matrix(q.matmul(keys.transpose(0, 1)));
      return {
        figures: [
          { tex: 'X', role: 'signed', matrix: X, rows: 'words' },
          { tex: 'Q = XW_q', role: 'signed', matrix: matrix(q), rows: 'words' },
          { tex: value === 'one' ? 'K = XW_q' : 'K = XW_k', role: 'signed', matrix: matrix(keys), rows: 'words' },
          { tex: 'QK^{\\top}', role: 'signed', matrix: s, rows: 'words', columns: 'words' },
        ],
        facts: { there: s[1]![3]!, back: s[3]![1]! },
      };
    }
    case 'scores': {
      const other = value === 'drink' ? X[1]! : value === 'hot' ? X[2]! : [0, 0, 0, 0];
      const x = X.map((row, i) => (i === 1 ? other : row));
      const own = project(attn, x);
      const named = value === 'drink' ? 'words' : value as 'hot' | 'nothing';
      const s = matrix(own.q.matmul(own.k.transpose(0, 1)));
      return {
        figures: [
          { tex: 'Q', role: 'signed', matrix: matrix(own.q), rows: named },
          { tex: 'K^{\\top}', role: 'signed', matrix: matrix(own.k.transpose(0, 1)), columns: named },
          { tex: 'S = QK^{\\top}', role: 'signed', matrix: s, rows: named, columns: named },
        ],
        facts: { s: s[1]![3]! },
      };
    }
    case 'scale': return spreadOf(attn, Number(value));
    case 'softmax': {
      const { scaled, weights } = attn.attend(q, k, v, { temperature: Number(value) });
      const w = matrix(weights);
      return {
        figures: [
          { tex: '\\tilde S/\\tau', role: 'signed', matrix: matrix(scaled), rows: 'words', columns: 'words' },
          { tex: 'A = \\operatorname{softmax}(\\tilde S/\\tau)', role: 'weights', matrix: w, rows: 'words', columns: 'words' },
        ],
        facts: { share: w[1]![3]!, temperature: Number(value) },
      };
    }
    case 'sum': {
      const { weights, output } = attn.attend(q, k, v);
      const t = Number(value) - 1;
      const [w, o] = [matrix(weights), matrix(output)];
      const most = w[t]!.indexOf(Math.max(...w[t]!));
      return {
        figures: [
          { tex: `A_{${t + 1}}`, role: 'weights', matrix: [w[t]!], rows: 'words', row: t, columns: 'words' },
          { tex: 'V', role: 'signed', matrix: matrix(v), rows: 'words' },
          { tex: `O_{${t + 1}} = A_{${t + 1}}V`, role: 'signed', matrix: [o[t]!], rows: 'words', row: t },
        ],
        facts: { query: t, key: most, share: w[t]![most]! },
      };
    }
    case 'cross': {
      const from = value === 'self' ? { k, v } : project(attn, OTHERS);
      const { weights } = attn.attend(q, from.k, from.v);
      const w = matrix(weights);
      return {
        figures: [{ tex: 'A', role: 'weights', matrix: w, rows: 'words', columns: value === 'self' ? 'words' : 'others' }],
        facts: { rows: w.length, columns: w[0]!.length },
      };
    }
    case 'mask': {
      const mask = value === 'padding' ? { padding: [3] } : value === 'causal' ? 'causal' as const : 'none' as const;
      const { masked, weights } = attn.attend(q, k, v, { mask });
      const w = matrix(weights);
      return {
        figures: [
          { tex: '\\hat S', role: 'signed', matrix: matrix(masked), rows: 'words', columns: 'words' },
          { tex: 'A', role: 'weights', matrix: w, rows: 'words', columns: 'words' },
        ],
        facts: { first: w[0]![0]!, last: w[1]![3]! },
      };
    }
    case 'heads': {
      const heads = Number(value);
      const { weights, output } = attn.attend(q, k, v, { heads });
      const each = heads === 1 ? [matrix(weights)] : (weights.toArray() as Matrix[]);
      return {
        figures: [
          ...each.map((w, h) => ({ tex: heads === 1 ? 'A' : `A^{(${h + 1})}`, role: 'weights' as const, matrix: w, rows: 'words' as const, columns: 'words' as const })),
          { tex: heads === 1 ? 'Z = AV' : 'Z = [Z^{(1)}, Z^{(2)}]', role: 'signed', matrix: matrix(output), rows: 'words' },
          { tex: 'O = ZW_O', role: 'signed', matrix: matrix(output.matmul(WO)), rows: 'words' },
        ],
        facts: { width: X[0]!.length / heads, first: each[0]![1]![3]!, last: each.at(-1)![1]![3]!, before: matrix(output)[1]![0]!, after: matrix(output.matmul(WO))[1]![0]! },
      };
    }
    case 'positions': {
      // The same word twice: I drink tea, drink.
      const x = attn.tensor([X[0]!, X[1]!, X[3]!, X[1]!]);
      const placed = value === 'sinusoidal' ? x.add(attn.nn.sinusoidal({ length: 4, dim: 4 })) : x;
      const bias = Array.from({ length: 4 }, (_, t) => Array.from({ length: 4 }, (__, s) => (value === 'alibi' ? -0.5 * Math.abs(t - s) : 0)));
      const { weights } = attn.attend(placed.matmul(WQ), placed.matmul(WK), placed.matmul(WV), { mask: { additive: bias } });
      const w = matrix(weights);
      return {
        figures: [{ tex: 'A', role: 'weights', matrix: w, rows: 'twice', columns: 'twice' }],
        facts: { one: w[1]![2]!, other: w[3]![2]!, apart: Math.max(...w[1]!.map((each, s) => Math.abs(each - w[3]![s]!))) },
      };
    }
    case 'cost': return costOf(attn, Number(value));
  }
}

export default function run(attn: Attn, request: LearnRequest): LearnResult {
  let result: LearnResult;
  attn.scope(() => { result = answer(attn, request); });
  return result!;
}
