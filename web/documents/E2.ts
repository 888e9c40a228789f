/** Self-attention whose values are its keys, beside values of their own. */
import type { Recipe } from './recipe.js';
import { attentionSteps, numbers, outputStep } from './steps.js';
import { column, products, rows, worked } from './tex.js';

export const E2: Recipe = {
  id: 'E2',
  title: { zh: '值就是键，还是另有其值', en: 'Values: the keys, or their own' },
  claim: {
    zh: '自注意力里，值直接取键。',
    en: 'In self-attention the values are simply the keys.',
  },
  gives: {
    zh: '可以算：输出只是输入各行的混合。值另设投影之后，权重一点不变，输出却换了内容。',
    en: 'It computes: the output merely mixes the rows of the input. '
      + 'With projected values the weights stay the same, and something else is mixed.',
  },
  why: {
    zh: '键决定“怎样被找到”，值决定“交出什么”。两者共用，就不能按一种特征去找、却取回另一种内容。',
    en: 'A key says how a position is found, a value what it hands over. '
      + 'Where they are one, nothing can be found by one feature and read by another.',
  },
  inputs: [
    { name: 'x', tex: 'X' },
    { name: 'w_v', tex: 'W_v', value: [[1, -1], [0, 1], [0.5, 0]],
      note: { zh: '值的投影，只用于对照；宽度可以不同于 X。', en: 'Projects the values, for comparison; any width will do.' } },
  ],
  run(attn, { x, w_v }) {
    const values = attn.tensor(x).matmul(attn.tensor(w_v));
    const shared = attn.attend(x, x, x);
    const separate = attn.attend(x, x, values);
    const v = numbers(values);
    const weights = numbers(separate.weights);
    return [
      {
        title: { zh: '照原文计算：值就是键', en: 'As printed: the values are the keys' },
        printed: true,
        steps: attentionSteps({ q: x, k: x, v: x }, shared, 'sqrt', { oracle: 'values_are_keys' }),
      },
      {
        title: { zh: '对照：单独的值', en: 'Beside it: values of their own' },
        steps: [
          {
            tex: 'V', role: 'signed', value: v, formula: 'V = XW_v',
            formulaWithNumbers: worked('V', v, (j) => products(rows(x)[0], column(w_v, j))),
            caption: { zh: '由 X 投影出的值。', en: 'Values, projected from X.' },
          },
          {
            tex: 'A', role: 'weights', value: weights, formula: 'A = \\operatorname{softmax}(XX^{\\top}/\\sqrt{d})',
            caption: { zh: '权重与上面完全相同：它只取决于查询和键。',
              en: 'The same weights as above: they depend on queries and keys alone.' },
          },
          outputStep(weights, v, numbers(separate.output)),
        ],
      },
    ];
  },
};
