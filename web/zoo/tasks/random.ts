import { letters } from '../symbols.js';
import { usual, type Task } from '../task.js';

export const random: Task = {
  id: 'random',
  title: { zh: '随机', en: 'Random' },
  about: { zh: '猜下一个随机字母。对照：没有什么可学。', en: 'Guess the next of random letters. A control: there is nothing to learn.' },
  look: {
    zh: '损失停在 ln V。若它下降，就是程序错了，或在背训练样本。',
    en: 'The loss stays at ln V. Were it to fall, something would be wrong, or samples be learnt by heart.',
  },
  form: 'stream',
  parameters: [
    { id: 'letters', name: { zh: '字母数', en: 'Letters' }, min: 2, max: 26, default: 10 },
    { id: 'length', name: { zh: '长度', en: 'Length' }, min: 4, max: 32, default: 16 },
  ],
  symbols: ({ letters: count }) => letters(count as number),
  longest: ({ length }) => ({ input: 1, output: (length as number) - 1 }),
  make(numbers, { letters: count, length }) {
    const row = Array.from({ length: length as number }, () => numbers.pick(letters(count as number)));
    return { input: row.slice(0, 1), output: row.slice(1), key: row.join('') };
  },
  model: { kind: 'decoder', dModel: 32, numHeads: 2, numLayers: 2 },
  recipe: { ...usual, steps: 200 },
  metric: 'tokens',
  picture: 'heads',
  suggestions: [
    { text: { zh: '只有两个字母：损失停在 ln 2', en: 'Two letters alone: the loss stays at ln 2' }, values: { letters: 2 } },
    { text: { zh: '学习率加大', en: 'A larger rate' }, recipe: { lr: 2e-2 } },
  ],
};
