/** A matrix as others write it, so that it can be copied to where it is needed; `parseMatrix` reads all of it. */
import type { Matrix } from './numbers.js';

/** The shortest text that is the same float32, as NumPy prints it. */
export function shortest(x: number): string {
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === Math.fround(x)) return String(short);
  }
  return String(Number(x.toPrecision(9)));
}

/** Writes a number, where ∞ (after its sign) and NaN have these names. */
const number = (infinity: string, nan: string, finite = shortest) => (x: number) => {
  if (Number.isNaN(x)) return nan;
  return Number.isFinite(x) ? finite(x) : `${x < 0 ? '-' : ''}${infinity}`;
};

/** With a point, since a matrix of whole numbers alone would be one of integers. */
const pythonFloat = (x: number) => shortest(x).replace(/^(-?\d+)$/, '$1.');

/** Rows in brackets: in one line where they are short, else in lines that begin `indent` to the right. */
export function bracketed<T>(matrix: T[][], write: (x: T) => string, indent = 0): string {
  const rows = matrix.map((row) => `[${row.map((x) => write(x)).join(', ')}]`);
  const line = rows.join(', ');
  return `[${line.length <= 60 ? line : rows.join(`,\n${' '.repeat(indent + 1)}`)}]`;
}

const separated = (separator: string, matrix: Matrix) =>
  matrix.map((row) => row.map(number('inf', 'nan')).join(separator)).join('\n');

function latex(matrix: Matrix): string {
  const write = number('\\infty', '\\mathrm{NaN}', (x) => shortest(x).replace(/e\+?(-?\d+)$/, '\\times10^{$1}'));
  return `\\begin{bmatrix}\n${matrix.map((row) => row.map(write).join(' & ')).join(' \\\\\n')}\n\\end{bmatrix}`;
}

/** `np.array([[1., 2.]])`; `indent` is that of what stands before it. */
const called = (call: string, library: string) => (matrix: Matrix, indent = 0) =>
  `${call}(${bracketed(matrix, number(`${library}.inf`, `${library}.nan`, pythonFloat), indent + call.length + 1)})`;

export const numpy = called('np.array', 'np');
export const pytorch = called('torch.tensor', 'torch');

/** All that are offered, by their names, which are the same in every language; written when one is asked for. */
export const formats = (matrix: Matrix) => ({
  TSV: () => separated('\t', matrix),
  CSV: () => separated(',', matrix),
  // JSON has no other word for what is no finite number.
  JSON: () => bracketed(matrix, (x) => (Number.isFinite(x) ? shortest(x) : 'null')),
  NumPy: () => numpy(matrix),
  PyTorch: () => pytorch(matrix),
  LaTeX: () => latex(matrix),
});
