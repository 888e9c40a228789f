/** A query of one feature against keys of five: there is no dot product between them. */
import type { Recipe } from './recipe.js';
import { asPrinted, attempt, numbers, outputStep, scoresStep, weightsStep } from './steps.js';
import { column, products, rows, worked } from './tex.js';

export const A5: Recipe = {
  id: 'A5',
  title: { zh: '宽度对不上的查询和键', en: 'Query and key of different widths' },
  claim: {
    zh: '查询的形状是 [3, 1]，键和值是 [3, 5]，照样相乘、取 softmax、加权求和。',
    en: 'The query is [3, 1], key and value are [3, 5]; they are multiplied, normalised and summed all the same.',
  },
  gives: {
    zh: '第一步 q kᵀ 就停下了：宽 1 的查询和宽 5 的键没有点积。',
    en: 'It stops at q kᵀ: a query of width 1 has no dot product with a key of width 5.',
  },
  why: {
    zh: '点积要求两个向量一样长。若查询和键来自不同的空间，就在中间放一个可学习的矩阵 W（双线性分数）。',
    en: 'A dot product needs vectors of one length. Where query and key live in different spaces, '
      + 'a learned matrix W between them (a bilinear score) makes it work.',
  },
  inputs: [
    { name: 'q', tex: 'Q', value: [[1], [-1], [0.5]] },
    { name: 'k', tex: 'K', value: [[1, 0, 0, 1, 0], [0, 1, 0, 0, 1], [1, 1, 1, 0, 0]] },
    { name: 'v', tex: 'V', value: [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [1, 0, 1, 0, 1]] },
    { name: 'w', tex: 'W', value: [[1, -1, 0.5, 0, 0]],
      note: { zh: '改正时才用：把查询从 1 维带到 5 维。', en: 'For the corrected one: takes a query from 1 to 5 features.' } },
  ],
  run(attn, { q, k, v, w }) {
    const { scores, weights, output } = attn.attend(q, k, v, { score: 'general', weight: w });
    const projected = numbers(attn.tensor(q).matmul(attn.tensor(w)));
    const [s, a, o] = [numbers(scores), numbers(weights), numbers(output)];
    return [
      {
        title: asPrinted,
        printed: true,
        steps: [attempt({
          tex: 'O', role: 'signed', oracle: 'as_printed',
          caption: { zh: '按印出的形状做注意力。', en: 'Attention on the printed shapes.' },
        }, () => attn.attend(q, k, v).output)],
      },
      {
        title: { zh: '改正：双线性分数', en: 'Corrected: a bilinear score' },
        steps: [
          {
            tex: 'QW', role: 'signed', value: projected, formula: 'Q\' = QW',
            formulaWithNumbers: worked('Q\'', projected, (j) => products(rows(q)[0], column(w, j))),
            caption: { zh: '查询经 W 变成与键同宽。', en: 'W makes the queries as wide as the keys.' },
          },
          scoresStep(projected, k, s, { op: '\\times K^{\\top}\\;=', formula: 'S = QWK^{\\top}' }),
          weightsStep(s, a, { formula: 'A = \\operatorname{softmax}(S)' }),
          outputStep(a, v, o),
        ],
      },
    ];
  },
};
