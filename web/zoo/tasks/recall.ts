import { letters } from '../symbols.js';
import { usual, type Task } from '../task.js';

const MOST_LEADING = 4;
const FILLER = '·';

/**
 * A sequence of distinct tokens, twice. Its length varies and so does where it starts, so that no position says what comes
 * next: one must look for the token's earlier place and read what followed it there. What is asked for starts behind the
 * first token of the repetition, which nothing foretells.
 */
export const recall: Task = {
  id: 'recall',
  title: { zh: '回忆', en: 'Recall' },
  about: { zh: '一串互不相同的字母出现两遍；第二遍要接着说出下一个。', en: 'A row of different letters comes twice; the second time, say each next one.' },
  look: {
    zh: '第二层出现一条斜线：每个字母都看向它上次出现处的后一个字母，这就是“归纳头”。损失同时骤降。',
    en: 'A slanted line appears in the second layer: each letter looks at what followed it the last time. That is an induction head, and the loss falls at once with it.',
  },
  form: 'stream',
  parameters: [
    { id: 'letters', name: { zh: '字母数', en: 'Letters' }, min: 12, max: 26, default: 20 },
    { id: 'shortest', name: { zh: '最短长度', en: 'Shortest' }, min: 2, max: 12, default: 4 },
    { id: 'longest', name: { zh: '最长长度', en: 'Longest' }, min: 2, max: 12, default: 10 },
  ],
  symbols: ({ letters: count }) => [FILLER, ...letters(count as number)],
  longest: ({ longest }) => ({ input: MOST_LEADING + (longest as number) + 1, output: (longest as number) - 1 }),
  make(random, { letters: count, shortest, longest }) {
    const lead = Array<string>(random.below(MOST_LEADING + 1)).fill(FILLER);
    const length = random.between(Math.min(shortest as number, longest as number), longest as number);
    const row = random.several(letters(count as number), length);
    return { input: [...lead, ...row, row[0]!], output: row.slice(1), key: row.join('') };
  },
  model: { kind: 'decoder', dModel: 32, numHeads: 2, numLayers: 2, positions: 'rotary' },
  recipe: { ...usual, batch: 64, steps: 600 },
  metric: 'tokens',
  goal: 0.99,
  picture: 'heads',
  headMeasure: { name: { zh: '前缀匹配', en: 'prefix match' }, of: prefixMatch },
  suggestions: [
    { text: { zh: '只留一层：归纳头需要两层', en: 'One layer alone: an induction head needs two' }, model: { numLayers: 1 } },
    { text: { zh: '换成可学习的位置：每一对相邻位置都要另学', en: 'Learned positions: each pair of neighbours must be learnt anew' }, model: { positions: 'learned' } },
  ],
};

/**
 * How well a head does what induction needs: the mean weight with which each token of the repetition looks at what followed
 * it the first time. `weights` [T,T] of a sample's tokens but the last.
 * Source: Olsson et al. 2022, "In-context learning and induction heads", arXiv:2209.11895.
 */
export function prefixMatch(tokens: readonly string[], weights: ArrayLike<number>): number {
  const length = tokens.length - 1;
  let sum = 0, count = 0;
  for (let t = 0; t < length; t++) {
    const before = tokens.lastIndexOf(tokens[t]!, t - 1);
    if (t === 0 || before < 0 || tokens[t] === FILLER) continue;
    sum += weights[t * length + before + 1]!;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
