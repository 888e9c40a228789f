import { attend } from './attention.js';
import { checkpoints, type Checkpoints } from './checkpoint.js';
import { creation, type Creation } from './creation.js';
import { functional, type Functional } from './functional.js';
import { models, type Models } from './models.js';
import { nn, type NN } from './nn.js';
import { optim, type Optim } from './optim.js';
import { flag } from './options.js';
import type { Runtime } from './runtime.js';
import { strictFunctions } from './strict.js';
import type { AttendOptions, Attention, Info, TensorLike } from './types.js';

interface AttnFunctions extends Creation, Checkpoints {
  /** Attention that returns every intermediate: scores, scaled, masked, weights, output. */
  attend(query: TensorLike, key: TensorLike, value: TensorLike, options?: AttendOptions): Attention;
  /** Runs fn and frees every tensor made inside that is not in what it returns. */
  scope<T>(fn: () => T): T;
  /** Runs fn without recording its operators for gradients. */
  noGrad<T>(fn: () => T): T;
  /**
   * When on, the first operator whose result or gradient holds a NaN throws RANGE and is named, where gradients are
   * recorded. Costs a pass over every one of them.
   */
  detectAnomaly(on: boolean): void;
  /** Bytes that live tensors hold. */
  memory(): number;
  /**
   * Ends the core: its threads and all of its memory go, at once or when the call that runs has ended, and whatever is
   * left of it throws from then on. Again is harmless.
   */
  dispose(): void;
}
/** A loaded module. */
export interface Attn extends AttnFunctions {
  [Symbol.dispose](): void;
  readonly info: Info;
  readonly F: Functional;
  readonly nn: NN;
  readonly models: Models;
  readonly optim: Optim;
}

export function makeAttn(runtime: Runtime, info: Info): Attn {
  const functions: AttnFunctions = {
    ...creation(runtime),
    ...checkpoints(runtime),
    attend: (query, key, value, options) => attend(runtime, query, key, value, options),
    scope: (fn) => runtime.scope(fn),
    noGrad: (fn) => runtime.noGrad(fn),
    detectAnomaly(on) {
      flag('detectAnomaly', 'on', on);
      runtime.call('detectAnomaly', (core) => core.setDetectAnomaly(on));
    },
    memory: () => runtime.call('memory', (core) => core.tensorBytes()),
    dispose: () => runtime.end(),
  };
  return {
    info: Object.freeze(info),
    ...strictFunctions(functions),
    F: strictFunctions(functional(runtime)),
    nn: nn(runtime),
    models: models(runtime),
    optim: optim(runtime),
    [Symbol.dispose]: () => runtime.end(),
  };
}
