import { AttnError } from './error.js';
import type { Handle } from './raw.js';
import type { Runtime, Slot } from './runtime.js';

// What lib.esnext.disposable declares, which TypeScript has from 5.2 on alone.
declare global {
  interface SymbolConstructor { readonly dispose: unique symbol }
  interface Disposable { [Symbol.dispose](): void }
}

// Node 20 has no Symbol.dispose; defined here so that `using` works where it is compiled down.
(Symbol as { dispose?: symbol }).dispose ??= Symbol.for('Symbol.dispose');

/** Where Node's console.log asks an object what to print. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');
/** How many elements a console gets to see. */
const FIRST = 100;
/** A symbol cannot be cloned: structuredClone and postMessage say so, where they would make an empty object. */
const UNCLONABLE = Symbol('lives in its core: clone data() and shape');

/**
 * An object's one property of its own, since all that assert.deepStrictEqual, structuredClone and their like look at are
 * own properties: without it any two tensors would be equal. Read when asked for, not kept.
 */
const CONTENTS = { enumerable: true, get(this: Owned) { return { ...this.contained(), [UNCLONABLE.description!]: UNCLONABLE }; } };

/** What lies in the core's memory. Freed by `dispose`, by the end of an `attn.scope`, or when it is dropped. */
export abstract class Owned {
  readonly #runtime: Runtime;
  readonly #slot: Slot;
  /** For Vue, whose proxies cannot reach private fields: ref() and reactive() leave this as it is. @internal */
  declare readonly __v_skip: true;

  /** @internal */
  constructor(runtime: Runtime, handle: Handle) {
    this.#runtime = runtime;
    this.#slot = runtime.hold(this, handle);
    Object.defineProperty(this, 'contents', CONTENTS);
  }

  get disposed(): boolean { return this.#slot.handle === undefined; }

  /** Frees the memory: now, or when the call that runs has ended. Again is harmless; any other use afterwards is an error. */
  dispose(): void { this.#runtime.release(this.#slot); }
  [Symbol.dispose](): void { this.dispose(); }

  /** What this is, for messages: "a tensor [2,2]". @internal */
  abstract what(): string;
  /** What makes this unlike others of its class; of a tensor the first elements. @internal */
  protected abstract inside(first: number): object;

  /** @internal */
  contained(first = Infinity): object {
    return this.disposed || this.#runtime.over ? { disposed: true } : this.inside(first);
  }
  /** @internal */
  [INSPECT](_: number, options: object, inspect: (value: object, options: object) => string): string {
    return `${this.constructor.name} ${inspect(this.contained(FIRST), options)}`;
  }

  /** @internal */
  protected get runtime(): Runtime { return this.#runtime; }

  /** For the facade: the C++ side, alive. @internal */
  handle(op: string, runtime: Runtime = this.#runtime): Handle {
    if (runtime !== this.#runtime) throw new AttnError('TYPE', op, `${this.what()} belongs to another load() of the module`);
    const { handle } = this.#slot;
    if (!handle) runtime.use(op);
    if (!handle) throw new AttnError('TYPE', op, `${this.what()} was used after dispose()`);
    return handle;
  }
}
Object.defineProperty(Owned.prototype, '__v_skip', { value: true });
