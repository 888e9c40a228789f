import type { Random } from '../rng.js';
import { usual, type Task } from '../task.js';

const PAIRS = ['()', '[]'];

/** A balanced row of n pairs. */
function balanced(random: Random, pairs: number): string[] {
  if (pairs === 0) return [];
  const inside = random.below(pairs);
  const [open, close] = random.pick(PAIRS);
  return [open!, ...balanced(random, inside), close!, ...balanced(random, pairs - 1 - inside)];
}

/** Half of the rows are balanced; the others were, until one bracket was exchanged or two changed places. */
export const brackets: Task = {
  id: 'brackets',
  title: { zh: '括号匹配', en: 'Brackets' },
  about: { zh: '判断两种括号是否全部配对。', en: 'Tell whether brackets of two kinds all match.' },
  look: {
    zh: '右括号看向与它配对的左括号；配不上的地方最受注意。',
    en: 'Closing brackets look at those that they close; what matches nothing is looked at most.',
  },
  form: 'class',
  classes: ['right', 'wrong'],
  parameters: [{ id: 'pairs', name: { zh: '最多几对', en: 'Most pairs' }, min: 2, max: 10, default: 5 }],
  symbols: () => PAIRS.flatMap((pair) => [...pair]),
  longest: ({ pairs }) => ({ input: 2 * (pairs as number), output: 1 }),
  make(random, { pairs: most }) {
    const row = balanced(random, random.between(2, most as number));
    const right = random.below(2) === 0;
    while (!right && isBalanced(row)) {
      const [a, b] = [random.below(row.length), random.below(row.length)];
      if (random.below(2) === 0) row[a] = random.pick(PAIRS.flatMap((pair) => [...pair]));
      else [row[a], row[b]] = [row[b]!, row[a]!];
    }
    return { input: row, output: [right ? 'right' : 'wrong'] };
  },
  model: { kind: 'encoder', dModel: 32, numHeads: 4, numLayers: 2 },
  recipe: { ...usual, batch: 64, steps: 1500 },
  metric: 'exact',
  goal: 0.99,
  picture: 'heads',
  suggestions: [
    { text: { zh: '更长：最多 8 对', en: 'Longer: up to 8 pairs' }, values: { pairs: 8 } },
    { text: { zh: '只用一层', en: 'A single layer' }, model: { numLayers: 1 } },
  ],
};

function isBalanced(row: readonly string[]): boolean {
  const open: string[] = [];
  for (const bracket of row) {
    const pair = PAIRS.find(([, close]) => close === bracket);
    if (!pair) open.push(bracket);
    else if (open.pop() !== pair[0]) return false;
  }
  return open.length === 0;
}
