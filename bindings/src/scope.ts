/** What functions of the user's may return, and what of it is ours. */
import { AttnError } from './error.js';
import { shown } from './options.js';
import { Owned } from './owned.js';

/** What f returns; throws if that is a promise, for `because` when it returns. */
export function synchronously<T>(op: string, f: () => T, because: string): T {
  if (typeof f !== 'function') throw new AttnError('TYPE', op, `expected a function, got ${shown(f)}`);
  const result = f();
  refusePromise(op, 'the function', result, `${because} when it returns`);
  return result;
}

/** Throws if what a function of the user's returned is a promise: nobody waits for it. */
export function refusePromise(op: string, what: string, result: unknown, because: string): void {
  if (!isThenable(result)) return;
  result.then(undefined, () => {}); // it may trip over what ended too early, but nobody will ever hold it
  throw new AttnError('TYPE', op, `${what} must not be asynchronous: ${because}`);
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';

/** By its tag, since it may come from another realm: a frame, a test runner's context. */
const isA = (value: object, tag: 'Map' | 'Set') => Object.prototype.toString.call(value) === `[object ${tag}]`;

function itemsOf(value: object): Iterable<unknown> {
  if (isA(value, 'Map')) return [...(value as Map<unknown, unknown>)].flat();
  return isA(value, 'Set') ? (value as Set<unknown>) : Object.values(value);
}

/** The tensors and models anywhere in a returned value; a list of what is left to look at, since values may be deeper than the stack. */
export function ownedIn(result: unknown): Set<Owned> {
  const found = new Set<Owned>();
  const seen = new Set<object>();
  const left: unknown[] = [result];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Owned) found.add(value);
    else for (const item of itemsOf(value)) left.push(item);
  }
  return found;
}
