/** A convolution's fixed window beside attention's weights, on one sequence. */
import type { Numbers, Recipe, Role } from './recipe.js';
import { numbers, outputStep, weightsStep } from './steps.js';
import { column, products, rows, worked } from './tex.js';

export const B3: Recipe = {
  id: 'B3',
  title: { zh: '卷积的窗口与注意力', en: 'A convolution’s window and attention' },
  claim: {
    zh: '卷积只看固定的局部窗口，注意力看整个序列，并且由内容决定看哪里。',
    en: 'A convolution sees a fixed local window; attention sees the whole sequence and decides by content.',
  },
  gives: {
    zh: '两者都是 T×T 的混合矩阵：卷积的是一条不变的斜带，注意力的铺满全图；不加位置编码时，内容相同的位置权重也相同。',
    en: 'Both are T×T mixing matrices: the convolution’s a fixed band, attention’s full '
      + 'and, without positions, with equal weights for equal content however far away.',
  },
  inputs: [
    { name: 'x', tex: 'X', value: [[2, 0], [0, 1], [1, -1], [0, 2], [-1, 0], [1, 1], [2, 0], [0, -1]],
      note: { zh: '八个位置，各两个特征；第 1 与第 7 行相同。', en: 'Eight positions of two features; rows 1 and 7 are equal.' } },
    { name: 'kernel', tex: 'w', value: [0.25, 0.5, 0.25], note: { zh: '卷积核。', en: 'The kernel.' } },
  ],
  run(attn, { x, kernel }) {
    const [T, D] = attn.tensor(x).shape;
    const weight = attn.tensor(kernel).reshape(1, 1, -1);
    const padding = Math.floor((weight.shape[2] - 1) / 2);
    // One channel at a time: each feature, and each unit impulse, is a sequence of its own in the batch.
    const slide = (sequences: Numbers, n: number) =>
      attn.F.conv1d(attn.tensor(sequences).transpose(0, 1).reshape(n, 1, T), weight, { padding })
        .reshape(n, -1).transpose(0, 1);
    const band = slide(numbers(attn.eye(T)), T);
    const mixed = band.matmul(attn.tensor(x));
    const attention = attn.attend(x, x, x);
    const [B, y, a] = [band, mixed, attention.weights].map(numbers);
    const taps = rows(kernel)[0];
    const role: Role = taps.every((tap) => tap >= 0 && tap <= 1) ? 'weights' : 'signed';
    return [
      {
        title: { zh: '卷积：固定的窗口', en: 'Convolution: a fixed window' },
        steps: [
          {
            tex: 'y', role: 'signed', value: numbers(slide(x, D)), formula: 'y_t = \\sum_{i} w_i\\,x_{t+i-p}',
            caption: { zh: '卷积核沿序列滑动，序列之外补零。', en: 'The kernel slides along; beyond the ends are zeros.' },
          },
          {
            tex: 'B', role, value: B, formula: 'B_{ts} = w_{s-t+p}',
            caption: {
              zh: '对每个单位脉冲做同一卷积，得到它的混合矩阵：带宽就是核宽，输入怎么变，这条带都不变。',
              en: 'The same convolution of each unit impulse is its mixing matrix: '
                + 'a band as wide as the kernel, whatever the input.',
            },
          },
          {
            tex: 'BX', op: '\\times X\\;=', role: 'signed', value: y, formula: 'y = BX',
            formulaWithNumbers: worked('y', y, (j) => products(rows(B)[0].slice(0, taps.length), column(x, j))),
            caption: { zh: '用这个矩阵去乘，结果与卷积相同。', en: 'Multiplying by it gives what the convolution gave.' },
          },
        ],
      },
      {
        title: { zh: '注意力：看内容，不加位置编码', en: 'Attention: by content, without positions' },
        steps: [
          weightsStep(numbers(attention.scaled), a, {
            formula: 'A = \\operatorname{softmax}(XX^{\\top}/\\sqrt{d})',
            caption: {
              zh: '每行都铺满整个序列。这里没有位置编码，相同的向量便得到相同的权重，与距离无关。',
              en: 'Every row spans the sequence. Without positions equal vectors get equal weights, at any distance.',
            },
          }),
          outputStep(a, x, numbers(attention.output), {}, 'X'),
        ],
      },
    ];
  },
};
