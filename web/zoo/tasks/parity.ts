import { usual, type Task } from '../task.js';

export const parity: Task = {
  id: 'parity',
  title: { zh: '奇偶', en: 'Parity' },
  about: { zh: '数一数 1 的个数是奇是偶。', en: 'Tell whether the number of ones is odd or even.' },
  look: {
    zh: '一步答出：损失长时间停在 ln 2，短行靠记忆。逐位写出中间结果，就能学会。',
    en: 'Asked at once, the loss stays at ln 2 for long. With the count so far written down for each bit it can be learnt.',
  },
  form: 'answer',
  parameters: [
    { id: 'bits', name: { zh: '最多几位', en: 'Most bits' }, min: 2, max: 16, default: 12 },
    {
      id: 'steps', name: { zh: '中间结果', en: 'The count so far' }, default: 'none',
      choices: [{ id: 'none', name: { zh: '不写', en: 'is not written' } }, { id: 'each', name: { zh: '每位之后写', en: 'is written for each bit' } }],
    },
  ],
  symbols: () => ['0', '1'],
  longest: ({ bits, steps }) => ({ input: bits as number, output: steps === 'each' ? (bits as number) : 1 }),
  make(random, { bits, steps }) {
    const input = Array.from({ length: random.between(1, bits as number) }, () => String(random.below(2)));
    let odd = 0;
    const counts = input.map((bit) => String((odd ^= Number(bit))));
    return { input, output: steps === 'each' ? counts : counts.slice(-1) };
  },
  model: { kind: 'decoder', dModel: 32, numHeads: 2, numLayers: 2 },
  recipe: { ...usual, steps: 500 },
  metric: 'exact',
  picture: 'heads',
  suggestions: [
    {
      text: { zh: '至多 8 位，逐位写出中间结果', en: 'Eight bits at most, with the count so far for each' }, values: { bits: 8, steps: 'each' },
      model: { positions: 'rotary' }, recipe: { steps: 1500 },
    },
    { text: { zh: '最多 4 位', en: 'Four bits at most' }, values: { bits: 4 } },
  ],
};
