/** The lab's matrices share sizes: a key more is a value more. Adding and removing keeps them together. */
import type { LabRequest } from './worker.js';
import { fitted, type Matrix } from '../../../numbers.js';
import type { LabSettings, LabState, Source } from '../state.js';
import { filler, identity } from './starters.js';

/** T queries, S keys, D features of queries and keys, Dv of values, M of X, A hidden units of the additive score. */
export type Size = 'T' | 'S' | 'D' | 'Dv' | 'M' | 'A';
export type MatrixName = { [K in keyof LabState]: LabState[K] extends Matrix ? K : never }[keyof LabState];

export interface Shaped { name: MatrixName; tex: string; rows?: Size; columns?: Size }

/** A name as it is said. */
export const plain = (tex: string) => tex.replace('_', '');

export const inputsOf: Record<Source, Shaped[]> = {
  qkv: [
    { name: 'q', tex: 'Q', rows: 'T', columns: 'D' },
    { name: 'k', tex: 'K', rows: 'S', columns: 'D' },
    { name: 'v', tex: 'V', rows: 'S', columns: 'Dv' },
  ],
  x: [
    { name: 'x', tex: 'X', rows: 'T', columns: 'M' },
    { name: 'wq', tex: 'W_q', rows: 'M', columns: 'D' },
    { name: 'wk', tex: 'W_k', rows: 'M', columns: 'D' },
    { name: 'wv', tex: 'W_v', rows: 'M', columns: 'Dv' },
  ],
};

/** What a score function needs besides queries and keys; these follow the inputs' sizes, but A is the reader's. */
export const weightsOf: Partial<Record<LabState['score'], Shaped[]>> = {
  general: [{ name: 'general', tex: 'W' }],
  additive: [
    { name: 'additiveQ', tex: 'W_a' },
    { name: 'additiveK', tex: 'U_a' },
    { name: 'additiveV', tex: 'v_a', columns: 'A' },
  ],
  location: [{ name: 'location', tex: 'W' }, { name: 'locationB', tex: 'b' }],
};

const columns = (matrix: Matrix) => matrix[0]!.length;

/** The matrices of the lab that have a size, and on which side. */
function resized(state: LabState, { name, rows, columns: across }: Shaped, size: Size, by: 1 | -1): Partial<LabState> {
  const matrix = state[name];
  const height = matrix.length + (rows === size ? by : 0);
  const width = columns(matrix) + (across === size ? by : 0);
  return height < 1 || width < 1 ? {} : { [name]: fitted(matrix, height, width, filler) };
}

export const resize = (state: LabState, size: Size, by: 1 | -1): Partial<LabState> =>
  [...inputsOf[state.source], ...(weightsOf[state.score] ?? [])]
    .filter(({ rows, columns: across }) => rows === size || across === size)
    .reduce((patch, shaped) => ({ ...patch, ...resized(state, shaped, size, by) }), {});

/** The same number of heads, where it divides the features that there will be; else one. */
function headsFor(state: LabState): Partial<LabState> {
  const { Dq, Dk, Dv } = sizesOf(state);
  return [Dq, Dk, Dv].every((d) => d % state.heads === 0) ? {} : { heads: 1 };
}

/** A matrix of any size takes its place, and what shares a size with it is cut or filled. */
export function accommodate(state: LabState, name: MatrixName, matrix: Matrix): Partial<LabState> {
  const inputs = inputsOf[state.source];
  const own = inputs.find((shaped) => shaped.name === name);
  if (!own) {
    // What a score is made with follows the inputs, except for the hidden units of the additive one.
    const units = name === 'additiveQ' || name === 'additiveK' ? { additiveV: fitted(state.additiveV, 1, matrix.length, filler) } : {};
    return { [name]: matrix, ...units };
  }
  const sizes: Partial<Record<Size, number>> = { [own.rows!]: matrix.length, [own.columns!]: columns(matrix) };
  const patch: Partial<LabState> = { [name]: matrix };
  for (const { name: other, rows, columns: across } of inputs) {
    if (other === name) continue;
    const before = state[other];
    const after = fitted(before, sizes[rows!] ?? before.length, sizes[across!] ?? columns(before), filler);
    if (after !== before) patch[other] = after;
  }
  return { ...patch, ...headsFor({ ...state, ...patch }) };
}

/** The matrix is X, and the projections have a row for each of its columns. */
export function takenAsX(state: LabState, x: Matrix): Partial<LabState> {
  const next = { ...state, source: 'x' as const };
  return { source: 'x', ...accommodate(next, 'x', x) };
}

/** Numbers of queries and keys, and of features of queries, keys and values. */
export function sizesOf(state: LabSettings) {
  const own = state.source === 'qkv';
  return {
    T: (own ? state.q : state.x).length,
    S: (own ? state.k : state.x).length,
    Dq: columns(own ? state.q : state.wq),
    Dk: columns(own ? state.k : state.wk),
    Dv: columns(own ? state.v : state.wv),
  };
}

/** What the worker is asked: the lab's settings, with mask and score weights cut or filled to the inputs' sizes. */
export function requestOf(state: LabState): LabRequest {
  const { T, S, Dq, Dk } = sizesOf(state);
  const [dq, dk] = [Math.floor(Dq / state.heads) || 1, Math.floor(Dk / state.heads) || 1];
  const A = columns(state.additiveV);
  return {
    source: state.source,
    q: state.q, k: state.k, v: state.v, x: state.x, wq: state.wq, wk: state.wk, wv: state.wv,
    score: state.score, normalizer: state.normalizer, mask: state.mask, window: state.window, padding: Math.min(state.padding, S),
    heads: state.heads, scale: state.scale, temperature: state.temperature,
    painted: fitted(state.painted, T, S, () => 0),
    general: fitted(state.general, dq, dk, identity),
    additiveQ: fitted(state.additiveQ, A, dq, filler),
    additiveK: fitted(state.additiveK, A, dk, filler),
    additiveV: fitted(state.additiveV, 1, A, filler),
    location: fitted(state.location, S, dq, filler),
    locationB: fitted(state.locationB, 1, S, () => 0),
  };
}

/** 1 where the mask in force hides key s from query t. */
export function hiddenBy({ mask, window, padding, painted }: LabRequest, { T, S }: { T: number; S: number }): Matrix {
  const hides: Record<LabState['mask'], (t: number, s: number) => boolean> = {
    none: () => false,
    causal: (t, s) => s > t,
    window: (t, s) => Math.abs(s - t) > window,
    padding: (_, s) => s >= padding,
    free: (t, s) => painted[t]![s] === 1,
  };
  return Array.from({ length: T }, (_, t) => Array.from({ length: S }, (_, s) => (hides[mask](t, s) ? 1 : 0)));
}
