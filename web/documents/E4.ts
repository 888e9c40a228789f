/** A softmax over axis 1: on a batch that is the axis of the queries. */
import type { Attn, Tensor } from 'attention-playground';
import type { Group, Recipe, Text } from './recipe.js';
import { numbers } from './steps.js';
import { column, equals, num, rows, softmaxOf, sum, worked } from './tex.js';

interface Axis { title: Text; printed?: true; caption: Text; columns: Text; dim: 1 | -1; oracle: string }

function group(attn: Attn, scaled: Tensor, { title, printed, caption, columns, dim, oracle }: Axis): Group {
  const weights = attn.F.softmax(scaled, dim);
  const [s, a, rowSums, columnSums] = [scaled, weights, weights.sum(-1), weights.sum(1)].map(numbers);
  return {
    title, printed,
    steps: [
      {
        tex: 'A', role: 'weights', value: a, oracle, caption,
        formula: dim === 1 ? 'A_{ts} = \\frac{e^{\\tilde S_{ts}}}{\\sum_r e^{\\tilde S_{rs}}}'
          : 'A_{ts} = \\frac{e^{\\tilde S_{ts}}}{\\sum_r e^{\\tilde S_{tr}}}',
        formulaWithNumbers: worked('A', a, (j) => (dim === 1 ? softmaxOf(column(s, j), 0) : softmaxOf(rows(s)[0], j))),
      },
      {
        tex: '\\Sigma_s', role: 'signed', value: rowSums, formula: '\\sum_s A_{ts}',
        formulaWithNumbers: equals(sum(rows(a)[0]), rows(rowSums)[0][0]),
        caption: { zh: '每行之和：一个查询的全部权重，应当是 1。', en: 'Row sums: all the weight of a query, which should be 1.' },
      },
      {
        tex: '\\Sigma_t', role: 'signed', value: columnSums, formula: '\\sum_t A_{ts}',
        formulaWithNumbers: equals(sum(column(a, 0)), rows(columnSums)[0][0]),
        caption: columns,
      },
    ],
  };
}

export const E4: Recipe = {
  id: 'E4',
  title: { zh: 'softmax 取错了轴', en: 'Softmax over the wrong axis' },
  claim: {
    zh: '分数在第 1 轴上取 softmax，得到每个查询的权重。',
    en: 'A softmax of the scores over axis 1 gives each query its weights.',
  },
  gives: {
    zh: '有批次时，第 1 轴是查询轴：各列之和为 1，而第一个查询的权重之和只有 0.086。',
    en: 'On a batch, axis 1 is the axis of queries: columns sum to 1, and the first query’s weights to only 0.086.',
  },
  why: {
    zh: '分数的形状是 [批次、查询、键]，归一化应沿键的轴，即最后一轴。写成 −1，就与有没有批次无关。',
    en: 'Scores are [batch, query, key], and the normalising runs along the keys, the last axis. '
      + 'Written as −1 it is right with a batch and without.',
  },
  inputs: [{ name: 'x_batched', tex: 'X' }],
  run(attn, { x_batched: x }) {
    const { scores, scaled } = attn.attend(x, x, x);
    const [s, z] = [scores, scaled].map(numbers);
    const d = attn.tensor(x).shape.at(-1);
    return [
      {
        title: { zh: '分数', en: 'Scores' },
        steps: [{
          tex: '\\tilde S', role: 'signed', value: z, formula: '\\tilde S_b = X_b X_b^{\\top}/\\sqrt{d}',
          formulaWithNumbers: worked('\\tilde S', z, (j) => `${num(rows(s)[0][j])}/\\sqrt{${d}}`),
          caption: { zh: '每个序列各有一张分数表，已缩放。', en: 'A table of scaled scores for each sequence of the batch.' },
        }],
      },
      group(attn, scaled, {
        title: { zh: '照原文计算：第 1 轴', en: 'As printed: axis 1' },
        printed: true, dim: 1, oracle: 'softmax_axis_1_as_printed',
        caption: { zh: '沿查询归一化：各查询在争抢同一个键。', en: 'Normalised along the queries: they compete for each key.' },
        columns: { zh: '每列之和：都是 1，归一化的是列，而不是行。', en: 'Column sums: all 1, since columns were normalised and not rows.' },
      }),
      group(attn, scaled, {
        title: { zh: '改正：最后一轴', en: 'Corrected: the last axis' }, dim: -1, oracle: 'softmax_last_axis',
        caption: { zh: '沿键归一化：每个查询分配自己的权重。', en: 'Normalised along the keys: each query shares out its own.' },
        columns: { zh: '每列之和：没有理由是 1。', en: 'Column sums: there is no reason for them to be 1.' },
      }),
    ];
  },
};
