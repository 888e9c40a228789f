/** The lab's settings and numbers. */
import type { Matrix } from '../../numbers.js';
import { defineState } from '../../state/define.svelte.js';
import { choice, number, numbers, optional, place, whole, word } from '../../state/properties.js';
import type { StateOf } from '../../state/table.js';
import { masks, modes, normalizers, scores, sources, type MaskKind, type Mode, type Normalizer, type Score, type Source } from './choices.js';
import { compare } from './compare/state.js';
import { starters } from './equation/starters.js';
import { positions } from './positions/state.js';
import { words } from './words/state.js';

export * from './choices.js';

/** What is computed with. */
export interface LabSettings {
  source: Source;
  q: Matrix; k: Matrix; v: Matrix;
  x: Matrix; wq: Matrix; wk: Matrix; wv: Matrix;
  score: Score;
  general: Matrix; additiveQ: Matrix; additiveK: Matrix; additiveV: Matrix; location: Matrix; locationB: Matrix;
  normalizer: Normalizer;
  mask: MaskKind;
  window: number;
  padding: number;
  /** 1 where the painted mask holds −∞. */
  painted: Matrix;
  heads: number;
  /** null: 1/√D for the scaled dot product, 1 for the others. */
  scale: number | null;
  temperature: number;
}

export interface LabState extends LabSettings, StateOf<typeof compare>, StateOf<typeof positions>, StateOf<typeof words> {
  mode: Mode;
  /** Names of the rows, for the pictures: empty, or words with blanks between. */
  tokens: string;
  /** The cell that is locked: `weights.0.1.2` is head 0, row 1, column 2. */
  cell: string;
}

export const lab = defineState<LabState>('lab', {
  mode: place(choice(modes, 'equation')),
  cell: place(word('weights.0.0.1')),
  source: choice(sources, 'qkv'),
  q: numbers(starters.q), k: numbers(starters.k), v: numbers(starters.v),
  x: numbers(starters.x), wq: numbers(starters.wq), wk: numbers(starters.wk), wv: numbers(starters.wv),
  score: choice(scores, 'scaledDot'),
  general: numbers(starters.general),
  additiveQ: numbers(starters.additiveQ), additiveK: numbers(starters.additiveK), additiveV: numbers(starters.additiveV),
  location: numbers(starters.location), locationB: numbers(starters.locationB),
  normalizer: choice(normalizers, 'softmax'),
  mask: choice(masks, 'none'),
  window: number(1, whole(0)),
  padding: number(3, whole(0)),
  painted: numbers(starters.painted),
  heads: number(1, whole(1)),
  scale: optional(number(1, () => true)),
  temperature: number(1, (x) => x > 0),
  tokens: word(''),
  ...compare,
  ...positions,
  ...words,
});
