import { AttnError } from './error.js';
import { Module } from './module.js';
import { shown } from './options.js';
import type { Handle } from './raw.js';
import type { Runtime } from './runtime.js';
import type { TensorLike } from './types.js';

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The config as the core spells it; a name that it does not know it refuses as the user wrote it. */
function coreConfig(op: string, config: object, keys: readonly string[]): object {
  const known: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(config)) {
    if (value === undefined) continue;
    const key = keys.includes(snake(name)) ? snake(name) : name;
    if (key in known) throw new AttnError('TYPE', op, `the config has both '${camel(key)}' and '${key}', which are one`);
    known[key] = value;
  }
  return known;
}

/** A whole model, made from its config alone, in either spelling of the names, since files have the core's; it checks that. */
export abstract class Model<Config extends object> extends Module {
  /** What it was made from, with every default filled in: plain data, which JSON keeps. */
  readonly config: Readonly<Required<Config>>;

  /** @internal */
  constructor(runtime: Runtime, name: string, kind: string, config: Config) {
    if (typeof config !== 'object' || config === null) throw new AttnError('TYPE', name, `config must be an object, got ${shown(config)}`);
    super(runtime, name, (core) => core.newModel(kind, JSON.stringify(coreConfig(name, config, core.configKeys(kind)))));
    const json = this.run((core, model) => core.modelConfig(kind, model));
    const entries = Object.entries(JSON.parse(json) as object).map(([key, value]) => [camel(key), value]);
    this.config = Object.freeze(Object.fromEntries(entries)) as Readonly<Required<Config>>;
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
