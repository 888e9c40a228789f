import { usual, type Task } from '../task.js';

export const zeros: Task = {
  id: 'zeros',
  title: { zh: '全零', en: 'Zeros' },
  about: { zh: '不论读到什么，都写零。对照：必须学会。', en: 'Write zeros whatever was read. A control: this must be learnt.' },
  look: {
    zh: '损失几步之内降到接近零；不降，就是设置有误。',
    en: 'The loss is near zero within a few steps; where it is not, a setting is wrong.',
  },
  form: 'stream',
  parameters: [
    { id: 'digits', name: { zh: '数字种类', en: 'Digits' }, min: 2, max: 10, default: 10 },
    { id: 'length', name: { zh: '长度', en: 'Length' }, min: 2, max: 16, default: 8 },
  ],
  symbols: ({ digits }) => Array.from({ length: digits as number }, (_, i) => String(i)),
  longest: ({ length }) => ({ input: length as number, output: length as number }),
  make(random, { digits, length }) {
    const input = Array.from({ length: length as number }, () => String(random.below(digits as number)));
    return { input, output: Array<string>(length as number).fill('0') };
  },
  model: { kind: 'decoder', dModel: 16, numHeads: 2, numLayers: 1 },
  recipe: { ...usual, steps: 50, warmup: 10 },
  metric: 'exact',
  goal: 1,
  picture: 'heads',
  suggestions: [
    { text: { zh: '学习率 0：什么也不变', en: 'A rate of 0: nothing changes' }, recipe: { lr: 0 } },
    { text: { zh: '学习率 10：不再收敛', en: 'A rate of 10: it no longer settles' }, recipe: { lr: 10 } },
  ],
};
