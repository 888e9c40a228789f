/**
 * One run as the page drives it: steps in slices, and between them what is told: curves, where the heads look, answers,
 * frames of the film, checkpoints.
 */
import type { Attn } from 'attention-playground';
import { mix, Random } from '../../../zoo/rng.js';
import { chance, type Sample } from '../../../zoo/task.js';
import { Diverged, type Run } from '../../../zoo/train.js';
import type { Chunk, Session } from '../../engine/protocol.js';
import type { Ended, Frame, HeadId, History, Judged, Own, State, TrainChunk } from './chunks.js';
import { Series } from './series.js';

/** A slice, between which commands are heard. */
const SLICE_MS = 25;
const PROGRESS_MS = 120;
const LOOK_MS = 250;
const CHECKPOINT_MS = 5000;
/** What is told takes at most a fifth of the time. */
const RESTRAINT = 4;
const EVALUATE_EVERY = 20;
const HELD_OUT = 128;
const SHOWN = 6;
/** Samples over which a head's measure is taken. */
const MEASURED = 2;
/** A frame of the film at each step that is so many times the last: some 60 of them in 100,000 steps. */
const FILM = 1.2;

type Tell = (chunk: TrainChunk & Chunk, transfer?: Transferable[]) => void;

export class Training implements Session {
  #playing = false;
  #seconds = 0;
  #train: Series;
  #held: Series;
  #best: History['best'] = { loss: Infinity, at: 0, misses: 0 };
  #ended: Ended | null = null;
  #now: { loss: number; metric: number } | null = null;
  #pace = { tokens: 0, seconds: 0, step: 0 };
  #due = { progress: 0, look: 0, checkpoint: 0, frame: 0 };
  #own: Own | null;
  readonly #fixed: Sample;
  readonly #shown: Sample[];
  #layers: string[] = [];

  constructor(private attn: Attn, private run: Run, private tell: Tell, own: Own | null, off: readonly HeadId[], before?: History) {
    this.#own = own;
    this.#shown = run.samples('held', SHOWN);
    this.#fixed = this.#shown[0]!;
    this.#layers = run.attention(this.#fixed).map(({ name }) => name);
    this.#train = new Series(before?.train);
    this.#held = new Series(before?.held);
    if (before) {
      [this.#seconds, this.#best, this.#ended] = [before.seconds, before.best, before.ended];
      this.#due.frame = Math.ceil(run.at * FILM);
    }
    this.#switchOff(off);
    this.#info();
    if (!before) this.#evaluate();
    else this.#now = run.evaluate('held', HELD_OUT);
    this.#film();
    this.#look();
    this.#progress();
  }

  commands = {
    play: () => {
      this.#playing = this.#ended === null;
      this.#due.checkpoint = performance.now() + CHECKPOINT_MS;
    },
    pause: () => this.#rest(),
    step: () => {
      if (this.#ended === null) this.#step();
      this.#rest();
    },
    off: (heads: readonly HeadId[]) => {
      this.#switchOff(heads);
      this.#now = this.run.evaluate('held', HELD_OUT);
      this.#look();
      this.#progress();
    },
    own: (own: Own | null) => {
      this.#own = own;
      this.#look();
    },
    /** As a checkpoint has it. */
    state: () => this.#state(),
    save: () => this.run.save(),
    /** A file of PyTorch that gives the same. */
    pytorch: async () => {
      const { pytorchOf } = await import('../../../zoo/pytorch/index.js');
      const { task, settings, learner: { model }, at } = this.run;
      const state = this.attn.scope(() => Object.fromEntries(Object.entries(model.stateDict()).map(([name, x]) => [name, { shape: [...x.shape], data: x.data() as Float32Array }])));
      return pytorchOf({ task, settings, config: model.config, state, at, sample: this.#fixed });
    },
  };

  work(): boolean {
    if (!this.#playing) return false;
    const begin = performance.now();
    do this.#step(); while (this.#ended === null && performance.now() - begin < SLICE_MS);
    if (this.#ended) {
      this.#rest();
      return false;
    }
    const now = performance.now();
    if (now > this.#due.progress) this.#progress();
    if (now > this.#due.look) this.#look();
    if (now > this.#due.checkpoint) this.#checkpoint();
    return true;
  }

  /** It stands still: all is told as it is, and kept. */
  #rest() {
    this.#playing = false;
    this.#look();
    this.#progress();
    if (this.run.at > 0) this.#checkpoint();
  }

  #step() {
    const { run } = this;
    const begin = performance.now();
    try {
      const loss = run.step();
      this.#train.add(run.at, loss, run.gradientNorm);
    } catch (error) {
      if (!(error instanceof Diverged)) throw error;
      this.#ended = { why: 'diverged', at: error.at, op: error.op };
      return;
    }
    const seconds = (performance.now() - begin) / 1000;
    this.#seconds += seconds;
    // Over about the last second.
    const keep = Math.exp(-seconds);
    this.#pace = { tokens: keep * this.#pace.tokens + run.tokens, seconds: keep * this.#pace.seconds + seconds, step: keep * this.#pace.step + 1 };
    if (run.at % EVALUATE_EVERY === 0 || run.at === run.settings.recipe.steps) this.#evaluate();
    if (run.at >= this.#due.frame) this.#film();
    if (run.at >= run.settings.recipe.steps) this.#ended ??= { why: 'done' };
  }

  #evaluate() {
    const { run } = this;
    const measures = Object.values(this.#measures()) as number[];
    this.#now = run.evaluate('held', HELD_OUT);
    this.#held.add(run.at, this.#now.loss, this.#now.metric, ...(measures.length > 0 ? [Math.max(...measures)] : []));
    if (this.#now.loss < this.#best.loss) this.#best = { loss: this.#now.loss, at: run.at, misses: 0 };
    else this.#best = { ...this.#best, misses: this.#best.misses + 1 };
    const { patience } = run.settings.recipe;
    if (patience > 0 && this.#best.misses >= patience) this.#ended = { why: 'early', best: this.#best.at };
  }

  #measures(): Partial<Record<HeadId, number>> {
    const measure = this.run.task.headMeasure;
    if (!measure) return {};
    const sums: Partial<Record<HeadId, number>> = {};
    for (const sample of this.#shown.slice(0, MEASURED)) {
      for (const [layer, { shape: [heads, t, s], weights }] of this.run.attention(sample).entries()) {
        for (let h = 0; h < heads; h++) {
          const found = measure.of([...sample.input, ...sample.output], weights.subarray(h * t * s, (h + 1) * t * s));
          sums[`${layer}.${h}`] = (sums[`${layer}.${h}`] ?? 0) + found / MEASURED;
        }
      }
    }
    return sums;
  }

  #switchOff(heads: readonly HeadId[]) {
    const { off } = this.run.learner;
    off.clear();
    for (const id of heads) {
      const [layer, head] = id.split('.').map(Number) as [number, number];
      if (this.#layers[layer]) off.add(`${this.#layers[layer]}.${head}`);
    }
  }

  /** Parameters; bytes and seconds of one step, measured on a part of a batch where a whole one would take long. */
  #info() {
    const { run } = this;
    const { values, recipe } = run.settings;
    const { seconds, bytes } = run.probe();
    const { config } = run.learner.model;
    this.tell({
      kind: 'info', settings: run.settings, config: { ...config }, parameters: run.parameters, seconds,
      // The optimiser keeps two more numbers a parameter; SGD none.
      bytes: bytes + (recipe.optimizer === 'SGD' ? 0 : 8 * run.parameters),
      chance: chance(run.task, values), lines: run.task.losses?.(values) ?? {}, threads: this.attn.info.threads,
    });
  }

  #history(): History {
    return { at: this.run.at, seconds: this.#seconds, train: this.#train.all(), held: this.#held.all(), best: this.#best, ended: this.#ended };
  }

  #progress() {
    const { tokens, seconds, step } = this.#pace;
    this.tell({
      kind: 'progress', history: this.#history(), playing: this.#playing && this.#ended === null, now: this.#now,
      tokensPerSecond: seconds > 0 ? tokens / seconds : 0, stepSeconds: step > 0 ? seconds / step : 0,
    });
    this.#due.progress = performance.now() + PROGRESS_MS;
  }

  #look() {
    const begin = performance.now();
    const { run } = this;
    const own = this.#own;
    const sample = own ?? this.#fixed;
    // A text goes on by chance; what one types into a stream is answered as long as it is.
    const text = run.task.metric === 'gained';
    const right = own || text ? null : this.#fixed.output;
    const { output: longest } = run.task.longest(run.settings.values);
    const said = run.predict(sample, right?.length ?? (text ? longest : Math.min(longest, sample.input.length)), text ? new Random(mix(run.settings.seed, run.at)) : undefined);
    // Where it looks while it reads what is right; else what it said.
    const layers = run.attention({ ...sample, output: run.task.classes ? [run.task.classes[0]!] : right ?? said });
    const samples: Judged[] = text ? [] : this.#shown.map(({ input, output, pixels }) => ({ input, output, pixels, said: run.predict({ input, pixels }, output.length) }));
    this.tell({
      kind: 'look', at: run.at, layers, own: own !== null, input: sample.input, pixels: sample.pixels, said, right, measures: this.#measures(), samples,
    }, layers.map(({ weights }) => weights.buffer));
    this.#due.look = performance.now() + Math.max(LOOK_MS, RESTRAINT * (performance.now() - begin));
  }

  #film() {
    const { run } = this;
    const layers = run.attention(this.#fixed).map(({ weights, ...layer }) => ({ ...layer, weights: Uint16Array.from(weights, (w) => Math.round(65535 * w)) }));
    const frame: Frame = { at: run.at, layers, said: run.predict(this.#fixed, this.#fixed.output.length) };
    this.tell({ kind: `frame ${run.at}`, frame }, layers.map(({ weights }) => weights.buffer));
    this.#due.frame = Math.max(run.at + 1, Math.ceil(run.at * FILM));
  }

  #state(): State { return { settings: this.run.settings, bytes: this.run.save(), history: this.#history() }; }

  #checkpoint() {
    const begin = performance.now();
    this.tell({ kind: 'checkpoint', state: this.#state() });
    this.#due.checkpoint = performance.now() + Math.max(CHECKPOINT_MS, RESTRAINT * (performance.now() - begin));
  }
}
