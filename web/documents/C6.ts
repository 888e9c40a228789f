/** Each row attending to itself alone, beside self-attention. */
import type { Recipe } from './recipe.js';
import { attentionSteps, numbers } from './steps.js';
import { equals, num, products, rows, worked } from './tex.js';

export const C6: Recipe = {
  id: 'C6',
  title: { zh: '自注意力', en: 'Self-attention' },
  claim: {
    zh: '把自注意力分别用在每一行上，一行一行地算。',
    en: 'Self-attention is applied to every row separately, one row at a time.',
  },
  gives: {
    zh: '单独一行只有一个键，权重必为 1，输出就是输入。放在一起算，每行才真正混合了其他行。',
    en: 'A row alone has one key, so its weight is 1 and its output the input. Together, rows really mix.',
  },
  why: {
    zh: '“自”是说查询、键、值出自同一个序列，而不是每个位置只看自己。一个数的 softmax 永远是 1。',
    en: '“Self” means that queries, keys and values come from one sequence, not that a position sees only itself. '
      + 'The softmax of a single number is always 1.',
  },
  inputs: [{ name: 'x', tex: 'X' }],
  run(attn, { x }) {
    const input = attn.tensor(x);
    const [T, D] = input.shape;
    // A batch of T sequences, each one row long.
    const single = input.reshape(T, 1, D);
    const alone = attn.attend(single, single, single);
    const [scores, weights] = [alone.scaled, alone.weights].map((tensor) => numbers(tensor.reshape(T)));
    const output = numbers(alone.output.reshape(T, D));
    const score = num(rows(scores)[0][0]);
    return [
      {
        title: { zh: '照原文计算：每行单独', en: 'As printed: each row alone' },
        printed: true,
        steps: [
          {
            tex: '\\tilde e', role: 'signed', value: scores, formula: '\\tilde e_t = x_t\\cdot x_t/\\sqrt{d}',
            formulaWithNumbers: `\\tilde e_{1} = (${products(rows(x)[0], rows(x)[0])})/\\sqrt{${D}} = ${score}`,
            caption: { zh: '每行与自己的点积：唯一的分数。', en: 'Each row’s dot product with itself: its only score.' },
          },
          {
            tex: 'A', op: '\\operatorname{softmax}\\;\\to', role: 'weights', value: weights, formula: 'A_t = \\frac{e^{\\tilde e_t}}{e^{\\tilde e_t}} = 1',
            formulaWithNumbers: `A_{1} = ${equals(`\\frac{e^{${score}}}{e^{${score}}}`, rows(weights)[0][0])}`,
            caption: { zh: '只有一个键，分数是多少都无所谓。', en: 'With one key it makes no difference what the score is.' },
          },
          {
            tex: 'O', op: '\\times X\\;=', role: 'signed', value: output, oracle: 'each_row_alone_as_printed', formula: 'O_t = 1\\cdot x_t',
            formulaWithNumbers: worked('O', output, (j) => products([rows(weights)[0][0]], [rows(x)[0][j]])),
            caption: { zh: '原样返回输入。', en: 'The input comes back unchanged.' },
          },
        ],
      },
      {
        title: { zh: '改正：整个序列一起', en: 'Corrected: the sequence together' },
        steps: attentionSteps({ q: x, k: x, v: x }, attn.attend(x, x, x), 'sqrt', { oracle: 'self_attention' }),
      },
    ];
  },
};
