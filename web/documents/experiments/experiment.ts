/**
 * What a row of the documents is that lasts: what is claimed, what it costs before it starts, and a generator that runs it
 * a little at a time. It touches no DOM: the page runs it in a session's worker, the tests in Node, on the same core.
 * The page takes a module's `about` alone, the worker its `run`.
 */
import type { Attn, Optimizer, Tensor } from 'attention-playground';
import type { Role, Text } from '../recipe.js';

/** A number, and how a sentence writes it. */
export interface Measure { raw: number; as: 'number' | 'count' | 'share' | 'seconds' | 'bytes' }
export type Gap = Measure | Text | string;

export const number = (raw: number): Measure => ({ raw, as: 'number' });
export const count = (raw: number): Measure => ({ raw, as: 'count' });
export const share = (raw: number): Measure => ({ raw, as: 'share' });
export const seconds = (raw: number): Measure => ({ raw, as: 'seconds' });
export const bytes = (raw: number): Measure => ({ raw, as: 'bytes' });

/** A sentence whose `{gaps}` are filled with what was computed. */
export interface Said { kind: 'said'; text: Text; gaps: Record<string, Gap> }
export const said = (text: Text, gaps: Record<string, Gap> = {}): Said => ({ kind: 'said', text, gaps });

/** Curves over one axis; NaN where there is no point. */
export interface Plot {
  kind: 'plot'; title: Text; xs: number[]; curves: { name: Text; values: number[]; dashed?: boolean }[];
  x: Text; y: Text; logX?: boolean; logY?: boolean;
}
/** Matrices side by side. */
export interface Maps { kind: 'maps'; title: Text; maps: { name: Text; matrix: number[][]; role: Role; rows?: (Text | string)[]; columns?: string[] }[] }
export interface Rows { kind: 'rows'; title: Text; columns: Text[]; rows: { name: Text | string; cells: Gap[] }[] }
export type Part = Said | Plot | Maps | Rows;

/** What there is to see so far; a later one takes its place. */
export interface Report {
  /** From 0 to 1; the last has 1. */
  done: number;
  parts: Part[];
}

export interface Setting { id: string; name: Text; options: { value: string; text: Text }[]; value: string }
export type Chosen = Readonly<Record<string, string>>;

export interface Cost {
  /** Of the model that learns, or the largest of them; 0 where none does. */
  parameters: number;
  /** On the machine whose probe gave `PROBE_MS` (probe.ts). */
  seconds: number;
  /** What the tensors take at most, about. */
  bytes: number;
}

export interface About {
  id: string;
  title: Text;
  /** What the document claims, in our own words. */
  claim: Text;
  /** What happens here. */
  gives: Text;
  why: Text;
  settings: Setting[];
  cost(chosen: Chosen): Cost;
  /** Where else on the page there is more of it. */
  more?: { text: Text; view: string; place: [property: string, value: string] }[];
}

/** Between two of what it yields the page may stop it; undefined: nothing new to see. */
export type Run = (attn: Attn, chosen: Chosen) => Generator<Report | undefined, void>;

export const defaultsOf = ({ settings }: About): Chosen => Object.fromEntries(settings.map(({ id, value }) => [id, value]));

/** One step: gradients of f's loss, which is returned; `clip`: of these, the largest norm. */
export function learn(attn: Attn, optimizer: Optimizer, f: () => Tensor, clip?: { of: readonly Tensor[]; most: number }): number {
  const loss = attn.scope(() => {
    const made = f();
    made.backward();
    return made.item();
  });
  if (clip) attn.optim.clipGradNorm(clip.of, clip.most);
  optimizer.step();
  optimizer.zeroGrad();
  return loss;
}

export const mean = (list: ArrayLike<number>) => Array.from(list).reduce((sum, x) => sum + x, 0) / list.length;
