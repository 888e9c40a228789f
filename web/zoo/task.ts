/**
 * What a task of the zoo is: how a sample is made from random numbers, what learns it by default, and what to look for.
 * Nothing here knows of a page or a worker: the same modules run in Node, in tests and in the page's worker.
 */
import type { Text } from '../documents/recipe.js';
import { mix, Random } from './rng.js';

export type Value = number | string;
export type Values = Readonly<Record<string, Value>>;

/** One thing to set of a task. */
export type Parameter =
  | { id: string; name: Text; min: number; max: number; default: number }
  | { id: string; name: Text; choices: { id: string; name: Text }[]; default: string }
  | { id: string; name: Text; text: true; default: string };

/**
 * How a sample is given to a model.
 * `stream`: output follows input, with nothing between. `answer`: a sign stands between them and another at the end.
 * `class`: output is one of the task's classes. `image`: the same of an image.
 */
export type Form = 'stream' | 'answer' | 'class' | 'image';

/** Tokens as one reads them. */
export interface Sample {
  input: readonly string[];
  output: readonly string[];
  /** Of an image: numbers from 0 to 1, row by row. */
  pixels?: readonly number[];
  /**
   * What decides whether it is held out: its input, unless given. Samples with one key are never on both sides; of numbers
   * every eighth is held out.
   */
  key?: string | number;
}

export type Kind = 'decoder' | 'encoder' | 'encoderDecoder' | 'gruAdditive' | 'gruDot' | 'vit';
/** A kind, and what its config has beside the sizes that follow from the task, under the module's own names. */
export interface ModelSettings { readonly kind: Kind; readonly [option: string]: Value | boolean }

export interface Recipe {
  optimizer: 'AdamW' | 'Adam' | 'SGD';
  lr: number;
  weightDecay: number;
  schedule: 'constant' | 'cosine';
  warmup: number;
  batch: number;
  steps: number;
  /** The gradients' largest norm; 0: any. */
  clip: number;
  /** So many evaluations in a row without a lower held-out loss end the run; 0: none do. */
  patience: number;
}

/** All that a run depends on, beside the module's version. */
export interface Settings {
  task: string;
  seed: number;
  values: Values;
  model: ModelSettings;
  recipe: Recipe;
}

/** A change of settings worth a try. */
export interface Suggestion {
  text: Text;
  values?: Values;
  model?: Readonly<Record<string, Value | boolean>>;
  recipe?: Partial<Recipe>;
}

/**
 * `exact`: the share of outputs that are right as a whole. `tokens`: of single tokens. `gained`: of the way from the
 * loss of a model that sees one token back to the least there can be; where that is not known, to 0.
 */
export type Metric = 'exact' | 'tokens' | 'gained';

/** The picture that explains an answer: attention within what is read, from output to input, or on an image's patches. */
export type Picture = 'heads' | 'alignment' | 'pooling' | 'patches';

/** What tells how far a head does the task's own work, from 0 to 1; `weights` [T,T] of a sample's tokens but the last. */
export interface HeadMeasure { name: Text; of(tokens: readonly string[], weights: ArrayLike<number>): number }

export interface Task {
  id: string;
  title: Text;
  /** What the model is asked to do, in one sentence. */
  about: Text;
  /** What to look for while it learns. */
  look: Text;
  form: Form;
  parameters: readonly Parameter[];
  /** The tokens, without the three signs of `vocabulary`. */
  symbols(values: Values): readonly string[];
  /** Of form class and image: the possible outputs. */
  classes?: readonly string[];
  /** The most tokens that an input and an output have. */
  longest(values: Values): { input: number; output: number };
  make(random: Random, values: Values): Sample;
  /** Whether there are too few samples to hold any out: then both sides have all. */
  shared?(values: Values): boolean;
  /** What must be there before the first sample. */
  prepare?(): Promise<void>;
  /** The loss of who knows how often each token follows each other one, and the least there can be where that is known: of metric `gained`. */
  losses?(values: Values): { bigram: number; least?: number };
  model: ModelSettings;
  /** Others that can learn it. */
  models?: readonly ModelSettings[];
  recipe: Recipe;
  metric: Metric;
  /** What the metric should reach on held-out samples; none of a control. */
  goal?: number;
  picture: Picture;
  headMeasure?: HeadMeasure;
  suggestions: readonly [Suggestion, Suggestion];
}

export const usual: Recipe = {
  optimizer: 'AdamW', lr: 5e-3, weightDecay: 0.01, schedule: 'cosine', warmup: 50, batch: 32, steps: 500, clip: 1, patience: 0,
};

/** Behind "nothing", "now the answer" and "end", the task's own. */
export const SIGNS = ['∅', '→', '■'] as const;
export const [PAD, ANSWER, END] = [0, 1, 2];
export const vocabulary = (task: Task, values: Values): string[] => [...SIGNS, ...task.symbols(values)];

export const defaults = (task: Task): Values =>
  Object.fromEntries(task.parameters.map((parameter) => [parameter.id, parameter.default]));

/** The kinds of model that can read samples of a form. */
export const kindsOf = ({ form }: Task): readonly Kind[] => ({
  stream: ['decoder'], answer: ['decoder', 'encoderDecoder', 'gruAdditive', 'gruDot'], class: ['encoder'], image: ['vit'],
} as const)[form];

/** What a task sets of a kind of model, where it knows that kind. */
export const modelOf = (task: Task, kind: Kind = task.model.kind): ModelSettings =>
  [task.model, ...(task.models ?? [])].find((model) => model.kind === kind) ?? { kind };

/** A task's own settings, with a change. */
export const settingsOf = (task: Task, seed: number, changed: Omit<Suggestion, 'text'> = {}): Settings => ({
  task: task.id,
  seed,
  values: { ...defaults(task), ...changed.values },
  model: { ...modelOf(task, changed.model?.kind as Kind | undefined), ...changed.model } as ModelSettings,
  recipe: { ...task.recipe, ...changed.recipe },
});

/** The loss of who thinks everything equally likely: ln V. */
export const chance = (task: Task, values: Values): number => Math.log((task.classes ?? vocabulary(task, values)).length);

export type Side = 'train' | 'held';
/** One sample in eight is held out, whoever draws it. */
function sideOf(task: Task, { key, input }: Sample): Side {
  const number = typeof key === 'number' ? key : mix(task.id, key ?? input.join('\n'));
  return number % 8 === 7 ? 'held' : 'train';
}

/** A sample by its index alone: drawn again until it is of the side that is asked for. */
export function sampleOf(task: Task, seed: number, index: number, values: Values, side: Side = 'train'): Sample {
  const random = new Random(mix(seed, task.id, side, index));
  for (let attempt = 0; attempt < 1000; attempt++) {
    const sample = task.make(random, values);
    if (task.shared?.(values) || sideOf(task, sample) === side) return sample;
  }
  throw new Error(`${task.id}: with these values all samples are of the other side than '${side}'`);
}
