/** Nested JavaScript numbers to a flat array with a shape, and back. */
import { AttnError } from './error.js';
import { shown } from './options.js';
import type { DType, Nested, TypedArray } from './types.js';

/** Deeper is no tensor but a mistake, such as an array that holds itself. */
export const MOST_DIMENSIONS = 32;
/** What the core's 4 GB of memory can hold. */
const MOST_ELEMENTS = 2 ** 30;

const describe = (value: unknown) => (typeof value === 'object' ? shown(value) : typeof value);

/** What a built-in object is, whichever realm (a frame, a test runner's context) it comes from; instanceof knows only its own. */
export const tagOf = (value: unknown) => Object.prototype.toString.call(value).slice('[object '.length, -1);

/** A list's numbers; of 64-bit integers, as which others' tokenizers give indices, the nearest that JavaScript counts with. */
const numbersOf = (list: ArrayLike<unknown>): ArrayLike<unknown> => (/^Big/.test(tagOf(list)) ? Array.from(list as ArrayLike<bigint>, Number) : list);
const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && tagOf(value) !== 'DataView');

/** The shape of nested numbers, by the first of each level. */
export function shapeOf(op: string, value: unknown, what: string | undefined): number[] {
  const shape: number[] = [];
  for (let level = value; typeof level !== 'number'; level = numbersOf(level as ArrayLike<unknown>)[0]) {
    if (!isList(level)) {
      const where = what ? ` as ${what}` : '';
      throw new AttnError('TYPE', op, `expected numbers, nested arrays of them or a typed array${where}, got ${describe(level)}`);
    }
    shape.push(level.length);
    if (shape.length > MOST_DIMENSIONS) {
      throw new AttnError('RANGE', op, `a tensor has at most ${MOST_DIMENSIONS} dimensions, and these arrays lie deeper`);
    }
    if (level.length === 0) break;
  }
  return shape;
}

/** Checks one number for a dtype; returns it. */
function checked(op: string, value: unknown, dtype: DType): number {
  if (typeof value !== 'number') throw new AttnError('TYPE', op, `expected a number, got ${describe(value)}`);
  if (dtype === 'int32' && value !== (value | 0)) {
    throw new AttnError('RANGE', op, `int32 holds whole numbers from -2147483648 to 2147483647, got ${value}`);
  }
  return value;
}

export interface Flat {
  values: Float32Array | Int32Array;
  shape: number[];
}

export function flatten(op: string, data: Nested | TypedArray, dtype: DType, what?: string): Flat {
  const shape = shapeOf(op, data, what);
  const size = shape.reduce((a, b) => a * b, 1);
  if (size > MOST_ELEMENTS) throw new AttnError('OOM', op, `a tensor of shape [${shape}] does not fit in memory`, [shape]);
  if (dtype === 'float32' && tagOf(data) === 'Float32Array') return { values: data as Float32Array, shape };
  const values = dtype === 'int32' ? new Int32Array(size) : new Float32Array(size);
  let at = 0;
  const visit = (value: unknown, depth: number): void => {
    if (depth === shape.length) {
      values[at++] = checked(op, value, dtype);
      return;
    }
    const row = value as ArrayLike<unknown>;
    if (typeof value !== 'object' || value === null || row.length !== shape[depth]) {
      const got = typeof row === 'object' && row !== null && 'length' in row ? `${row.length} numbers` : describe(value);
      throw new AttnError(
        'SHAPE', op, `every row at depth ${depth} must have ${shape[depth]} entries like the first, got ${got}`, [shape]);
    }
    const numbers = ArrayBuffer.isView(row) ? numbersOf(row) : row;
    for (let i = 0; i < numbers.length; i++) visit(numbers[i], depth + 1);
  };
  visit(data, 0);
  return { values, shape };
}

export function nest(values: ArrayLike<number>, shape: readonly number[]): Nested {
  let at = 0;
  const build = (depth: number): Nested =>
    depth === shape.length ? values[at++]! : Array.from({ length: shape[depth]! }, () => build(depth + 1));
  return build(0);
}
