/** One weight vector for each position: a_i = softmax(w_iᵀ x_i). */
import type { Recipe } from './recipe.js';
import { numbers, weightsStep } from './steps.js';
import { column, products, rows, worked } from './tex.js';

export const E1: Recipe = {
  id: 'E1',
  title: { zh: '逐位置的权重向量', en: 'A weight vector for each position' },
  claim: {
    zh: '每个输入 xᵢ 与自己的向量 wᵢ 点积，再取 softmax 作为权重。',
    en: 'Each input xᵢ is multiplied with a vector wᵢ of its own; the softmax of that is its weight.',
  },
  gives: {
    zh: '分数是 7、10、13、4、32，于是第五个位置几乎独占全部权重。',
    en: 'The scores are 7, 10, 13, 4 and 32, so the fifth position takes practically all the weight.',
  },
  why: {
    zh: 'softmax 必须跨所有位置取；若对单个数取，结果恒为 1。分数相差 19，权重就相差 e¹⁹ 倍。',
    en: 'The softmax has to run over all positions; of one number it is always 1. '
      + 'A lead of 19 in the score is a factor e¹⁹ in the weight.',
  },
  inputs: [{ name: 'x', tex: 'X' }, { name: 'w', tex: 'W' }],
  run(attn, { x, w }) {
    const scores = attn.tensor(w).mul(x).sum(-1);
    const weights = attn.F.softmax(scores, -1);
    const alone = attn.F.softmax(scores.reshape(-1, 1), -1).reshape(-1);
    const scaled = scores.div(attn.tensor(attn.tensor(x).shape[1]).sqrt());
    const [e, a, one, c] = [scores, weights, alone, weights.matmul(attn.tensor(x))].map(numbers);
    const [se, sa] = [scaled, attn.F.softmax(scaled, -1)].map(numbers);
    const softmax = { tex: 'a', formula: 'a_i = \\frac{e^{e_i}}{\\sum_r e^{e_r}}' };
    return [
      {
        title: { zh: '照原文计算', en: 'As printed' },
        steps: [
          {
            tex: 'e', role: 'signed', value: e, oracle: 'e', formula: 'e_i = w_i^{\\top}x_i',
            formulaWithNumbers: worked('e', e, (j) => products(rows(w)[j], rows(x)[j])),
            caption: { zh: '每个位置用自己的 w 打分。', en: 'Each position is scored by its own w.' },
          },
          weightsStep(e, a, { ...softmax, oracle: 'weights',
            caption: { zh: '在所有位置上取 softmax。', en: 'Softmax over all the positions.' } }),
          {
            tex: 'c', op: '\\times X\\;=', role: 'signed', value: c, formula: 'c = \\sum_i a_i x_i',
            formulaWithNumbers: worked('c', c, (j) => products(rows(a)[0], column(x, j))),
            caption: { zh: '有一个权重接近 1，加权和几乎就是那一行。',
              en: 'With one weight near 1, the weighted sum is nearly that row.' },
          },
        ],
      },
      {
        title: { zh: '对照：单个数的 softmax', en: 'Beside it: softmax of one number' },
        steps: [
          {
            tex: 'a', role: 'weights', value: one, formula: 'a_i = \\frac{e^{e_i}}{e^{e_i}} = 1',
            caption: { zh: '逐字理解公式，每个权重都是 1。', en: 'With the formula read literally, every weight is 1.' },
          },
        ],
      },
      {
        title: { zh: '对照：先缩放', en: 'Beside it: scaled first' },
        steps: [
          weightsStep(se, sa, { tex: 'a', formula: 'a = \\operatorname{softmax}(e/\\sqrt{d})',
            caption: { zh: '除以 √d 之后差距缩小，但领先这么多，结论不变。',
              en: 'Divided by √d first, the lead shrinks; a lead this long survives it.' } }),
        ],
      },
    ];
  },
};
