import { usual, type Task } from '../task.js';

const numbers = (modulus: number) => Array.from({ length: modulus }, (_, i) => String(i));

/** Power et al. 2022, "Grokking", arXiv:2201.02177. */
export const modular: Task = {
  id: 'modular',
  title: { zh: '模加法', en: 'Modular addition' },
  about: { zh: '两个数相加后除以模数，写出余数；每个数是一个词元。', en: 'Add two numbers and write the remainder; each number is one token.' },
  look: {
    zh: '训练准确率先到，未见过的数对后到：先背下来，再找到规律（“顿悟”）。',
    en: 'Pairs that were seen come right first, unseen ones later: by heart first, then by rule. That is grokking.',
  },
  form: 'answer',
  parameters: [{ id: 'modulus', name: { zh: '模数', en: 'Modulus' }, min: 5, max: 113, default: 31 }],
  symbols: ({ modulus }) => [...numbers(modulus as number), '+'],
  longest: () => ({ input: 3, output: 1 }),
  make(random, { modulus }) {
    const [a, b] = [random.below(modulus as number), random.below(modulus as number)];
    return { input: [String(a), '+', String(b)], output: [String((a + b) % (modulus as number))] };
  },
  model: { kind: 'decoder', dModel: 64, numHeads: 4, numLayers: 1 },
  recipe: { ...usual, batch: 128, steps: 1200, weightDecay: 1 },
  metric: 'exact',
  goal: 0.99,
  picture: 'heads',
  suggestions: [
    { text: { zh: '几乎不衰减权重：背得下来，学不到规律', en: 'Hardly any weight decay: by heart, but no rule' }, recipe: { weightDecay: 0.01 } },
    { text: { zh: '模数 97，需要几分钟', en: 'Modulus 97, which takes minutes' }, values: { modulus: 97 }, recipe: { steps: 6000 } },
  ],
};
