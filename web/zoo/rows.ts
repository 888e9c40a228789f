import type { Text } from '../documents/recipe.js';
import { letters } from './symbols.js';
import type { Suggestion, Task, Values } from './task.js';

interface Row {
  id: string;
  title: Text;
  about: Text;
  look: Text;
  sizes: { letters: number; shortest: number; longest: number };
  /** What is made of a row. */
  answer(row: string[]): string[];
  changed: Pick<Task, 'model' | 'recipe'>;
  suggestions: [Suggestion, Suggestion];
}

/** Tasks that make a row of letters of another one. */
export const ofRow = ({ id, title, about, look, sizes, answer, changed, suggestions }: Row): Task => ({
  id, title, about, look,
  form: 'answer',
  parameters: [
    { id: 'letters', name: { zh: '字母数', en: 'Letters' }, min: 4, max: 26, default: sizes.letters },
    { id: 'shortest', name: { zh: '最短长度', en: 'Shortest' }, min: 1, max: 12, default: sizes.shortest },
    { id: 'longest', name: { zh: '最长长度', en: 'Longest' }, min: 1, max: 12, default: sizes.longest },
  ],
  symbols: ({ letters: count }) => letters(count as number),
  longest: ({ longest }: Values) => ({ input: longest as number, output: longest as number }),
  make(random, { letters: count, shortest, longest }) {
    const length = random.between(Math.min(shortest as number, longest as number), longest as number);
    const input = Array.from({ length }, () => random.pick(letters(count as number)));
    return { input, output: answer([...input]) };
  },
  ...changed,
  models: [{ kind: 'encoderDecoder', dModel: 32, numHeads: 2, numLayers: 1 }],
  metric: 'exact',
  goal: 0.99,
  picture: 'heads',
  suggestions,
});
