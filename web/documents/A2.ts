/** Row-wise scores: a TensorFlow 1 listing that multiplies queries and keys position by position. */
import examples from './examples.json';
import type { Recipe } from './recipe.js';
import { attempt, corrected, numbers } from './steps.js';
import { column, equals, products, rows, softmaxOf, sum, worked } from './tex.js';

export const A2: Recipe = {
  id: 'A2',
  title: { zh: '逐行打分的注意力', en: 'Scores row by row' },
  claim: {
    zh: '权重是 (0.5, 0.5, 0.5)，乘上 V 再按行求和，输出每行都是 (7, 8)。',
    en: 'The weights are (0.5, 0.5, 0.5); times V and summed along the rows they give (7, 8) in every row.',
  },
  gives: {
    zh: '权重是 (0.212, 0.212, 0.576)，和为 1；按行求和只剩一列：(0.424, 0.424, 2.304)。',
    en: 'The weights are (0.212, 0.212, 0.576), which sum to 1; row sums leave one number a row: 0.424, 0.424, 2.304.',
  },
  why: {
    zh: '形状 [3] 与 [3, 2] 无法广播，权重要先补一维；三个 0.5 之和是 1.5，也不是分布。'
      + '另外 TensorFlow 1 不开会话求值，print 只会显示计算图的节点。',
    en: 'A [3] does not broadcast against a [3, 2]: the weights need a second axis. Three halves sum to 1.5 and are no '
      + 'distribution; and before a TensorFlow 1 session runs, print shows only nodes of the graph.',
  },
  inputs: [{ name: 'q', tex: 'Q' }, { name: 'k', tex: 'K' }, { name: 'v', tex: 'V' }],
  run(attn, { q, k, v }) {
    const product = attn.tensor(q).mul(k);
    const scores = product.sum(-1);
    const weights = attn.F.softmax(scores, -1);
    const columnOfWeights = weights.reshape(-1, 1);
    const weighted = columnOfWeights.mul(v);
    const output = weighted.sum(-1);
    const printedSum = numbers(attn.tensor(examples.A2.claimed.weights).sum());
    const mixed = weights.matmul(attn.tensor(v));
    const [e, alpha, u, o, c] = [scores, weights, weighted, output, mixed].map(numbers);
    return [
      {
        title: { zh: '照原文计算', en: 'As printed' },
        printed: true,
        steps: [
          {
            tex: 'Q\\odot K', role: 'signed', value: numbers(product), formula: 'P = Q \\odot K',
            caption: { zh: '逐元素相乘：第 t 个查询只遇到第 t 个键。',
              en: 'Element by element: query t only ever meets key t.' },
          },
          {
            tex: 'e', op: '+\\;\\to', role: 'signed', value: e, oracle: 'scores', formula: 'e_t = \\sum_i q_{ti}k_{ti}',
            formulaWithNumbers: worked('e', e, (j) => products(rows(q)[j], rows(k)[j])),
            caption: { zh: '每行求和，得到每个位置的分数。', en: 'Summed along each row: one score for each position.' },
          },
          {
            tex: '\\alpha', op: '\\operatorname{softmax}\\;\\to', role: 'weights', value: alpha, oracle: 'weights', claimed: 'weights',
            formula: '\\alpha_t = \\frac{e^{e_t}}{\\sum_r e^{e_r}}',
            formulaWithNumbers: worked('\\alpha', alpha, (j) => softmaxOf(rows(e)[0], j)),
            caption: { zh: '在三个位置上取 softmax。', en: 'Softmax over the positions.' },
          },
          {
            tex: '\\Sigma', role: 'signed', value: printedSum,
            formula: '\\sum_t \\alpha_t^{\\text{printed}}',
            formulaWithNumbers: equals(sum(examples.A2.claimed.weights), rows(printedSum)[0][0]),
            caption: { zh: '原文印出的权重之和，本该是 1。', en: 'What the printed weights sum to; it should be 1.' },
          },
          attempt({
            tex: '\\alpha\\odot V', role: 'signed', oracle: 'as_printed',
            caption: { zh: '权重直接乘 V，没有补出第二维。', en: 'The weights times V, without a second axis.' },
          }, () => weights.mul(v)),
        ],
      },
      {
        title: corrected,
        steps: [
          {
            tex: 'U', role: 'signed', value: u, oracle: 'weighted_value', claimed: 'weighted_value',
            formula: 'u_t = \\alpha_t v_t',
            formulaWithNumbers: worked('U', u, (j) => products([rows(alpha)[0][0]], [rows(v)[0][j]])),
            caption: { zh: '权重变成一列 [3, 1]，于是每行 V 乘自己的权重。',
              en: 'With the weights as a column [3, 1], each row of V is multiplied by its own weight.' },
          },
          {
            tex: 'o', op: '+\\;\\to', role: 'signed', value: o, oracle: 'output', claimed: 'output',
            formula: 'o_t = \\sum_i u_{ti}',
            formulaWithNumbers: worked('o', o, (j) => sum(rows(u)[j])),
            caption: { zh: '按行求和：每个位置只剩一个数，不会是 3×2。',
              en: 'Summed along the rows: one number for each position, never a 3×2 matrix.' },
          },
        ],
      },
      {
        title: { zh: '对照：注意力的求和方向', en: 'Beside it: the sum that attention takes' },
        steps: [{
          tex: 'c', role: 'signed', value: c, formula: 'c = \\sum_t \\alpha_t v_t',
          formulaWithNumbers: worked('c', c, (j) => products(rows(alpha)[0], column(v, j))),
          caption: {
            zh: '按行求和混合的是特征；注意力沿位置求和，混合的是各行 V，结果与 V 的一行同宽。',
            en: 'Row sums mix features. Attention sums over positions: it mixes the rows of V and keeps their width.',
          },
        }],
      },
    ];
  },
};
