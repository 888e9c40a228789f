/** The kinds of properties that a table of state is made of: a default, and a text form for the address. */
import { shapeOf } from '../format.js';
import { parseNumber } from '../numbers.js';
import type { Numbers } from '../../documents/recipe.js';

export interface Property<T> {
  default: T;
  /** undefined where the text makes no sense: the default holds. */
  parse(text: string): T | undefined;
  serialise(value: T): string;
  /** Undo and reset are about edits, not about where one is. */
  place?: true;
  /** Written first and without its name, `doc-A5`: such an address is also the id of an element. */
  bare?: string;
}

export const word = (value: string): Property<string> => ({ default: value, parse: (text) => text, serialise: (v) => v });

export const choice = <T extends string>(options: readonly T[], value: T): Property<T> => ({
  default: value,
  parse: (text) => options.find((option) => option === text),
  serialise: (v) => v,
});

/** Some of a few, in the order of the options; none at all makes no sense. */
export const several = <T extends string>(options: readonly T[], value: readonly T[]): Property<readonly T[]> => ({
  default: value,
  parse: (text) => {
    const named = text.split(',');
    const known = options.filter((option) => named.includes(option));
    return known.length === named.length ? known : undefined;
  },
  serialise: (v) => v.join(','),
});

export const flag: Property<boolean> = { default: false, parse: (text) => text === '1', serialise: (v) => (v ? '1' : '0') };

export const number = (value: number, fits: (x: number) => boolean): Property<number> => ({
  default: value,
  parse: (text) => {
    const x = parseNumber(text);
    return typeof x === 'number' && fits(x) ? x : undefined;
  },
  serialise: String,
});

export const whole = (least: number, most = 4096) => (x: number) => Number.isInteger(x) && x >= least && x <= most;

export const optional = (inner: Property<number>): Property<number | null> => ({
  default: null,
  parse: (text) => inner.parse(text),
  serialise: String,
});

/** A place in a matrix, or none: `3,5`, counted from 0. */
export const cell: Property<{ row: number; column: number } | null> = {
  default: null,
  parse: (text) => {
    const found = /^(\d{1,4}),(\d{1,4})$/.exec(text);
    return found ? { row: Number(found[1]), column: Number(found[2]) } : undefined;
  },
  serialise: (v) => `${v!.row},${v!.column}`,
};

// Brackets get lost in chats and mails; separators by depth don't: a row is 1,2,3 and rows are parted by semicolons.
const SEPARATORS = [',', ';', '/', '~'];

function write(value: Numbers, depth: number): string {
  return typeof value === 'number' ? String(value) : value.map((part) => write(part, depth - 1)).join(SEPARATORS[depth - 1]);
}

function read(text: string, depth: number): Numbers | undefined {
  if (depth === 0) {
    const x = parseNumber(text);
    return typeof x === 'number' ? x : undefined;
  }
  const parts = text.split(SEPARATORS[depth - 1]!).map((part) => read(part, depth - 1));
  const shapes = new Set(parts.map((part) => part !== undefined && shapeOf(part).join()));
  return shapes.size === 1 && !shapes.has(false) ? (parts as Numbers[]) : undefined;
}

export function numbers<T extends Numbers>(value: T): Property<T> {
  const depth = shapeOf(value).length;
  return {
    default: value,
    parse: (text) => read(text, depth) as T | undefined,
    serialise: (v) => write(v, depth),
  };
}

export const place = <T>(property: Property<T>): Property<T> => ({ ...property, place: true });
