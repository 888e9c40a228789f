/**
 * JavaScript drops the arguments that a function does not ask for, and with them an option that somebody meant. What stands
 * here makes the module's functions refuse an object of options behind all that they take. How many they take is their
 * `length`, so a parameter that may be left out is written with `?`, never with a default, which `length` does not count.
 * Other values pass, as in JavaScript, so that `xs.map(F.relu)` works.
 */
import { checkNames, isPlain } from './options.js';
import type { Runtime } from './runtime.js';

type Call = (this: unknown, ...args: never[]) => unknown;

/** Throws where an object of options stands behind the first `most` arguments. */
export function refuseMore(op: string, given: ArrayLike<unknown>, most: number): void {
  for (let i = most; i < given.length; i++) {
    const more = given[i];
    if (isPlain(more)) checkNames(op, more, []);
  }
}

/** f, strict. Errors name a layer by itself, as its others do, and anything else by the function. */
export function strict<F extends Call>(name: string, f: F): F {
  const most = f.length;
  return function (this: unknown) {
    if (arguments.length > most) refuseMore((this as { op?: string } | undefined)?.op ?? name, arguments, most);
    return f.apply(this, arguments as unknown as never[]);
  } as F;
}

/** An object of functions, each made strict. */
export function strictFunctions<T extends { [Name in keyof T]: Call }>(functions: T): T {
  return Object.fromEntries(Object.entries<Call>(functions).map(([name, f]) => [name, strict(name, f)])) as T;
}

const seen = new WeakSet<object>();

/** Makes the methods of a class strict, and of those that it extends. */
export function strictMethods(Class: { prototype: object }): void {
  for (let at = Class.prototype; at !== Object.prototype && !seen.has(at); at = Object.getPrototypeOf(at) as object) {
    seen.add(at);
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      // `handle` is the facade's own and part of every call.
      if (typeof property.value !== 'function' || name === 'constructor' || name === 'handle') continue;
      Object.defineProperty(at, name, { ...property, value: strict(name, property.value as Call) });
    }
  }
}

/** A class as users see it: its first argument is the core, it and its methods are strict. */
export function bound<A extends unknown[], T>(
  runtime: Runtime, Class: new (runtime: Runtime, ...args: A) => T,
): new (...args: A) => T {
  strictMethods(Class as { prototype: object });
  const most = Class.length - 1;
  return new Proxy(Class, {
    construct(_, args: A, target) {
      refuseMore(Class.name, args, most);
      return Reflect.construct(Class, [runtime, ...args], target) as object;
    },
  }) as unknown as new (...args: A) => T;
}
