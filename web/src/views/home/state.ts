/** The sentence, and what is done to it. */
import { defineState } from '../../state/define.svelte.js';
import { choice, number, place, word } from '../../state/properties.js';

export const masks = ['none', 'causal'] as const;

export const home = defineState('home', {
  /** '' stands for the sentence of the reader's language. */
  text: word(''),
  temperature: number(1, (x) => x > 0),
  mask: choice(masks, 'none'),
  /** The word whose attention is told; −1 for the one that the sentence begins with. */
  word: place(number(-1, (x) => Number.isInteger(x) && x >= 0)),
});
