/** What the lab shows before the first edit: four tokens, four features, so that 1, 2 and 4 heads divide them. */
import type { Matrix } from '../../../numbers.js';

/** Small, fixed and various: weights that nobody has chosen yet. */
export const filler = (r: number, c: number) => Math.round(10 * Math.cos(1.7 * r + 2.3 * c + 0.4)) / 10;
const filled = (rows: number, columns: number): Matrix =>
  Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => filler(r, c)));
export const identity = (r: number, c: number) => (r === c ? 1 : 0);
const eye = (n: number): Matrix => Array.from({ length: n }, (_, r) => Array.from({ length: n }, (_, c) => identity(r, c)));

export const starters = {
  q: [[1, 0, 1, 0.5], [0, 2, -1, 1], [1, 1, 0, -1], [-0.5, 1, 2, 0]],
  k: [[1, 0, 1, 0], [0, 1.5, -1, 1], [1, 0.5, 0, -2], [0, 1, 1, 1]],
  v: [[1, 0, 0, 2], [0, 1, 0, -1], [0, 0, 1, 1], [2, -1, 0.5, 0]],
  x: [[1, 0, 1, 0], [0, 2, 0, 1], [1, 1, -1, 0], [0, 0, 1, 2]],
  wq: [[1, 0, 0.5, 0], [0, 1, 0, -0.5], [0.5, 0, 1, 0], [0, -0.5, 0, 1]],
  wk: [[1, 0.5, 0, 0], [0, 1, 0.5, 0], [0, 0, 1, 0.5], [0.5, 0, 0, 1]],
  wv: eye(4),
  general: eye(4),
  additiveQ: filled(3, 4),
  additiveK: filled(3, 4).map((row) => [...row].reverse()),
  additiveV: [[1, -1, 0.5]],
  location: filled(4, 4),
  locationB: [[0, 0, 0, 0]],
  painted: [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
} satisfies Record<string, Matrix>;
