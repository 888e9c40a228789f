import { AttnError } from './error.js';
import type { Handle } from './raw.js';
import type { Runtime } from './runtime.js';

// What lib.esnext.disposable declares, which TypeScript has from 5.2 on alone.
declare global {
  interface SymbolConstructor { readonly dispose: unique symbol }
  interface Disposable { [Symbol.dispose](): void }
}

// Node 20 has no Symbol.dispose; defined here so that `using` works where it is compiled down.
(Symbol as { dispose?: symbol }).dispose ??= Symbol.for('Symbol.dispose');

/** What lies in the core's memory. Freed by `dispose`, by the end of an `attn.scope`, or when it is dropped. */
export abstract class Owned {
  readonly #runtime: Runtime;
  readonly #handle: Handle;

  /** @internal */
  constructor(runtime: Runtime, handle: Handle) {
    this.#runtime = runtime;
    this.#handle = handle;
  }

  get disposed(): boolean { return this.#handle.isDeleted(); }

  /** Frees the memory now. Again is harmless; any other use afterwards is an error. */
  dispose(): void {
    if (!this.#handle.isDeleted() && !this.#runtime.stopped) this.#handle.delete();
  }
  [Symbol.dispose](): void { this.dispose(); }

  /** What this is, for messages: "a tensor [2,2]". @internal */
  abstract what(): string;

  /** @internal */
  protected get runtime(): Runtime { return this.#runtime; }

  /** For the facade: the C++ side, alive. @internal */
  handle(op: string, runtime: Runtime = this.#runtime): Handle {
    if (runtime !== this.#runtime) throw new AttnError('TYPE', op, `${this.what()} belongs to another load() of the module`);
    if (this.#handle.isDeleted()) throw new AttnError('TYPE', op, `${this.what()} was used after dispose()`);
    return this.#handle;
  }
}
