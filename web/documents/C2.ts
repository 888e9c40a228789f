/** Dot-product attention of a decoder state on an input sequence, with a transpose that is none. */
import examples from './examples.json';
import type { Recipe } from './recipe.js';
import { asPrinted, attempt, attentionSteps, numbers, weightsStep } from './steps.js';
import { column, equals, num, products, rows, worked } from './tex.js';

const { claimed } = examples.C2;

export const C2: Recipe = {
  id: 'C2',
  title: { zh: '点积注意力', en: 'Dot-product attention' },
  claim: {
    zh: '输入乘 3×3 的“Kᵀ”得到分数，softmax 之后与输入相乘，最后把一列加起来得 9.9。',
    en: 'The input times a 3×3 “Kᵀ” gives scores; their softmax multiplies the input; '
      + 'a column of the result sums to 9.9.',
  },
  gives: {
    zh: '乘积的第一行就不同：(7, 10, 13)；[5, 3] 乘 [5, 3] 不成立；印出的那一列加起来是 9.7。',
    en: 'The product begins with (7, 10, 13) instead; [5, 3] × [5, 3] does not exist; '
      + 'the printed column sums to 9.7.',
  },
  why: {
    zh: '5×3 的 H 转置后是 3×5。查询取解码器状态 H，键和值取输入 X，才有 5×5 的权重和 5×3 的上下文。',
    en: 'A 5×3 H is 3×5 when transposed. With H as queries and X as keys and values, '
      + 'the weights are 5×5 and the contexts 5×3.',
  },
  inputs: [
    { name: 'x', tex: 'X', note: { zh: '输入序列。', en: 'The input sequence.' } },
    { name: 'h', tex: 'H', note: { zh: '解码器状态。', en: 'The decoder states.' } },
    { name: 'k_transposed', tex: '\\hat K', note: { zh: '原文印作 Kᵀ 的矩阵。', en: 'What the text prints as Kᵀ.' } },
  ],
  run(attn, { x, h, k_transposed }) {
    const input = attn.tensor(x);
    const product = input.matmul(attn.tensor(k_transposed));
    const scaled = product.div(attn.tensor(input.shape[1]).sqrt());
    const weights = attn.F.softmax(scaled, -1);
    const total = attn.tensor(claimed.weighted_context).slice(1, 0, 1).sum();
    const [p, s, a] = [product, scaled, weights].map(numbers);
    return [
      {
        title: asPrinted,
        printed: true,
        steps: [
          {
            tex: 'P', role: 'signed', value: p, oracle: 'product', claimed: 'product', formula: 'P = X\\hat K',
            formulaWithNumbers: worked('P', p, (j) => products(rows(x)[0], column(k_transposed, j))),
            caption: { zh: '输入乘印出的 3×3 矩阵。', en: 'The input times the printed 3×3 matrix.' },
          },
          {
            tex: '\\tilde P', op: '\\div\\sqrt{d}\\;\\to', role: 'signed', value: s, formula: '\\tilde P = P/\\sqrt{d}',
            formulaWithNumbers: worked('\\tilde P', s, (j) => `${num(rows(p)[0][j])}/\\sqrt{${input.shape[1]}}`),
            caption: { zh: '除以 √d。', en: 'Divided by √d.' },
          },
          weightsStep(s, a, {
            oracle: 'weights', claimed: 'weights', formula: 'A = \\operatorname{softmax}(\\tilde P)',
            caption: {
              zh: '这些分数的 softmax 远比印出的数值尖锐。',
              en: 'The softmax of such scores is far more peaked than the printed numbers.',
            },
          }),
          attempt({
            tex: 'XA', op: 'X\\,\\times', role: 'signed', oracle: 'as_printed',
            caption: { zh: '输入乘权重。', en: 'The input times the weights.' },
          }, () => input.matmul(weights)),
          {
            tex: '\\Sigma', role: 'signed', value: numbers(total), oracle: 'claimed_column_actually_sums_to',
            claimed: 'output', formula: '\\sum_t c_{t1}',
            formulaWithNumbers:
              equals(claimed.weighted_context.map((row) => num(row[0])).join('+'), total.item()),
            caption: {
              zh: '把印出的上下文第一列真正加一遍。',
              en: 'The first column of the printed contexts, actually added up.',
            },
          },
        ],
      },
      {
        title: { zh: 'K 的转置', en: 'The transpose of K' },
        steps: [{
          tex: 'H^{\\top}', role: 'signed', value: numbers(attn.tensor(h).transpose(0, 1)),
          formula: 'K^{\\top} = H^{\\top}',
          caption: {
            zh: 'H 真正的转置有五列；印出的 3×3 矩阵只有第一列与它相同。',
            en: 'The real transpose of H has five columns; of the printed 3×3 only the first is among them.',
          },
        }],
      },
      {
        title: { zh: '改正：交叉注意力', en: 'Corrected: cross-attention' },
        steps: attentionSteps({ q: h, k: x, v: x }, attn.attend(h, x, x), 'sqrt',
          { oracle: 'corrected_cross_attention', claimed: { output: 'weighted_context' } }),
      },
    ];
  },
};
