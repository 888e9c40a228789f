/**
 * TeX of one worked cell. Nothing here calculates: terms and results both come from the core, so that a formula on the
 * page can never disagree with the picture beside it.
 */
import type { Numbers } from './recipe.js';
import { valueOf } from './value.js';

/** Three decimals; what they would round to nothing, and what is too long for them, is written as a power of ten. */
export function num(x: number | undefined): string {
  if (x === undefined || Number.isNaN(x)) return '\\mathrm{NaN}';
  if (!Number.isFinite(x)) return x > 0 ? '\\infty' : '-\\infty';
  const size = Math.abs(x);
  if (size !== 0 && (size < 5e-4 || size >= 1e6)) {
    const [mantissa, exponent] = x.toExponential(2).split('e');
    return `${mantissa}\\times10^{${Number(exponent)}}`;
  }
  const short = Number(x.toFixed(3)) + 0; // + 0 turns −0 into 0
  // 0.9998 is not 1: what only rounding makes whole keeps six digits.
  return String(Number.isInteger(short) && short !== x ? Number(x.toPrecision(6)) + 0 : short);
}

const factor = (x: number | undefined) => (x !== undefined && x < 0 ? `(${num(x)})` : num(x));

/** Long sums keep their first two terms and their last. */
function abridge(terms: string[]): string {
  if (terms.length > 4) terms = [terms[0], terms[1], '\\cdots', terms[terms.length - 1]];
  return terms.join('+');
}

/** a₁·b₁ + a₂·b₂ + …; in a long sum the terms that are zero go first. */
export function products(a: number[] = [], b: number[] = []): string {
  const all = [...a.keys()];
  const telling = all.filter((i) => a[i] !== 0 && b[i] !== 0);
  const kept = all.length > 4 && telling.length > 0 ? telling : all;
  return abridge(kept.map((i) => `${factor(a[i])}\\cdot${factor(b[i])}`));
}

/** a₁ + a₂ + … */
export const sum = (terms: number[] = []) => abridge(terms.map(factor));

/** e^{a_j} / (e^{a₁} + e^{a₂} + …) */
export const softmaxOf = (row: number[], j: number) =>
  `\\frac{e^{${num(row[j])}}}{${abridge(row.map((x) => `e^{${num(x)}}`))}}`;

/** A symbol as it can be said, or written where nothing typesets. */
export const spoken = (tex: string) => tex.replaceAll('^{\\top}', 'ᵀ').replaceAll('\\alpha', 'α').replaceAll('\\Sigma', 'Σ').replaceAll('\\,', ' ').replace(/\\(operatorname|tilde|hat|mathrm)|[{}^_\\]/g, '');

/** The first matrix of nested numbers; a vector is one row, a number one cell. */
export function rows(value: Numbers): number[][] {
  if (typeof value === 'number') return [[value]];
  const first = value[0];
  if (first === undefined) return [[]];
  if (typeof first === 'number') return [value as number[]];
  return typeof first[0] === 'number' ? (value as number[][]) : rows(first);
}

/** Column j of the first matrix. */
export const column = (value: Numbers, j: number) => rows(value).map((row) => row[j]);

/** Whether the terms as they are shown come to the number as it is shown: = if they do, ≈ if their rounding tells. */
function sign(terms: string, x: number | undefined): '=' | '\\approx' {
  const shown = valueOf(terms);
  return shown === undefined || num(shown) === num(x) ? '=' : '\\approx';
}

/** `0.5+0.25 = 0.75`; the number alone where there are no terms, or they are it already. */
export const equals = (terms: string, x: number | undefined) =>
  (terms === '' || terms === num(x) ? num(x) : `${terms} ${sign(terms, x)} ${num(x)}`);

/**
 * `A_{12} = … = 0.401` for one cell; a vector has one index, a number none. The cell is the first row's largest, which
 * the eye finds first; `how` works it out, given its column. Edited inputs can broadcast, and then
 * a row that it asks for may be missing: the cell is shown without its terms.
 */
export function worked(tex: string, value: Numbers, how: (j: number) => string): string {
  const first = rows(value)[0];
  const j = first.reduce((best, x, i) => (Math.abs(x) > Math.abs(first[best]) ? i : best), 0);
  const vector = typeof value === 'number' || typeof value[0] === 'number';
  const index = typeof value === 'number' ? '' : vector ? `_{${j + 1}}` : `_{1${j < 9 ? '' : ','}${j + 1}}`;
  return `${tex}${index} = ${equals(how(j), first[j])}`;
}
