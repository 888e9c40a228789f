/**
 * What a document example is: data and one function. `run` is called in the page's compute worker, and by the tests
 * in Node, on the same core; it must not touch the DOM.
 */
import type { Attn, AttnError } from 'attention-playground';

/** Every sentence that a reader sees, in both languages. */
export interface Text { zh: string; en: string }

/** Numbers nested as deep as the shape has dimensions. */
export type Numbers = number | Numbers[];
export type Inputs = Record<string, Numbers>;

/** One editable input; its value comes from `inputs` of the examples' JSON unless it is given here. */
export interface InputSpec {
  name: string;
  /** TeX of the symbol, e.g. `Q` or `W_q`. */
  tex: string;
  note?: Text;
  value?: Numbers;
}

/** What the colours of a picture mean: signed numbers (two hues around 0), or weights in [0, 1] (one sequence). */
export type Role = 'signed' | 'weights';

export interface Step {
  /** TeX of the symbol that the numbers belong to. */
  tex: string;
  caption: Text;
  /** TeX of what leads here from the step before, drawn between the two: `\\times V =`. The formula says it in full. */
  op?: string;
  /** TeX of the formula; `formulaWithNumbers` (also TeX) shows one cell worked out with the current numbers. */
  formula?: string;
  formulaWithNumbers?: string;
  role: Role;
  value: Numbers;
  /** Path below `computed` in the examples' JSON of the oracle's value, e.g. `scaled_dot.weights`. */
  oracle?: string;
  /** Path below `claimed`: what the document prints for this, drawn beside it. */
  claimed?: string;
}

/** A listing that cannot run: the error that our core gives for it. */
export interface Failure {
  caption: Text;
  op?: string;
  error: Pick<AttnError, 'code' | 'op' | 'message' | 'shapes'>;
  /** Path below `computed` of the oracle's sentence on it. */
  oracle?: string;
}

/** A titled run of steps: 'as printed', 'corrected', 'cosine beside it', … */
export interface Group {
  title: Text;
  /** The text's own way, where it is wrong: shown after the right one, and closed at first. */
  printed?: true;
  steps: (Step | Failure)[];
}

export interface Recipe {
  id: string;
  title: Text;
  /** What the document claims, in our own words. */
  claim: Text;
  /** What the arithmetic gives. */
  gives: Text;
  /** Why they differ, in one or two sentences; absent where they don't. */
  why?: Text;
  inputs: InputSpec[];
  run(attn: Attn, inputs: Inputs): Group[];
}
