/** A training run that anything can drive: one step at a time, its state out and in, and no notion of where it runs. */
import type { Attn, AttnError, Optimizer, Schedule } from 'attention-playground';
import { taskOf } from './index.js';
import { makeLearner, type Attention, type Learner } from './learners.js';
import { mix, type Random } from './rng.js';
import { sampleOf, type Sample, type Settings, type Side, type Task } from './task.js';

export interface Evaluation {
  /** Mean cross-entropy. */
  loss: number;
  /** By the task's own measure, from 0 to 1. */
  metric: number;
}

/** A step whose loss or gradient is not finite: the run stands where it was before. */
export class Diverged extends Error {
  constructor(readonly at: number, readonly op: string) { super(`step ${at}: ${op || 'a number'} is not finite`); }
}

export class Run {
  readonly task: Task;
  readonly learner: Learner;
  /** How many steps were taken. */
  at = 0;
  /** Of the last step: its gradient's norm before clipping, and how many tokens it read. */
  gradientNorm = 0;
  tokens = 0;
  /** What all tensors held when the last loss was known, and so all that its gradient needs. */
  #bytes = 0;
  #losses: ReturnType<NonNullable<Task['losses']>> | undefined;
  #optimizer: Optimizer;
  #schedule: Schedule;

  /** At its start; `open` also makes ready what a task wants before its first sample. */
  constructor(private attn: Attn, readonly settings: Settings) {
    const { seed, values, recipe, model } = settings;
    this.task = taskOf(settings.task);
    attn.manualSeed(mix(seed, 'first values'));
    this.learner = makeLearner(attn, this.task, values, model);
    this.#optimizer = new attn.optim[recipe.optimizer](this.learner.model.parameters(), { lr: recipe.lr, weightDecay: recipe.weightDecay });
    this.#schedule = recipe.schedule === 'constant' ? attn.optim.constant(recipe.lr)
      : attn.optim.warmupCosine({ lr: recipe.lr, totalSteps: recipe.steps, warmupSteps: Math.min(recipe.warmup, recipe.steps - 1) /* of a short run, all but the last step */ });
  }

  /** A run at its start; or where `state`, which `save` gave, was. */
  static async open(attn: Attn, settings: Settings, state?: Uint8Array): Promise<Run> {
    await taskOf(settings.task).prepare?.();
    const run = new Run(attn, settings);
    if (state) {
      const { step } = attn.loadCheckpoint(state, run.learner.model, { optimizer: run.#optimizer });
      run.at = Number(step);
    }
    return run;
  }

  get parameters(): number { return this.learner.model.numParameters; }

  samples(side: Side, count: number, from = 0): Sample[] {
    const { seed, values } = this.settings;
    return Array.from({ length: count }, (_, i) => sampleOf(this.task, seed, from + i, values, side));
  }

  /** The gradient of one step's loss, and that loss. */
  #backward(batch = this.settings.recipe.batch): number {
    const { seed } = this.settings;
    // What dropout draws belongs to the step, so that a run that goes on from a file draws the same.
    this.attn.manualSeed(mix(seed, 'step', this.at));
    const samples = this.samples('train', batch, this.at * batch);
    this.tokens = this.learner.tokens(samples);
    return this.attn.scope(() => {
      const mean = this.learner.loss(samples);
      this.#bytes = this.attn.memory();
      mean.backward();
      return mean.item();
    });
  }

  /** One step of training; its loss. Throws `Diverged`, and changes nothing, where loss or gradient are not finite. */
  step(): number {
    const { recipe: { clip } } = this.settings;
    const loss = this.#backward();
    this.gradientNorm = this.attn.optim.clipGradNorm(this.learner.model.parameters(), clip > 0 ? clip : Infinity);
    if (!Number.isFinite(loss + this.gradientNorm)) {
      this.#optimizer.zeroGrad();
      throw new Diverged(this.at, this.#culprit());
    }
    this.#optimizer.lr = this.#schedule(this.at);
    this.#optimizer.step();
    this.#optimizer.zeroGrad();
    this.at++;
    return loss;
  }

  /** The operator that made the first NaN; '' where there are infinities alone. */
  #culprit(): string {
    this.attn.detectAnomaly(true);
    try {
      this.#backward();
      return '';
    } catch (error) {
      return (error as AttnError).op;
    } finally {
      this.attn.detectAnomaly(false);
      this.#optimizer.zeroGrad();
    }
  }

  /** What a step takes, by a forward and backward pass that changes nothing; of a part of the batch where all would take long. */
  probe(): { seconds: number; bytes: number } {
    const { batch } = this.settings.recipe;
    const measured = (count: number) => {
      const begin = performance.now();
      this.#backward(count);
      this.#optimizer.zeroGrad();
      return { seconds: (performance.now() - begin) / 1000, bytes: this.#bytes };
    };
    const one = measured(1), some = Math.max(1, Math.min(batch, Math.floor(1 / one.seconds)));
    if (some === 1) return { seconds: batch * one.seconds, bytes: batch * one.bytes };
    const { seconds, bytes } = measured(some);
    return { seconds: (seconds * batch) / some, bytes: bytes + ((bytes - one.bytes) * (batch - some)) / (some - 1) };
  }

  evaluate(side: Side = 'held', count = 256): Evaluation {
    return this.#evaluating(() => {
      const samples = this.samples(side, count);
      const { loss, said } = this.learner.judge(samples);
      return { loss, metric: this.#metric(samples, loss, said) };
    });
  }

  #metric(samples: readonly Sample[], loss: number, said: readonly string[][]): number {
    const { metric } = this.task;
    if (metric === 'gained') {
      const { bigram, least = 0 } = this.#losses ??= this.task.losses!(this.settings.values);
      return (bigram - loss) / (bigram - least);
    }
    const right = samples.map(({ output }, i) => output.filter((token, t) => said[i]![t] === token).length);
    if (metric === 'tokens') {
      return right.reduce((a, b) => a + b, 0) / samples.reduce((sum, { output }) => sum + output.length, 0);
    }
    return samples.filter(({ output }, i) => right[i] === output.length && said[i]!.length === output.length).length / samples.length;
  }

  /** What the model says by itself to what a sample asks; of a stream, `most` tokens, which `random` draws. */
  predict(sample: Pick<Sample, 'input' | 'pixels'>, most?: number, random?: Random): string[] {
    return this.#evaluating(() => this.learner.say(sample, most, random));
  }
  /** Where it looks while it reads a sample and its output. */
  attention(sample: Sample): Attention[] { return this.#evaluating(() => this.learner.attention(sample)); }

  #evaluating<T>(f: () => T): T {
    const { model } = this.learner;
    model.eval();
    try {
      return f();
    } finally {
      model.train();
    }
  }

  /** Weights, the optimiser's state and the step, as a safetensors file; the settings are in its metadata. */
  save(): Uint8Array {
    return this.attn.saveCheckpoint(this.learner.model, {
      optimizer: this.#optimizer, metadata: { settings: JSON.stringify(this.settings), step: String(this.at) },
    });
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.learner.model.dispose();
  }
}
