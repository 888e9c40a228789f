/** Location-based attention, with the second softmax of the text and without it. */
import type { Attn } from 'attention-playground';
import type { Group, Inputs, Recipe, Step } from './recipe.js';
import { numbers, weightsStep } from './steps.js';
import { equals, products, rows, sum, worked } from './tex.js';

function group(attn: Attn, { x, w, b }: Inputs, twice: boolean): Group {
  // The sequence is the query, its elements are the values; the score looks at the query alone, so keys only count.
  const items = attn.tensor(x).reshape(-1, 1);
  const result = attn.attend(attn.tensor(x).reshape(1, -1), items, items, {
    score: 'location', weight: w, bias: b, normalizer: twice ? 'doubleSoftmax' : 'softmax',
  });
  const once = attn.F.softmax(result.scores, -1);
  const [e, a, alpha] = [result.scores, once, result.weights].map((tensor) => numbers(tensor.reshape(-1)));
  const entropy = attn.F.entropy(result.weights).item();
  const y = result.output.item();
  const symbol = twice ? '\\alpha' : 'a';
  const weights: Step = twice
    ? weightsStep(a, alpha, {
      tex: '\\alpha', oracle: 'alpha_second_softmax', formula: '\\alpha = \\operatorname{softmax}(a)',
      caption: {
        zh: '对权重再取一次 softmax：输入都在 0 与 1 之间，结果只能接近平均。',
        en: 'A softmax of the weights: its inputs lie between 0 and 1, so it can only be nearly even.',
      },
    })
    : weightsStep(e, alpha, { tex: 'a', oracle: 'a', formula: 'a = \\operatorname{softmax}(Wx + b)',
      caption: { zh: '由位置分数得到权重。', en: 'Weights from the location scores.' } });
  return {
    title: twice
      ? { zh: '照原文计算：两次 softmax', en: 'As printed: two softmaxes' }
      : { zh: '改正：一次 softmax', en: 'Corrected: one softmax' },
    ...(twice ? { printed: true } : {}),
    steps: [
      {
        tex: 'e', role: 'signed', value: e, formula: 'e = Wx + b',
        formulaWithNumbers: worked('e', e, (j) => `${products(rows(w)[j], rows(x)[0])}+${sum([rows(b)[0][j]])}`),
        caption: { zh: '分数只看输入自身，没有键。', en: 'Scores from the input alone: there are no keys.' },
      },
      ...(twice ? [weightsStep(e, a, { tex: 'a', oracle: 'a', formula: 'a = \\operatorname{softmax}(e)',
        caption: { zh: '第一次 softmax。', en: 'The first softmax.' } })] : []),
      weights,
      {
        tex: 'H', role: 'signed', value: entropy, formula: `H = -\\sum_i ${symbol}_i\\ln ${symbol}_i`,
        caption: { zh: '权重的熵（奈特）：越大越平均。', en: 'The entropy of the weights, in nats: high means even.' },
      },
      {
        tex: 'y', role: 'signed', value: y, oracle: twice ? 'y_double_softmax' : 'y_single_softmax',
        formula: `y = \\sum_i ${symbol}_i x_i`,
        formulaWithNumbers: `y = ${equals(products(rows(alpha)[0], rows(x)[0]), y)}`,
        caption: { zh: '输入的加权和。', en: 'The weighted sum of the inputs.' },
      },
    ],
  };
}

export const D1: Recipe = {
  id: 'D1',
  title: { zh: '基于位置的注意力', en: 'Location-based attention' },
  claim: {
    zh: '先算 a = softmax(Wx+b)，再对 a 取一次 softmax 得到 α，输出 Σ αᵢxᵢ。',
    en: 'First a = softmax(Wx+b), then another softmax of a gives α; the output is Σ αᵢxᵢ.',
  },
  gives: {
    zh: '一次：(0.186, 0.307, 0.506)，y = 2.320；两次：(0.285, 0.322, 0.393)，y = 2.108。',
    en: 'Once: (0.186, 0.307, 0.506) and y = 2.320. Twice: (0.285, 0.322, 0.393) and y = 2.108.',
  },
  why: {
    zh: 'a 已经是和为 1 的权重；再取 softmax，最大与最小之比不超过 e，学到的侧重被抹平。',
    en: 'a is a set of weights already. Another softmax keeps the largest within a factor e of the smallest '
      + 'and flattens whatever was learnt.',
  },
  inputs: [{ name: 'x', tex: 'x' }, { name: 'w', tex: 'W' }, { name: 'b', tex: 'b' }],
  run: (attn, inputs) => [group(attn, inputs, true), group(attn, inputs, false)],
};
