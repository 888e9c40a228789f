/** Scaled dot-product attention on three queries and keys of two features. */
import type { Attn } from 'attention-playground';
import examples from './examples.json';
import type { Group, Inputs, Recipe } from './recipe.js';
import { attempt, attentionSteps, numbers, scoresStep, weightsStep } from './steps.js';
import { products, rows, worked } from './tex.js';

const { claimed } = examples.A1;

function withTwoKeys(attn: Attn, { q, k, v }: Inputs): Group {
  const [, d] = attn.tensor(q).shape as [number, number];
  // A 2×2 "Kᵀ" has room for d of the keys only; V loses the same rows wherever the text's product fits at all.
  const keys = attn.tensor(k).slice(0, 0, d);
  const values = attn.tensor(v).slice(0, 0, d);
  const scaled = attn.tensor(q).matmul(keys.transpose(0, 1)).div(attn.tensor(d).sqrt());
  const weights = attn.F.softmax(scaled, -1);
  const output = () => attn.tensor(claimed.weights).matmul(values);
  return {
    title: { zh: '照原文计算：Kᵀ 写成 2×2', en: 'As printed: Kᵀ as a 2×2 matrix' },
    printed: true,
    steps: [
      scoresStep(q, numbers(keys), numbers(scaled), {
        tex: '\\tilde S',
        formula: '\\tilde S = QK_{1:2}^{\\top}/\\sqrt{d}',
        formulaWithNumbers: worked('\\tilde S', numbers(scaled),
          (j) => `(${products(rows(q)[0], rows(k)[j])})/\\sqrt{${d}}`),
        caption: {
          zh: '2×2 的 Kᵀ 只装得下前两个键，第三个键从一开始就丢了。',
          en: 'A 2×2 Kᵀ holds only the first two keys; the third is lost from the start.',
        },
      }),
      weightsStep(numbers(scaled), numbers(weights), {
        claimed: 'weights',
        caption: {
          zh: '即使只有两个键，权重也不会都是 0.5：两个分数并不相等。',
          en: 'Even over two keys the weights are not all 0.5, since the two scores are not equal.',
        },
      }),
      attempt({
        tex: 'AV', role: 'signed',
        caption: { zh: '两列的权重乘三行的 V。', en: 'Weights of two columns times a V of three rows.' },
      }, () => weights.matmul(attn.tensor(v))),
      attempt({
        tex: 'O', role: 'signed', claimed: 'output', formula: 'O = A_{\\text{printed}}V_{1:2}',
        caption: {
          zh: '原文的 1 这样才能得到：把它的权重乘到 V 的前两行上。',
          en: 'Where the text’s ones come from: its own weights, times the first two rows of V.',
        },
      }, output),
      attempt({
        tex: 'OV', role: 'signed',
        caption: { zh: '原文接着把输出再乘一次 V。', en: 'The text then multiplies the output by V once more.' },
      }, () => output().matmul(attn.tensor(v))),
      attempt({
        tex: 'OV', role: 'signed', claimed: 'weighted_value', formula: 'OV_{1:2}',
        caption: {
          zh: '就算只取 V 的前两行让乘法成立，结果也不是 (4, 2)；而且输出里已经含有 V，不该再乘。',
          en: 'Even with just the two rows of V that fit, it is not (4, 2); and V is in the output already.',
        },
      }, () => output().matmul(values)),
    ],
  };
}

/** X is printed, but no projection of it is: three equally spaced rows would stay so under any matrix. */
function whereIsX(attn: Attn, { x, q }: Inputs): Group[] {
  if (attn.tensor(x).shape[0] !== 3 || attn.tensor(q).shape[0] !== 3) return [];
  const bend = attn.tensor([[1, -2, 1]]);
  return [{
    title: { zh: 'Q 从哪里来', en: 'Where Q comes from' },
    steps: [
      {
        tex: '\\Delta X', role: 'signed', value: numbers(bend.matmul(attn.tensor(x))), formula: 'x_1 - 2x_2 + x_3',
        caption: {
          zh: '原文还给出了 X。它的三行等距，所以这个差为零，乘上任何 W 之后仍为零。',
          en: 'The text prints an X too. Its rows are evenly spaced: this is zero, and stays so under any W.',
        },
      },
      {
        tex: '\\Delta Q', role: 'signed', value: numbers(bend.matmul(attn.tensor(q))), formula: 'q_1 - 2q_2 + q_3',
        caption: {
          zh: 'Q 的这个差不为零：没有哪个 W 能由 X 得到这个 Q，只能把 Q、K、V 当作直接给定。',
          en: 'For Q it is not: no W leads from that X to this Q, so Q, K and V are taken as given.',
        },
      },
    ],
  }];
}

export const A1: Recipe = {
  id: 'A1',
  title: { zh: '缩放点积注意力', en: 'Scaled dot-product attention' },
  claim: {
    zh: '三个查询的权重都是 (0.5, 0.5)，输出是 (1, 1)；再乘一次 V，最后得到 (4, 2)。',
    en: 'Each of the three queries has weights (0.5, 0.5) and output (1, 1); another product with V makes it (4, 2).',
  },
  gives: {
    zh: '三个键就有三个权重：第一个查询是 (0.198, 0.401, 0.401)，输出 (1.198, 1.604)，到此为止。',
    en: 'Three keys mean three weights: (0.198, 0.401, 0.401) for the first query, whose output is (1.198, 1.604).',
  },
  why: {
    zh: '3×2 的 K 转置后是 2×3，不是 2×2，所以权重应是 3×3，每行之和为 1；V 也只乘一次。',
    en: 'A 3×2 K is 2×3 when transposed, not 2×2, so the weights are 3×3 with rows that sum to 1; V enters once.',
  },
  inputs: [
    { name: 'q', tex: 'Q' },
    { name: 'k', tex: 'K' },
    { name: 'v', tex: 'V' },
    { name: 'x', tex: 'X', note: { zh: '与 Q、K、V 无关，见最后一组。', en: 'Unrelated to Q, K, V; see the last group.' } },
  ],
  run(attn, inputs) {
    const { q, k, v } = inputs;
    return [
      withTwoKeys(attn, inputs),
      {
        title: { zh: '改正：缩放点积', en: 'Corrected: scaled dot product' },
        steps: attentionSteps({ q, k, v }, attn.attend(q, k, v), 'sqrt',
          { oracle: 'scaled_dot', claimed: { weights: 'weights', output: 'final' } }),
      },
      {
        title: { zh: '对照：不缩放', en: 'Beside it: without scaling' },
        steps: attentionSteps({ q, k, v }, attn.attend(q, k, v, { score: 'dot' }), 'none', { oracle: 'dot' }),
      },
      ...whereIsX(attn, inputs),
    ];
  },
};
