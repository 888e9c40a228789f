import { AttnError } from './error.js';
import { entriesOf, namesAndHandles } from './module.js';
import { checkNames, flag, number, optionsOf, shown, whole } from './options.js';
import { Owned } from './owned.js';
import type { Handle, RawCore } from './raw.js';
import type { Runtime } from './runtime.js';
import { bound, strict, strictFunctions } from './strict.js';
import { Tensor } from './tensor.js';
import type { TensorLike } from './types.js';

/** What a step starts from beside the parameters; with it, training goes on as if it had never stopped. */
export interface OptimizerState {
  /** 'AdamW' */
  name: string;
  /** By PyTorch's names (`weight_decay`); 1 is for what is on. */
  options: Readonly<Record<string, number>>;
  /** "state.0.exp_avg" for the first parameter, …, and int32 "state.0.step". */
  tensors: Readonly<Record<string, TensorLike>>;
}

function handlesOf(runtime: Runtime, op: string, parameters: readonly Tensor[]): Handle[] {
  if (!Array.isArray(parameters)) throw new AttnError('TYPE', op, `parameters must be an array of tensors, got ${shown(parameters)}`);
  return parameters.map((parameter: unknown) => {
    if (!(parameter instanceof Tensor)) throw new AttnError('TYPE', op, `every parameter must be a tensor, got ${shown(parameter)}`);
    return parameter.handle(op, runtime);
  });
}

/** Moves parameters against their gradients. */
export abstract class Optimizer extends Owned {
  readonly #name: string;

  /** @internal */
  constructor(runtime: Runtime, name: string, parameters: readonly Tensor[], make: (core: RawCore, parameters: Handle[]) => Handle) {
    super(runtime, runtime.call(name, (core) => make(core, handlesOf(runtime, name, parameters))));
    this.#name = name;
    runtime.own(this);
  }
  /** @internal */
  what(): string { return `the ${this.#name}`; }
  /** @internal */
  protected inside(): object { return this.stateDict(); }

  #run<T>(op: string, f: (core: RawCore, optimizer: Handle) => T): T {
    return this.runtime.call(op, (core) => f(core, this.handle(op)));
  }

  /** Moves every parameter that has a gradient, all in one call. NaN is not hidden: it goes on into the parameter. */
  step(): void { this.#run('step', (core, optimizer) => core.step(optimizer)); }
  /** Leaves the parameters without gradients. */
  zeroGrad(): void { this.#run('zeroGrad', (core, optimizer) => core.zeroGrad(optimizer)); }

  /** The learning rate. */
  get lr(): number { return this.#run('lr', (core, optimizer) => core.lr(optimizer)); }
  set lr(lr: number) {
    number('lr', 'lr', lr);
    this.#run('lr', (core, optimizer) => core.setLr(optimizer, lr));
  }

  /** Its tensors share the elements that `step` writes to. */
  stateDict(): OptimizerState & { tensors: Record<string, Tensor> } {
    const { name, options, tensors } = this.#run('stateDict', (core, optimizer) => core.optimizerState(optimizer));
    return { name, options, tensors: Object.fromEntries(entriesOf(tensors, (x) => this.runtime.wrap(x))) };
  }
  /** Copies; the options too. Throws FORMAT that lists what does not fit, and then changes nothing. */
  loadStateDict(state: OptimizerState): void {
    const op = 'loadStateDict';
    checkNames(op, state, ['name', 'options', 'tensors']);
    if (typeof state.name !== 'string') throw new AttnError('TYPE', op, `name must be a string, got ${shown(state.name)}`);
    if (typeof state.options !== 'object' || state.options === null) {
      throw new AttnError('TYPE', op, `options must be an object, got ${shown(state.options)}`);
    }
    const values = Object.entries(state.options).map(([name, value]) => number(op, name, value));
    this.#run(op, (core, optimizer) => core.loadOptimizerState(optimizer, state.name, Object.keys(state.options), values,
      ...namesAndHandles(this.runtime, op, state.tensors)));
  }
}

export interface SGDOptions {
  /** 1e-3 unless told, as for the others. */
  lr?: number;
  momentum?: number;
  dampening?: number;
  /** L2 */
  weightDecay?: number;
  /** Needs momentum, and no dampening. */
  nesterov?: boolean;
}
/**
 * g' = g + weightDecay · p; b = momentum · b + (1 − dampening) · g'; p −= lr · b, or with nesterov
 * p −= lr · (g' + momentum · b). Sutskever et al. 2013, ICML.
 */
export class SGD extends Optimizer {
  /** @internal */
  constructor(runtime: Runtime, parameters: readonly Tensor[], options?: SGDOptions) {
    options = optionsOf('SGD', options, ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov']);
    const value = (name: 'lr' | 'momentum' | 'dampening' | 'weightDecay', usual: number) => number('SGD', name, options[name] ?? usual);
    super(runtime, 'SGD', parameters, (core, handles) => core.newSgd(handles, value('lr', 1e-3), value('momentum', 0),
      value('dampening', 0), value('weightDecay', 0), flag('SGD', 'nesterov', options.nesterov ?? false)));
  }
}

export interface AdamOptions {
  lr?: number;
  /** [0.9, 0.999] unless told. */
  betas?: readonly [number, number];
  /** 1e-8 unless told. */
  eps?: number;
  /** L2 for Adam, 0 unless told; decoupled for AdamW, 0.01 unless told. */
  weightDecay?: number;
  amsgrad?: boolean;
}
type AdamArguments = [lr: number, beta1: number, beta2: number, eps: number, weightDecay: number, amsgrad: boolean];

function adamArguments(op: string, options: AdamOptions | undefined, weightDecay: number): AdamArguments {
  options = optionsOf(op, options, ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad']);
  const betas: unknown = options.betas ?? [0.9, 0.999];
  if (!Array.isArray(betas) || betas.length !== 2) throw new AttnError('TYPE', op, `betas must be two numbers, got ${shown(betas)}`);
  return [number(op, 'lr', options.lr ?? 1e-3), number(op, 'betas', betas[0]), number(op, 'betas', betas[1]),
    number(op, 'eps', options.eps ?? 1e-8), number(op, 'weightDecay', options.weightDecay ?? weightDecay), flag(op, 'amsgrad', options.amsgrad ?? false)];
}

/**
 * g' = g + weightDecay · p; m = β1 m + (1 − β1) g'; v = β2 v + (1 − β2) g'²;
 * p −= lr · m / (1 − β1ᵗ) / (√(v / (1 − β2ᵗ)) + eps); with amsgrad v's running maximum stands in the denominator.
 * Kingma & Ba 2015, arXiv:1412.6980; Reddi et al. 2018, arXiv:1904.09237.
 */
export class Adam extends Optimizer {
  /** @internal */
  constructor(runtime: Runtime, parameters: readonly Tensor[], options?: AdamOptions) {
    const settings = adamArguments('Adam', options, 0);
    super(runtime, 'Adam', parameters, (core, handles) => core.newAdam(handles, ...settings));
  }
}
/** Adam whose decay does not pass through the moments. Loshchilov & Hutter 2019, arXiv:1711.05101. */
export class AdamW extends Optimizer {
  /** @internal */
  constructor(runtime: Runtime, parameters: readonly Tensor[], options?: AdamOptions) {
    const settings = adamArguments('AdamW', options, 1e-2);
    super(runtime, 'AdamW', parameters, (core, handles) => core.newAdamW(handles, ...settings));
  }
}

export interface EarlyStoppingOptions {
  patience: number;
  /** By how much a loss must be below the best to count; 0 unless told. */
  minDelta?: number;
}
/** Says when a loss has not fallen for long enough. */
export class EarlyStopping extends Owned {
  /** @internal */
  constructor(runtime: Runtime, options: EarlyStoppingOptions) {
    const op = 'EarlyStopping';
    checkNames(op, options, ['patience', 'minDelta']);
    super(runtime, runtime.call(op, (core) =>
      core.newEarlyStopping(whole(op, 'patience', options.patience), number(op, 'minDelta', options.minDelta ?? 0))));
    runtime.own(this);
  }
  /** @internal */
  what(): string { return 'the EarlyStopping'; }
  /** @internal */
  protected inside(): object { return { bestStep: this.bestStep, bestLoss: this.bestLoss }; }

  /** Notes the loss of a step; whether to stop: `patience` losses in a row were not below the best. NaN never is. */
  stop(step: number, loss: number): boolean {
    return this.runtime.call('stop', (core) => core.stop(this.handle('stop'), whole('stop', 'step', step), number('stop', 'loss', loss)));
  }
  /** −1 before the first loss. */
  get bestStep(): number { return this.runtime.call('bestStep', (core) => core.bestStep(this.handle('bestStep'))); }
  /** Infinity before the first loss. */
  get bestLoss(): number { return this.runtime.call('bestLoss', (core) => core.bestLoss(this.handle('bestLoss'))); }
}

export interface ClipGradNormOptions {
  /** 2 unless told; Infinity takes the largest. */
  normType?: number;
  errorIfNonfinite?: boolean;
}
export interface WarmupCosineOptions {
  lr: number;
  totalSteps: number;
  warmupSteps?: number;
  minLr?: number;
}
/** The learning rate of step 0, 1, …: `optimizer.lr = schedule(step)` before each step. */
export type Schedule = (step: number) => number;

export type Optim = ReturnType<typeof optim>;

/** `attn.optim`: optimisers, and what a training loop needs beside them. */
export function optim(runtime: Runtime) {
  const schedule = (op: string, at: (core: RawCore, step: number) => number): Schedule => {
    const lr = (step: number) => runtime.call(op, (core) => at(core, whole(op, 'step', step)));
    lr(0); // refuses what is out of range now, not in the loop
    return strict(op, lr);
  };
  const functions = {
    /**
     * Scales the gradients of all parameters together where their norm (Σ|g|ᵖ)^(1/p) is greater than maxNorm, so that it
     * is maxNorm; returns the norm as it was. Pascanu et al. 2013, arXiv:1211.5063.
     */
    clipGradNorm(parameters: readonly Tensor[], maxNorm: number, options?: ClipGradNormOptions): number {
      const op = 'clipGradNorm';
      options = optionsOf(op, options, ['normType', 'errorIfNonfinite']);
      return runtime.call(op, (core) => core.clipGradNorm(handlesOf(runtime, op, parameters), number(op, 'maxNorm', maxNorm),
        number(op, 'normType', options.normType ?? 2), flag(op, 'errorIfNonfinite', options.errorIfNonfinite ?? false)));
    },

    constant(lr: number): Schedule {
      number('constant', 'lr', lr);
      return schedule('constant', (core, step) => core.constantAt(lr, step));
    },
    /**
     * lr · (step + 1) / (warmupSteps + 1) for the first warmupSteps, then half a cosine from lr down to minLr at
     * totalSteps, and minLr from there on. Loshchilov & Hutter 2017, arXiv:1608.03983.
     */
    warmupCosine(options: WarmupCosineOptions): Schedule {
      const op = 'warmupCosine';
      checkNames(op, options, ['lr', 'totalSteps', 'warmupSteps', 'minLr']);
      const [lr, minLr] = [number(op, 'lr', options.lr), number(op, 'minLr', options.minLr ?? 0)];
      const [total, warmup] = [whole(op, 'totalSteps', options.totalSteps), whole(op, 'warmupSteps', options.warmupSteps ?? 0)];
      return schedule(op, (core, step) => core.warmupCosineAt(lr, total, warmup, minLr, step));
    },
  };
  return {
    SGD: bound(runtime, SGD),
    Adam: bound(runtime, Adam),
    AdamW: bound(runtime, AdamW),
    EarlyStopping: bound(runtime, EarlyStopping),
    ...strictFunctions(functions),
  };
}
