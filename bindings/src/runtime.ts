import { AttnError } from './error.js';
import { shown } from './options.js';
import { Owned } from './owned.js';
import type { Handle, RawCore, RawProbe } from './raw.js';
import { Tensor } from './tensor.js';
import type { ErrorCode, Probe } from './types.js';

/** C++ spells in_proj_weight what its callers here know as inProjWeight. */
const camel = (text: string) => text.replace(/([a-z0-9])_([a-z])/g, (_, before: string, after: string) => before + after.toUpperCase());

/** One loaded core: every call into it goes through `call`, and everything out of it through `own`. */
export class Runtime {
  #trap: string | undefined;
  readonly #scopes: Set<Owned>[] = [];
  readonly #temporaries: Tensor[] = [];
  #depth = 0;
  #quiet = 0;
  #thrown: { error: unknown } | undefined;

  constructor(readonly core: RawCore) {}

  /** Whether the core is past use; then nothing in it is freed either, since its heap may be damaged. */
  get stopped(): boolean { return this.#trap !== undefined; }

  /** A tensor that an operator makes of its caller's numbers; freed when the outermost `call` ends. */
  temporary(handle: Handle): Tensor {
    const tensor = new Tensor(this, handle);
    this.#temporaries.push(tensor);
    return tensor;
  }

  /**
   * Runs an operator: f converts its arguments and calls the core. Whatever is thrown arrives as an AttnError that names
   * `op`, the function that the user called, and temporaries are freed. A trap is the core's end: later calls refuse.
   */
  call<T>(op: string, f: (core: RawCore) => T, names = false): T {
    if (this.#trap) {
      throw new AttnError('INTERNAL', op, `the core stopped earlier (${this.#trap}); load() a new one`);
    }
    this.#depth++; // converting an argument is a call within the call
    try {
      return this.#run(op, f, names);
    } finally {
      if (--this.#depth === 0) for (const tensor of this.#temporaries.splice(0)) tensor.dispose();
    }
  }

  /** As `call`, for what runs many operators: the message names the one that refused. */
  compound<T>(op: string, f: (core: RawCore) => T): T { return this.call(op, f, true); }

  #run<T>(op: string, f: (core: RawCore) => T, names: boolean): T {
    let result: T | undefined;
    let caught: unknown;
    try {
      result = f(this.core);
    } catch (error) {
      caught = error;
    }
    const { failure } = this.core;
    if (failure) {
      // What was thrown, if anything was, only tripped over the failed call's empty result.
      this.core.failure = undefined;
      const thrown = this.#thrown; // by a probe
      this.#thrown = undefined;
      if (thrown) throw thrown.error;
      const inner = camel(failure.op);
      // Memory is refused by who makes tensors, whoever needs them.
      const where = names && inner && inner !== op && failure.code !== 'OOM' ? `${inner}: ` : '';
      throw new AttnError(failure.code as ErrorCode, op, where + camel(failure.message), failure.shapes);
    }
    if (caught === undefined) return result as T;
    if (caught instanceof AttnError) throw caught;
    const message = caught instanceof Error ? caught.message : String(caught);
    // A stack that ran out may have left the core in the middle of anything.
    if (caught instanceof WebAssembly.RuntimeError || /call stack|recursion/i.test(message)) {
      this.#trap = message;
      this.core.stopped = true;
      throw new AttnError('INTERNAL', op, `the core stopped (${message}); load() a new one`, [], { cause: caught });
    }
    throw new AttnError(caught instanceof RangeError ? 'OOM' : 'TYPE', op, message, [], { cause: caught });
  }

  /** A probe as the core calls it. What it throws waits here until the core has put its things away. */
  probe(op: string, see: Probe | undefined): RawProbe | null {
    if (see === undefined) return null;
    if (typeof see !== 'function') throw new AttnError('TYPE', op, `probe must be a function, got ${shown(see)}`);
    return (name, activation) => {
      try {
        const other: unknown = see(name, this.wrap(activation));
        if (other === undefined) return null;
        if (other instanceof Tensor) return other.handle(op, this);
        throw new AttnError('TYPE', op, `the probe must return a tensor or nothing for ${name}, got ${shown(other)}`);
      } catch (error) {
        if (this.stopped) throw error;
        this.#thrown = { error };
        return false;
      }
    };
  }

  wrap(handle: Handle): Tensor { return this.own(new Tensor(this, handle)); }

  /** Leaves what was made to the scope that is open, if one is. */
  own<T extends Owned>(made: T): T {
    this.#scopes.at(-1)?.add(made);
    return made;
  }

  scope<T>(f: () => T): T {
    const made = new Set<Owned>();
    this.#scopes.push(made);
    let kept = new Set<Owned>();
    try {
      const result = synchronously('scope', f, 'its tensors are freed');
      kept = ownedIn(result);
      return result;
    } finally {
      this.#scopes.pop();
      for (const one of made) {
        if (kept.has(one)) this.own(one);
        else one.dispose();
      }
    }
  }

  /** Runs f; its operators are not recorded for gradients. */
  noGrad<T>(f: () => T): T {
    if (this.#quiet++ === 0) this.call('noGrad', (core) => core.setNoGrad(true));
    try {
      return synchronously('noGrad', f, 'gradients are recorded again');
    } finally {
      if (--this.#quiet === 0 && !this.stopped) this.call('noGrad', (core) => core.setNoGrad(false));
    }
  }
}

/** What f returns; throws if that is a promise, for `because` when it returns. */
function synchronously<T>(op: string, f: () => T, because: string): T {
  if (typeof f !== 'function') throw new AttnError('TYPE', op, `expected a function, got ${shown(f)}`);
  const result = f();
  if (!isThenable(result)) return result;
  result.then(undefined, () => {}); // it may trip over what ended too early, but nobody will ever hold it
  throw new AttnError('TYPE', op, `the function must not be asynchronous: ${because} when it returns`);
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';

/** The tensors and models anywhere in a returned value; a list of what is left to look at, since values may be deeper than the stack. */
function ownedIn(result: unknown): Set<Owned> {
  const found = new Set<Owned>();
  const seen = new Set<object>();
  const left: unknown[] = [result];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Owned) found.add(value);
    else for (const item of value instanceof Map || value instanceof Set ? value.values() : Object.values(value)) left.push(item);
  }
  return found;
}
