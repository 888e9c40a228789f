/** A training run that anything can drive: one step at a time, its state out and in, and no notion of where it runs. */
import type { Attn, Optimizer, Schedule } from 'attention-playground';
import { taskOf } from './index.js';
import { makeLearner, type Attention, type Learner } from './learners.js';
import { mix } from './rng.js';
import { sampleOf, type Sample, type Settings, type Side, type Task } from './task.js';

export interface Evaluation {
  /** Mean cross-entropy. */
  loss: number;
  /** By the task's own measure, from 0 to 1. */
  metric: number;
}

export class Run {
  readonly task: Task;
  readonly learner: Learner;
  /** How many steps were taken. */
  at = 0;
  #optimizer: Optimizer;
  #schedule: Schedule;

  private constructor(private attn: Attn, readonly settings: Settings) {
    const { seed, values, recipe, model } = settings;
    this.task = taskOf(settings.task);
    attn.manualSeed(mix(seed, 'first values'));
    this.learner = makeLearner(attn, this.task, values, model);
    this.#optimizer = new attn.optim[recipe.optimizer](this.learner.model.parameters(), { lr: recipe.lr, weightDecay: recipe.weightDecay });
    this.#schedule = recipe.schedule === 'constant' ? attn.optim.constant(recipe.lr)
      : attn.optim.warmupCosine({ lr: recipe.lr, totalSteps: recipe.steps, warmupSteps: recipe.warmup });
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

  /** One step of training; its loss. */
  step(): number {
    const { seed, recipe } = this.settings;
    // What dropout draws belongs to the step, so that a run that goes on from a file draws the same.
    this.attn.manualSeed(mix(seed, 'step', this.at));
    const { model } = this.learner;
    const loss = this.attn.scope(() => {
      const mean = this.learner.loss(this.samples('train', recipe.batch, this.at * recipe.batch));
      mean.backward();
      return mean.item();
    });
    if (recipe.clip > 0) this.attn.optim.clipGradNorm(model.parameters(), recipe.clip);
    this.#optimizer.lr = this.#schedule(this.at);
    this.#optimizer.step();
    this.#optimizer.zeroGrad();
    this.at++;
    return loss;
  }

  evaluate(side: Side = 'held', count = 256): Evaluation {
    return this.#evaluating(() => {
      const samples = this.samples(side, count);
      const loss = this.attn.scope(() => this.attn.noGrad(() => this.learner.loss(samples).item()));
      return { loss, metric: this.#metric(samples, loss) };
    });
  }

  #metric(samples: readonly Sample[], loss: number): number {
    const { metric, losses } = this.task;
    if (metric === 'gained') {
      const { bigram, least = 0 } = losses!(this.settings.values);
      return (bigram - loss) / (bigram - least);
    }
    const said = this.learner.forced(samples);
    const right = samples.map(({ output }, i) => output.filter((token, t) => said[i]![t] === token).length);
    if (metric === 'tokens') {
      return right.reduce((a, b) => a + b, 0) / samples.reduce((sum, { output }) => sum + output.length, 0);
    }
    return samples.filter(({ output }, i) => right[i] === output.length && said[i]!.length === output.length).length / samples.length;
  }

  /** What the model says by itself to what a sample asks. */
  predict(sample: Sample): string[] { return this.#evaluating(() => this.learner.say(sample)); }
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
