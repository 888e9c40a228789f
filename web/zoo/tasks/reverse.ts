import { ofRow } from '../rows.js';
import { usual } from '../task.js';

export const reverse = ofRow({
  id: 'reverse',
  title: { zh: '倒序', en: 'Reverse' },
  about: { zh: '从后往前写出一行字母。', en: 'Write a row of letters backwards.' },
  look: {
    zh: '答案往右走，目光往左走：出现一条反对角线。',
    en: 'As the answer goes to the right, the look goes to the left: a line against the diagonal.',
  },
  sizes: { letters: 20, shortest: 3, longest: 8 },
  answer: (row) => row.reverse(),
  changed: { model: { kind: 'decoder', dModel: 32, numHeads: 4, numLayers: 2 }, recipe: { ...usual, batch: 64, steps: 400 } },
  suggestions: [
    { text: { zh: '用 GPT-2 的初始值（0.02）：窄模型会卡住', en: 'GPT-2’s first values (0.02): a narrow model gets stuck' }, model: { initializerRange: 0.02 } },
    { text: { zh: '只用一个头', en: 'A single head' }, model: { numHeads: 1 } },
  ],
});
