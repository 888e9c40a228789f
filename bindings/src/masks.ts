/** Masks, which are told apart by what they are made of and never by their values. */
import { toTensor } from './creation.js';
import { AttnError } from './error.js';
import { MOST_DIMENSIONS } from './nested.js';
import type { Handle } from './raw.js';
import type { Runtime } from './runtime.js';
import { Tensor } from './tensor.js';
import type { Flags, IntegerArray, Nested, TensorLike } from './types.js';

/** What a true in a boolean mask says of a key. */
export type Sense = 'may be attended to' | 'may not be attended to';

/** Of any realm, which `instanceof` does not know. */
const isIntegerArray = (value: unknown): value is IntegerArray =>
  typeof value === 'object' && ArrayBuffer.isView(value) && /^\[object (Big)?U?[Ii]nt\d+(Clamped)?Array\]$/.test(Object.prototype.toString.call(value));

/** Whether nested arrays hold booleans, or rows of integers; throws where they hold numbers as well. */
function holdsFlags(op: string, what: string, mask: readonly unknown[]): boolean {
  let rank = 0; // of the first row; a longer one is refused, as are arrays that hold themselves
  for (let level: unknown = mask; Array.isArray(level) && rank <= MOST_DIMENSIONS; level = level[0]) rank += 1;
  if (rank > MOST_DIMENSIONS) return false;
  let found: boolean | undefined;
  const visit = (value: unknown, depth: number): void => {
    if (depth < rank && Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1);
      return;
    }
    const flags = typeof value === 'boolean' || isIntegerArray(value);
    if ((found ??= flags) !== flags) {
      throw new AttnError('TYPE', op, `${what} must hold booleans (or rows of integers), or numbers, not both`);
    }
  };
  visit(mask, 0);
  return found ?? false;
}

const asNumbers = (flags: unknown): Nested =>
  (typeof flags === 'object' ? Array.from(flags as ArrayLike<unknown>, asNumbers) : Number(Boolean(flags)));

/** A mask as the core tells them apart: boolean as int32, numbers as float32; a tensor as it is. */
export function maskTensor(runtime: Runtime, op: string, what: string, mask: TensorLike | Flags): Tensor {
  return isIntegerArray(mask) || (Array.isArray(mask) && holdsFlags(op, what, mask))
    ? toTensor(runtime, op, asNumbers(mask), 'int32', what) : toTensor(runtime, op, mask as TensorLike, 'float32', what);
}

const warned = new WeakMap<Runtime, Set<string>>();

/** A float mask of zeros and ones was most likely meant as a boolean one: says so, once for each place. */
function doubt(runtime: Runtime, op: string, what: string, mask: Tensor, sense: Sense): void {
  const places = warned.get(runtime) ?? new Set();
  const place = `${op}: ${what}`;
  if (places.has(place) || !runtime.core.zerosAndOnes(mask.handle(op))) return;
  warned.set(runtime, places.add(place));
  console.warn(`${place} holds floats, each 0 or 1, which are added to the scores. If they say which keys ${sense}, pass ` +
    `booleans, a Uint8Array or an int32 tensor (true: ${sense}). A mask to be added holds 0 and -Infinity.`);
}

/** The mask of an operator, `what`, or none. */
export function maskHandle(
  runtime: Runtime, op: string, what: string, mask: TensorLike | Flags | null | undefined, sense: Sense,
): Handle | null {
  if (mask === undefined || mask === null) return null;
  const tensor = maskTensor(runtime, op, what, mask);
  if (tensor.dtype === 'float32') doubt(runtime, op, what, tensor, sense);
  return tensor.handle(op, runtime);
}
