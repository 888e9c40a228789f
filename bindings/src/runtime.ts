import { AttnError } from './error.js';
import { failureOf } from './failure.js';
import { shown } from './options.js';
import type { Owned } from './owned.js';
import type { Handle, RawCore, RawProbe } from './raw.js';
import { ownedIn, refusePromise, synchronously } from './scope.js';
import { Tensor } from './tensor.js';
import type { Probe } from './types.js';

/** Where an object keeps its C++ side: apart from it, so that a core that ends can take it away from all that is left. */
export interface Slot {
  handle: Handle | undefined;
  /** Older objects have lower numbers. */
  readonly born: number;
}

/** A call that the core is running, with its arguments' conversion. */
interface Call {
  /** What was born before may be in use until this ends. */
  readonly since: number;
  /** Whether it waits for a function of the user's, whose own calls stand above this one. */
  calledBack: boolean;
  /** What numbers among the arguments became. */
  readonly temporaries: Tensor[];
  /** What was disposed meanwhile. */
  readonly left: Handle[];
}

/** One loaded core: every call into it goes through `call`, and everything out of it through `own`. */
export class Runtime {
  #core: RawCore | undefined;
  /** Ends the core's threads. Knows nothing of this runtime, so that one that is dropped can be ended, too. */
  readonly #finish: () => void;
  /** How many calls the core is in. */
  readonly #inside: () => number;
  #caught: unknown;
  #over: { code: 'INTERNAL' | 'TYPE'; message: string } | undefined;
  readonly #calls: Call[] = [];
  readonly #scopes: Set<Owned>[] = [];
  #quiet = 0;
  #thrown: { error: unknown } | undefined;
  #born = 0;
  readonly #slots = new Set<Slot>();
  readonly #dropped = new FinalizationRegistry<Slot>((slot) => this.release(slot));

  constructor(core: RawCore, finish: () => void) {
    this.#core = core;
    this.#finish = finish;
    this.#inside = counted(core);
  }

  /** Whether the core is past use; then nothing in it is freed either: after a trap its heap may be damaged. */
  get over(): boolean { return this.#over !== undefined; }

  /** Refuses all calls from now on; threads and memory go at once, or when the call that runs has ended. */
  end(): void {
    this.#over ??= { code: 'TYPE', message: 'the core was ended by attn.dispose()' };
    if (this.#calls.length > 0 || !this.#core) return;
    this.#core = undefined;
    for (const slot of this.#slots) slot.handle = undefined;
    this.#slots.clear();
    this.#finish();
  }

  /** The core; throws where it is past use. */
  use(op: string): RawCore {
    const over = this.#over;
    if (over || !this.#core) throw new AttnError(over!.code, op, `${over!.message}; load() a new one`);
    return this.#core;
  }

  /** Keeps a new object's C++ side, until `release` or until the object is dropped. */
  hold(owner: Owned, handle: Handle): Slot {
    const slot = { handle, born: this.#born++ };
    this.#slots.add(slot);
    this.#dropped.register(owner, slot, slot);
    return slot;
  }

  /** Frees what a slot holds; where a call may be using it, when that ends. */
  release(slot: Slot): void {
    const { handle } = slot;
    if (!handle || this.#over) return;
    slot.handle = undefined;
    this.#slots.delete(slot);
    this.#dropped.unregister(slot);
    const innermost = this.#calls.at(-1);
    const user = this.#calls.find(({ since }) => slot.born < since) ?? (innermost?.calledBack === false ? innermost : undefined);
    if (user) user.left.push(handle);
    else handle.delete();
  }

  /** A tensor that an operator makes of its caller's numbers; freed when the call ends. */
  temporary(handle: Handle): Tensor {
    const tensor = new Tensor(this, handle);
    this.#calls.at(-1)!.temporaries.push(tensor);
    return tensor;
  }

  /**
   * Runs an operator: f converts its arguments and calls the core. Whatever is thrown arrives as an AttnError that names
   * `op`, the function that the user called, and temporaries are freed. A trap is the core's end: later calls refuse.
   */
  call<T>(op: string, f: (core: RawCore) => T, names = false): T {
    const core = this.use(op);
    // Converting an argument is a call within the call.
    if (this.#calls.at(-1)?.calledBack === false) return this.#run(core, op, f, names);
    this.#stopIfBroken(op, this.#calls.length);
    const call: Call = { since: this.#born, calledBack: false, temporaries: [], left: [] };
    this.#calls.push(call);
    try {
      return this.#run(core, op, f, names);
    } finally {
      this.#calls.pop();
      for (const tensor of call.temporaries) tensor.dispose();
      if (!this.#over) for (const handle of call.left) handle.delete();
      else if (this.#over.code === 'TYPE') this.end();
    }
  }

  /** As `call`, for what runs many operators: the message names the one that refused. */
  compound<T>(op: string, f: (core: RawCore) => T): T { return this.call(op, f, true); }

  #run<T>(core: RawCore, op: string, f: (core: RawCore) => T, names: boolean): T {
    let result: T | undefined;
    let caught: { error: unknown } | undefined;
    try {
      result = f(core);
    } catch (error) {
      caught = { error };
      this.#caught = error; // where the stack ran out, there may be no room for more than this
    }
    const { failure } = core;
    const thrown = this.#thrown;
    core.failure = this.#thrown = undefined;
    if (caught) this.#stopIfBroken(op, this.#calls.length - 1);
    // What was caught, if anything was, only tripped over the failed call's empty result.
    if (thrown) throw thrown.error;
    if (failure) throw failureOf(op, failure, names);
    if (!caught) return result as T;
    const { error } = caught;
    if (error instanceof AttnError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new AttnError(error instanceof RangeError ? 'OOM' : 'TYPE', op, message, [], { cause: error });
  }

  /**
   * A trap, or a stack that ran out in the core, leaves it in the middle of anything, and in more calls than there should
   * be. Whatever else is thrown, by a user's getter say, is thrown outside of it.
   */
  #stopIfBroken(op: string, calls: number): void {
    if (this.#inside() === calls) return;
    const error = this.#caught;
    if (this.#over?.code === 'INTERNAL') throw error; // by a call within a callback
    const message = error instanceof Error ? error.message : String(error);
    this.#over = { code: 'INTERNAL', message: `the core stopped earlier (${message})` };
    throw new AttnError('INTERNAL', op, `the core stopped (${message}); load() a new one`, [], { cause: error });
  }

  /**
   * Runs a function that the user gave, while the core waits for it: what it disposes is freed as soon as no call can be
   * using it. What it throws waits here until the core has put its things away; `false` tells the core to do so.
   */
  callback<T>(f: () => T): T | false {
    const call = this.#calls.at(-1)!;
    call.calledBack = true;
    try {
      return f();
    } catch (error) {
      if (this.#over?.code === 'INTERNAL') throw error;
      this.#thrown = { error };
      return false;
    } finally {
      call.calledBack = false;
    }
  }

  /** A probe as the core calls it. */
  probe(op: string, see: Probe | undefined): RawProbe | null {
    if (see === undefined) return null;
    if (typeof see !== 'function') throw new AttnError('TYPE', op, `probe must be a function, got ${shown(see)}`);
    return (name, activation) => this.callback(() => {
      const other: unknown = see(name, this.wrap(activation));
      if (other === undefined) return null;
      if (other instanceof Tensor) return other.handle(op, this);
      refusePromise(op, 'the probe', other, 'the model goes on when it returns');
      throw new AttnError('TYPE', op, `the probe must return a tensor or nothing for ${name}, got ${shown(other)}`);
    });
  }

  wrap(handle: Handle): Tensor { return this.own(new Tensor(this, handle)); }

  /** What tells of a tensor. */
  get core(): RawCore { return this.#core ?? this.use('attn'); }

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
      if (--this.#quiet === 0 && !this.#over) this.call('noGrad', (core) => core.setNoGrad(false));
    }
  }
}

/** Lets every function of the core count the calls that it is in: one that throws stays counted. */
function counted(core: RawCore): () => number {
  let inside = 0;
  const functions = core as unknown as Record<string, unknown>;
  for (const [name, f] of Object.entries(functions)) {
    if (typeof f !== 'function' || name === 'fail' || name === 'printErr') continue; // ours
    functions[name] = (...args: unknown[]): unknown => {
      inside++;
      const result: unknown = f(...args);
      inside--;
      return result;
    };
  }
  return () => inside;
}
