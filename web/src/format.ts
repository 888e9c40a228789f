/** How a number is written on the page. Cells keep the full number in `data-value`; this is for the eye. */
import type { Numbers } from '../documents/recipe.js';

const MINUS = '\u2212';

function special(x: number): string | undefined {
  if (Number.isNaN(x)) return 'NaN';
  if (x === Infinity) return '∞';
  if (x === -Infinity) return `${MINUS}∞`;
  return undefined;
}

const signed = (text: string) => text.replace(/-/g, MINUS).replace(/^\u2212(0(?:\.0*)?)$/, '$1');

/**
 * At most `decimals` decimals. Trailing zeros go only where nothing is lost in float32, so that 0.5 is short and a
 * rounded 0.500000 says that there is more behind it.
 */
export function format(x: number, decimals = 3): string {
  const known = special(x);
  if (known !== undefined) return known;
  const size = Math.abs(x);
  if (size >= 1e6 || (size > 0 && size < 0.5 * 10 ** -decimals)) {
    const [mantissa, exponent] = x.toExponential(2).split('e') as [string, string];
    return signed(`${mantissa}e${exponent.replace('+', '')}`);
  }
  const fixed = x.toFixed(decimals);
  const short = String(Number(fixed));
  return signed(Math.fround(Number(short)) === Math.fround(x) ? short : fixed);
}

/** A weight as a share: 11.8%. */
export const share = (x: number) => (x > 0 && x < 5e-4 ? '<0.1%' : `${format(100 * x, 1)}%`);

/** Nine significant digits: all that a float32 holds. */
export function full(x: number): string {
  return special(x) ?? signed(String(Number(x.toPrecision(9))));
}

/** As the reader typed it or would: the shortest text that reads back as this number. */
export const editable = (x: number) => special(x) ?? signed(String(x));

/** A difference, such as 3e-8; two matrices that agree to the bit say 0. */
export const tiny = (x: number) => (x === 0 ? '0' : signed(x.toExponential(0)));

export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? '1' : shape.join(' × ');
}

export function shapeOf(value: Numbers): number[] {
  const shape: number[] = [];
  for (let at: Numbers | undefined = value; Array.isArray(at); at = at[0]) shape.push(at.length);
  return shape;
}
