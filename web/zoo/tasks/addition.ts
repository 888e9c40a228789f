import { digits } from '../symbols.js';
import { usual, type Task } from '../task.js';

export const addition: Task = {
  id: 'addition',
  title: { zh: '加法', en: 'Addition' },
  about: { zh: '把两个数相加；结果可以从个位写起。', en: 'Add two numbers; the sum may be written from its last digit on.' },
  look: {
    zh: '写每一位时，注意力落在两个加数的同一位上，进位则来自前一位。',
    en: 'For each digit attention falls on the same digit of both numbers; the carry comes from the one before.',
  },
  form: 'answer',
  parameters: [
    { id: 'digits', name: { zh: '位数', en: 'Digits' }, min: 1, max: 4, default: 2 },
    {
      id: 'order', name: { zh: '结果的写法', en: 'The sum begins with' }, default: 'last',
      choices: [{ id: 'last', name: { zh: '从个位写起', en: 'its last digit' } }, { id: 'first', name: { zh: '从最高位写起', en: 'its first digit' } }],
    },
  ],
  symbols: () => [...digits, '+'],
  longest: ({ digits: count }) => ({ input: 2 * (count as number) + 1, output: (count as number) + 1 }),
  make(random, { digits: count, order }) {
    const width = count as number;
    const [a, b] = [random.below(10 ** width), random.below(10 ** width)];
    const write = (x: number, length: number) => [...String(x).padStart(length, '0')];
    const sum = write(a + b, width + 1);
    return { input: [...write(a, width), '+', ...write(b, width)], output: order === 'last' ? sum.reverse() : sum };
  },
  model: { kind: 'decoder', dModel: 64, numHeads: 4, numLayers: 2 },
  recipe: { ...usual, batch: 64, steps: 1000 },
  metric: 'exact',
  goal: 0.99,
  picture: 'heads',
  suggestions: [
    { text: { zh: '从最高位写起：进位要先算好', en: 'First digit first: every carry must be known before' }, values: { order: 'first' } },
    { text: { zh: '三位数', en: 'Three digits' }, values: { digits: 3 } },
  ],
};
