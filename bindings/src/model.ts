import { AttnError } from './error.js';
import { Module } from './module.js';
import { shown } from './options.js';
import type { Handle } from './raw.js';
import type { Runtime } from './runtime.js';
import type { TensorLike } from './types.js';

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const renamed = (fields: object, rename: (name: string) => string) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined).map(([name, value]) => [rename(name), value]));

/** A whole model, made from its config alone, in either spelling of the names, since files have the core's; it checks that. */
export abstract class Model<Config extends object> extends Module {
  /** What it was made from, with every default filled in: plain data, which JSON keeps. */
  readonly config: Readonly<Required<Config>>;

  /** @internal */
  constructor(runtime: Runtime, name: string, kind: string, config: Config) {
    if (typeof config !== 'object' || config === null) throw new AttnError('TYPE', name, `config must be an object, got ${shown(config)}`);
    super(runtime, name, (core) => core.newModel(kind, JSON.stringify(renamed(config, snake))));
    const json = this.run((core, model) => core.modelConfig(kind, model));
    this.config = Object.freeze(renamed(JSON.parse(json) as object, camel)) as Readonly<Required<Config>>;
  }

  /** Numbers that it learns. */
  get numParameters(): number { return this.parameters().reduce((sum, { size }) => sum + size, 0); }

  /** @internal */
  protected tokens(x: TensorLike, what: string): Handle { return this.argument(x, what, 'int32'); }
  /** @internal */
  protected optionalTokens(x: TensorLike | null | undefined, what: string): Handle | null {
    return x === undefined || x === null ? null : this.tokens(x, what);
  }
}

export interface SizesOfBlocks {
  dModel: number;
  numHeads: number;
  numLayers: number;
  /** 0, unless told: 4 · dModel. */
  dimFeedforward?: number;
  dropout?: number;
  bias?: boolean;
}
