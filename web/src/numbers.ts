/** Nested numbers: looking into them, changing a copy, and reading what a person typed or pasted. */
import type { Numbers } from '../documents/recipe.js';
import { shapeOf } from './format.js';

export type Matrix = number[][];

/** What goes wrong in a text that should be numbers: the key of a sentence in i18n.ts, and what fills its gaps. */
export interface Complaint {
  key: 'badNumber' | 'emptyCell' | 'emptyPaste' | 'badCell' | 'ragged' | 'badJson' | 'tooBig' | 'oneRow';
  values?: Record<string, string | number>;
}

/** The matrices of an n-dimensional value, in order, each with the index that leads to it; a vector is one row. */
export function slices(value: Numbers): { index: number[]; matrix: Matrix }[] {
  if (typeof value === 'number') return [{ index: [], matrix: [[value]] }];
  if (shapeOf(value).length === 1) return [{ index: [], matrix: [value as number[]] }];
  if (shapeOf(value).length === 2) return [{ index: [], matrix: value as Matrix }];
  return value.flatMap((part, i) =>
    slices(part).map(({ index, matrix }) => ({ index: [i, ...index], matrix })));
}

/** The value with the matrix at `index` (as `slices` names it) replaced; its depth stays. */
export function withSlice(value: Numbers, index: number[], matrix: Matrix): Numbers {
  const [first, ...rest] = index;
  if (first !== undefined) return (value as Numbers[]).map((part, i) => (i === first ? withSlice(part, rest, matrix) : part));
  const depth = shapeOf(value).length;
  if (depth === 0) return matrix[0]![0]!;
  return depth === 1 ? matrix[0]! : matrix;
}

export const withCell = (matrix: Matrix, row: number, column: number, x: number): Matrix =>
  matrix.map((cells, r) => (r === row ? cells.map((old, c) => (c === column ? x : old)) : cells));

export const transposed = (matrix: Matrix): Matrix => matrix[0]!.map((_, c) => matrix.map((row) => row[c]!));

/** The matrix at another size: what overlaps is kept, the rest comes from `fill`. */
export const fitted = (matrix: Matrix, rows: number, columns: number, fill: (r: number, c: number) => number): Matrix =>
  matrix.length === rows && matrix.every((row) => row.length === columns)
    ? matrix
    : Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => matrix[r]?.[c] ?? fill(r, c)));

export const flat = (value: Numbers): number[] => (typeof value === 'number' ? [value] : value.flatMap(flat));

export const same = (a: Numbers, b: Numbers): boolean =>
  typeof a === 'number' || typeof b === 'number'
    ? Object.is(a, b)
    : a.length === b.length && a.every((part, i) => same(part, b[i]!));

/** The largest absolute difference; Infinity where the shapes differ. */
export function difference(a: Numbers, b: Numbers): number {
  if (shapeOf(a).join() !== shapeOf(b).join()) return Infinity;
  const other = flat(b);
  return flat(a).reduce((most, x, i) => Math.max(most, Object.is(x, other[i]) ? 0 : Math.abs(x - other[i]!)), 0);
}

/** Full-width digits and signs, as Chinese input methods make them, and every minus, as ASCII. */
const plain = (text: string) => text.normalize('NFKC').replace(/[\u2212\u2013\u2010-\u2012]/g, '-').trim();

/** A finite number or a fraction, or why not. A comma is not guessed at. */
export function parseNumber(text: string): number | Complaint {
  const trimmed = plain(text);
  if (trimmed === '') return { key: 'emptyCell' };
  const [above, below, ...more] = trimmed.split('/').map((part) =>
    (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(part.trim()) ? Number(part) : NaN));
  const x = more.length > 0 ? NaN : below === undefined ? above! : above! / below;
  return Number.isFinite(Math.fround(x)) ? x : { key: 'badNumber', values: { text: text.trim().slice(0, 20) } };
}

/** Rows and columns that a matrix of the page may have: every cell is a field of its own, and at more typing stutters. */
export const MOST = 32;

/** What was pasted, and whether its first line was left out because it holds names. */
export interface Pasted { matrix: Matrix; header: boolean }

/** Rows in brackets, as JSON, NumPy and PyTorch write them; undefined where brackets do not match. */
function bracketedRows(text: string): string[][] | undefined {
  const inner = text.replace(/^[\w.]+\(/, '').replace(/(,\s*\w+=[^\])]*)*\)?$/, '').trim();
  let depth = 0;
  for (const sign of inner) depth += sign === '[' ? 1 : sign === ']' ? -1 : 0;
  if (depth !== 0 || !inner.endsWith(']')) return undefined;
  return [...inner.matchAll(/\[([^[\]]*)\]/g)].map(([, row]) => row!.split(/[\s,]+/).filter(Boolean));
}

/** LaTeX's rows, as `bmatrix` and its like have them. */
const texRows = (text: string): string[][] => text.replace(/\\(begin|end)\{\w+\*?\}/g, '').replaceAll(/\\times\s*10\^\{(-?\d+)\}/g, 'e$1')
  .trim().replace(/\\\\$/, '').split('\\\\').map((row) => row.split('&').map((cell) => cell.trim()));

/** Lines of cells: from a spreadsheet, CSV, or typed. */
function lines(text: string): string[][] {
  return text.split(/\r?\n/).map((line) => {
    // Between tabs and semicolons a comma can only be a decimal one.
    const separator = line.includes('\t') ? '\t' : line.includes(';') ? ';' : undefined;
    return separator ? line.trim().split(separator).map((cell) => cell.trim().replace(/^([+-]?\d+),(\d+)$/, '$1.$2'))
      : line.trim().split(/\s*,\s*|\s+/);
  });
}

/** No names of columns, though of letters. */
const NOT_FINITE = /^[+-]?\\?(\w+\.)?(inf(ty|inity)?|nan|null)$/i;

/** A matrix from what people have: JSON, NumPy's and PyTorch's prints, LaTeX, CSV, tabs, blanks; the first row may hold names. */
export function parseMatrix(text: string): Pasted | Complaint {
  const trimmed = plain(text);
  if (trimmed === '') return { key: 'emptyPaste' };
  const found = /^([\w.]+\()?\s*\[/.test(trimmed) ? bracketedRows(trimmed) : trimmed.startsWith('\\begin') ? texRows(trimmed) : lines(trimmed);
  if (!found) return { key: 'badJson' };
  const isName = (cell: string) => /\p{L}/u.test(cell) && typeof parseNumber(cell) !== 'number' && !NOT_FINITE.test(cell);
  const header = found.length > 1 && found[0]!.every(isName);
  const cells = header ? found.slice(1) : found;
  const width = cells[0]?.length ?? 0;
  if (width === 0) return { key: 'emptyPaste' };
  if (cells.length > MOST || width > MOST) return { key: 'tooBig', values: { rows: cells.length, columns: width, most: MOST } };
  const matrix: Matrix = [];
  for (const [r, row] of cells.entries()) {
    if (row.length !== width) return { key: 'ragged', values: { row: r + 1, count: row.length, width } };
    const numbers: number[] = [];
    for (const [c, cell] of row.entries()) {
      const x = parseNumber(cell);
      if (typeof x !== 'number') return { key: 'badCell', values: { row: r + 1, column: c + 1, text: cell.slice(0, 20) } };
      numbers.push(x);
    }
    matrix.push(numbers);
  }
  return { matrix, header };
}
