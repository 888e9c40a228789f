/** What is varied, which of its values are shown, and what they are compared with. */
import { cell, choice, number, place, several, whole, word } from '../../../state/properties.js';
import { masks, normalizers, scores } from '../choices.js';

export const axes = ['score', 'mask', 'normalizer', 'temperature', 'heads'] as const;
export type Axis = (typeof axes)[number];

export const options = {
  score: scores,
  mask: masks,
  normalizer: normalizers,
  temperature: ['0.1', '0.25', '0.5', '1', '2', '4', '10'],
  heads: ['1', '2', '4', '8'],
} as const satisfies Record<Axis, readonly string[]>;

export const compare = {
  compare: choice(axes, 'score'),
  'compare.score': several(options.score, ['scaledDot', 'dot', 'cosine']),
  'compare.mask': several(options.mask, ['none', 'causal', 'window']),
  'compare.normalizer': several(options.normalizer, ['softmax', 'doubleSoftmax', 'sparsemax']),
  'compare.temperature': several(options.temperature, ['0.5', '1', '2']),
  'compare.heads': several(options.heads, ['1', '2']),
  /** Which head is shown where heads are not what is compared. */
  'compare.head': number(1, whole(1)),
  /** The picture that the others are compared with, by its name; the first where there is none of this name. */
  'compare.with': place(word('')),
  /** The cell that is locked in all pictures. */
  'compare.cell': place(cell),
};
