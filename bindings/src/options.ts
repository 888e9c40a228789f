/** Checks of plain JavaScript arguments, which the core never sees. */
import { AttnError } from './error.js';

const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');

/** Whether a value is an object as `{}` makes one, in whatever realm. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  if ('shape' in value) return `a tensor [${String(value.shape)}]`;
  if (Array.isArray(value)) return 'an array';
  return isPlain(value) ? `an object {${Object.keys(value).join(', ')}}` : 'an object';
}

/** Throws where an options object has a name that means nothing: a misspelt option must not pass in silence. */
export function checkNames(op: string, options: object, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new AttnError('TYPE', op, `options must be an object, got ${shown(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      const known = names.length > 0 ? `the options are ${quoted(names)}` : 'there are none';
      throw new AttnError('TYPE', op, `there is no option '${name}'; ${known}`);
    }
  }
}

/** Options that may be left out, checked in the same way. */
export function optionsOf<T extends object>(op: string, options: T | undefined, names: readonly string[]): T {
  if (options !== undefined) checkNames(op, options, names);
  return options ?? ({} as T);
}

/** The place of a name in a list. */
export function oneOf(op: string, what: string, value: string, names: readonly string[]): number {
  const at = names.indexOf(value);
  if (at < 0) throw new AttnError('TYPE', op, `${what} must be one of ${quoted(names)}, got ${shown(value)}`);
  return at;
}

export function number(op: string, what: string, value: unknown): number {
  if (typeof value !== 'number') throw new AttnError('TYPE', op, `${what} must be a number, got ${shown(value)}`);
  return value;
}

export function flag(op: string, what: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new AttnError('TYPE', op, `${what} must be true or false, got ${shown(value)}`);
  return value;
}

const MOST = 2 ** 31 - 1;

export function whole(op: string, what: string, value: unknown): number {
  if (!Number.isInteger(number(op, what, value)) || Math.abs(value as number) > MOST) {
    const range = Number.isInteger(value) ? ` from ${-MOST} to ${MOST}` : '';
    throw new AttnError('RANGE', op, `${what} must be a whole number${range}, got ${shown(value)}`);
  }
  return value as number;
}

/** Where a generator of random numbers starts: any whole number that JavaScript holds exactly, a clock's too. */
export function seedOf(op: string, value: unknown): number {
  if (!Number.isSafeInteger(number(op, 'seed', value)) || (value as number) < 0) {
    throw new AttnError('RANGE', op, `seed must be a whole number from 0 to 2^53 − 1, got ${shown(value)}`);
  }
  return value as number;
}

/** Sizes or dimensions. Sizes past memory are left to the core, which names the shape. */
export function wholes(op: string, what: string, values: unknown): number[] {
  if (!Array.isArray(values)) throw new AttnError('TYPE', op, `${what} must be an array of whole numbers, got ${shown(values)}`);
  for (const value of values) {
    if (!Number.isInteger(value)) {
      throw new AttnError(typeof value === 'number' ? 'RANGE' : 'TYPE', op, `${what} must hold whole numbers, got ${shown(value)}`);
    }
  }
  return values as number[];
}
