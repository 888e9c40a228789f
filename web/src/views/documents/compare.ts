/** Comparing what was computed with what a document prints, and with the float64 oracle. */
import type { Numbers } from '../../../documents/recipe.js';
import { format, shapeOf } from '../../format.js';
import { flat } from '../../numbers.js';

/** Half a unit of the last decimal that was printed; a printed whole number means itself. */
function tolerance(printed: number): number {
  const decimals = (String(printed).split('.')[1] ?? '').length;
  return decimals === 0 ? 1e-6 : 0.5 * 10 ** -decimals + 1e-9;
}

export const unlike = (printed: number, computed: number) => !(Math.abs(printed - computed) <= tolerance(printed));

/** Whether the shapes agree and, if so, in how many cells the two differ. */
export function compareClaim(printed: Numbers, computed: Numbers) {
  const sameShape = shapeOf(printed).join() === shapeOf(computed).join();
  const other = flat(computed);
  return { sameShape, count: sameShape ? flat(printed).filter((x, i) => unlike(x, other[i]!)).length : 0 };
}

/** Decimals enough, from `least` on, to tell apart what counts as different. */
export function telling(printed: Numbers, computed: Numbers, least: number): number {
  const other = flat(computed);
  const pairs = flat(printed).map((x, i) => [x, other[i]!] as const).filter(([x, y]) => y !== undefined && unlike(x, y));
  let decimals = least;
  while (decimals < 9 && pairs.some(([x, y]) => format(x, decimals) === format(y, decimals))) decimals += 1;
  return decimals;
}

/** float32 against float64: six digits after the rounding of a few dozen terms. */
export const ORACLE_TOLERANCE = 1e-6;

/** Whether all cells agree to the tolerance, relative to max(1, |x|). */
export function agrees(computed: Numbers, oracle: Numbers): boolean {
  const exact = flat(oracle);
  return shapeOf(computed).join() === shapeOf(oracle).join() &&
    flat(computed).every((x, i) => Object.is(x, exact[i]) || Math.abs(x - exact[i]!) <= ORACLE_TOLERANCE * Math.max(1, Math.abs(exact[i]!)));
}
