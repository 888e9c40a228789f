/** Two one-hot words of six dimensions, and a softmax taken over features. */
import type { Recipe } from './recipe.js';
import { asPrinted, attentionSteps, numbers } from './steps.js';
import { equals, num, products, rows, softmaxOf, worked } from './tex.js';

export const E3: Recipe = {
  id: 'E3',
  title: { zh: '独热词向量的续写', en: 'Continuing a sentence of one-hot words' },
  claim: {
    zh: '“I went to the”由注意力续写成去商店买了些苹果；权重在第四个元素上是 0.5，输出只剩 0.1。',
    en: 'Attention continues “I went to the” with a store and apples; the fourth element has weight 0.5, '
      + 'and the output is 0.1 in one place.',
  },
  gives: {
    zh: '第四个元素的分数是 0，权重只有 0.154；最大的是第五个，0.231。一个查询对一个键，权重必为 1。',
    en: 'The fourth element scores 0 and weighs 0.154; the largest is the fifth, 0.231. '
      + 'And one query with one key has weight 1.',
  },
  why: {
    zh: 'softmax 应当跨词取，而不是跨同一个词的特征。注意力也只混合已有的词，要续写还得有输出层给词表打分。',
    en: 'The softmax belongs over words, not over the features of one word. And attention only mixes words that are '
      + 'there: to continue a sentence takes an output layer that scores a vocabulary.',
  },
  inputs: [
    { name: 'x1', tex: 'x_1' }, { name: 'x2', tex: 'x_2' },
    { name: 'q', tex: 'q' }, { name: 'k', tex: 'k' },
  ],
  run(attn, { x1, x2, q, k }) {
    const d = attn.tensor(q).shape[0];
    const scores = attn.tensor(q).mul(k).div(attn.tensor(d).sqrt());
    const weights = attn.F.softmax(scores, -1);
    const output = weights.mul(k);
    const single = attn.attend([q], [k], [k]);
    const [s, a, o, word] = [scores, weights, output, single.output.reshape(-1)].map(numbers);
    const weight = single.weights.item();
    const score = num(single.scaled.item());
    return [
      {
        title: asPrinted,
        printed: true,
        steps: [
          {
            tex: 'e', role: 'signed', value: s, formula: 'e_i = q_i k_i/\\sqrt{d}',
            formulaWithNumbers: worked('e', s, (j) => `${products([rows(q)[0][j]], [rows(k)[0][j]])}/\\sqrt{${d}}`),
            caption: { zh: '逐元素相乘：每个特征一个分数。', en: 'Element by element: a score for each feature.' },
          },
          {
            tex: '\\alpha', op: '\\operatorname{softmax}\\;\\to', role: 'weights', value: a, oracle: 'elementwise_softmax', claimed: 'weights',
            formula: '\\alpha = \\operatorname{softmax}(e)',
            formulaWithNumbers: worked('\\alpha', a, (j) => softmaxOf(rows(s)[0], j)),
            caption: { zh: '在特征之间取 softmax：分数相同的特征，权重也相同。',
              en: 'Softmax over features: those with equal scores have equal weights.' },
          },
          {
            tex: 'o', op: '\\odot\\,k\\;=', role: 'signed', value: o, claimed: 'output', formula: 'o_i = \\alpha_i k_i',
            formulaWithNumbers: worked('o', o, (j) => products([rows(a)[0][j]], [rows(k)[0][j]])),
            caption: { zh: '权重逐元素乘到词向量上。', en: 'The weights, multiplied into the word element by element.' },
          },
        ],
      },
      {
        title: { zh: '一个查询，一个键', en: 'One query, one key' },
        steps: [
          {
            tex: 'A', role: 'weights', value: weight, oracle: 'one_query_one_key_weight',
            formula: 'A = \\frac{e^{\\tilde s}}{e^{\\tilde s}}',
            formulaWithNumbers: `A = ${equals(`\\frac{e^{${score}}}{e^{${score}}}`, weight)}`,
            caption: { zh: '点积是一个数，它的 softmax 是 1。', en: 'A dot product is one number; its softmax is 1.' },
          },
          {
            tex: 'o', op: '\\times k\\;=', role: 'signed', value: word, formula: 'o = 1\\cdot k',
            formulaWithNumbers: worked('o', word, (j) => products([weight], [rows(k)[0][j]])),
            caption: { zh: '输出就是那个词本身。', en: 'The output is the word itself.' },
          },
        ],
      },
      {
        title: { zh: '改正：两个词之间', en: 'Corrected: between the two words' },
        steps: attentionSteps({ q: [x1, x2], k: [x1, x2], v: [x1, x2] },
          attn.attend([x1, x2], [x1, x2], [x1, x2]), 'sqrt', { oracle: 'both_tokens' }),
      },
    ];
  },
};
