import { toTensor } from './creation.js';
import { AttnError } from './error.js';
import { flag, optionsOf, shown } from './options.js';
import { Owned } from './owned.js';
import type { Handle, RawCore } from './raw.js';
import type { Runtime } from './runtime.js';
import { Tensor } from './tensor.js';
import type { DType, TensorLike } from './types.js';

export interface LoadStateDictOptions {
  /** False passes over names that are missing or unknown. */
  strict?: boolean;
}

/** What a core's list of name, tensor, name, tensor, … holds. */
export function* entriesOf(list: readonly (string | Handle)[], wrap: (handle: Handle) => Tensor): Iterable<[string, Tensor]> {
  for (let i = 0; i < list.length; i += 2) yield [list[i] as string, wrap(list[i + 1] as Handle)];
}

/** An object of tensors as the two arrays that the core takes. */
export function namesAndHandles(runtime: Runtime, op: string, tensors: Readonly<Record<string, TensorLike>>): [string[], Handle[]] {
  if (typeof tensors !== 'object' || tensors === null || tensors instanceof Owned) {
    throw new AttnError('TYPE', op, `expected an object of tensors, got ${shown(tensors)}`);
  }
  const handles = Object.entries(tensors).map(([name, x]) => toTensor(runtime, op, x, 'float32', name).handle(op, runtime));
  return [Object.keys(tensors), handles];
}

/** What every layer is: named parameters, parts that are layers themselves, and whether it is being trained. */
export abstract class Module extends Owned {
  /** The layer's name, for messages. @internal */
  protected readonly op: string;
  #parameters: ReadonlyMap<string, Tensor> | undefined;

  /** @internal */
  constructor(runtime: Runtime, name: string, make: (core: RawCore) => Handle) {
    super(runtime, runtime.call(name, make));
    this.op = name;
    runtime.own(this);
  }

  /** @internal */
  what(): string { return `the ${this.op}`; }
  /** @internal */
  protected inside(): object { return Object.fromEntries(this.#named()); }

  /** Runs f on the core's module; errors name the layer, and the operator within. @internal */
  protected run<T>(f: (core: RawCore, module: Handle) => T): T {
    return this.runtime.compound(this.op, (core) => f(core, this.handle(this.op)));
  }
  /** An argument of forward. @internal */
  protected argument(x: TensorLike, what: string, dtype: DType = 'float32'): Handle {
    return toTensor(this.runtime, this.op, x, dtype, what).handle(this.op);
  }

  /** The core's own parameters: each is the same object every time, until it is disposed, and no scope frees it. */
  #named(): ReadonlyMap<string, Tensor> {
    const known = this.#parameters;
    this.handle(this.op);
    if (known && [...known.values()].every(({ disposed }) => !disposed)) return known;
    const list = this.run((core, module) => core.parameters(module));
    const wrap = (x: Handle) => new Tensor(this.runtime, x);
    this.#parameters = new Map([...entriesOf(list, wrap)].map(([name, fresh]) => {
      const old = known?.get(name);
      if (!old || old.disposed) return [name, fresh];
      fresh.dispose();
      return [name, old];
    }));
    return this.#parameters;
  }
  /** Of this layer itself. @internal */
  protected parameter(name: string): Tensor | null { return this.#named().get(name) ?? null; }

  /** Of this and all its parts, the parts' behind "part."; each tensor once, under its first name, the same at every call. */
  namedParameters(): [name: string, parameter: Tensor][] { return [...this.#named()]; }
  parameters(): Tensor[] { return [...this.#named().values()]; }

  /** The parameters under all their names, PyTorch's to the letter; without gradients, sharing their elements. */
  stateDict(): Record<string, Tensor> {
    const list = this.run((core, module) => core.stateDict(module));
    return Object.fromEntries(entriesOf(list, (x) => this.runtime.wrap(x)));
  }
  /**
   * Copies the elements of tensors with equal names and shapes. Throws FORMAT that lists what is missing, unknown or of
   * another shape, and then changes nothing.
   */
  loadStateDict(state: Readonly<Record<string, TensorLike>>, options?: LoadStateDictOptions): void {
    const op = 'loadStateDict';
    options = optionsOf(op, options, ['strict']);
    const strict = flag(op, 'strict', options.strict ?? true);
    this.runtime.call(op, (core) =>
      core.loadStateDict(this.handle(op), ...namesAndHandles(this.runtime, op, state), strict));
  }

  /** Dropout drops while training alone, as every layer is at first. */
  train(on?: boolean): this {
    on = flag(this.op, 'train', on === undefined ? true : on);
    this.run((core, module) => core.train(module, on));
    return this;
  }
  eval(): this { return this.train(false); }
  get training(): boolean { return this.run((core, module) => core.training(module)); }

  /** Frees it and its parameters; what another layer, an optimiser or a gradient needs of them stays in memory. */
  override dispose(): void {
    super.dispose();
    for (const parameter of this.#parameters?.values() ?? []) parameter.dispose();
  }
}

/** A module from one tensor to one: what Sequential chains. */
export abstract class Layer extends Module {
  /** What numbers as an argument become. @internal */
  readonly input: DType;

  /** @internal */
  constructor(runtime: Runtime, name: string, make: (core: RawCore) => Handle, input: DType = 'float32') {
    super(runtime, name, make);
    this.input = input;
  }

  forward(x: TensorLike): Tensor {
    return this.runtime.wrap(this.run((core, layer) => core.forward(layer, this.argument(x, 'x', this.input))));
  }
}
