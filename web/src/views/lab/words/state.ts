/** The sentence, how it is cut, and what is done to it. */
import { cell, choice, number, place, word } from '../../../state/properties.js';

export const cuts = ['word', 'character'] as const;
export const masks = ['none', 'causal'] as const;

export const words = {
  /** '' stands for the sentence of the reader's language. */
  words: word(''),
  'words.by': choice(cuts, 'word'),
  'words.mask': choice(masks, 'none'),
  'words.temperature': number(1, (x) => x > 0),
  /** Who is looked from and at. */
  'words.cell': place(cell),
};
