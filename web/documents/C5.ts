/** Heads that split the sequence, beside heads that split the features. */
import type { Numbers, Recipe } from './recipe.js';
import { numbers } from './steps.js';
import { column, num, products, rows, softmaxOf, worked } from './tex.js';

export const C5: Recipe = {
  id: 'C5',
  title: { zh: '多头：切序列还是切特征', en: 'Heads: splitting sequence or features' },
  claim: {
    zh: '多头注意力把序列切成几段，每个头只处理自己那一段，最后接起来。',
    en: 'Multi-head attention cuts the sequence into pieces, gives each head its piece and joins the results.',
  },
  gives: {
    zh: '可以算，但各段互不相见。真正的多头切的是特征：每个头看到全部位置，各有一张 5×5 的权重图。',
    en: 'It computes, but the pieces never see each other. Real heads split the features: '
      + 'each sees every position and has 5×5 weights of its own.',
  },
  why: {
    zh: '切开序列，跨段的联系就断了，也不会得到“多种视角”；切开特征，每个头才能在整个序列上用自己的子空间比较。',
    en: 'A cut through the sequence severs whatever crosses it and adds no second view. '
      + 'Cut features let each head compare all positions in a subspace of its own.',
  },
  inputs: [
    { name: 'x_first_four_rows', tex: 'X', note: { zh: '前四行，能分成两段。', en: 'Four rows, so that two pieces fit.' } },
    { name: 'x_widened', tex: 'X\'',
      note: { zh: '第一列重复一次，宽度变成 4，能分给两个头。', en: 'Its first column repeated: width 4 suits two heads.' } },
    { name: 'heads', tex: 'h', note: { zh: '头数。', en: 'The number of heads.' } },
  ],
  run(attn, { x_first_four_rows: x, x_widened: wide, heads }) {
    const count = Number(heads);
    // First, so that a number of heads that fits nothing is refused by name.
    const result = attn.attend(wide, wide, wide, { heads: count });
    // The pieces are a batch.
    const x3 = attn.tensor(x).reshape(count, -1, attn.tensor(x).shape[1]);
    const pieces = attn.attend(x3, x3, x3);
    const [pieceScaled, pieceWeights, joined] =
      [pieces.scaled, pieces.weights, pieces.output.reshape(-1, x3.shape[2])].map(numbers);
    const [scores, scaled, weights, output] =
      [result.scores, result.scaled, result.weights, result.output].map(numbers);
    const each = attn.tensor(wide).shape[1] / count;
    // One head has no axis of its own.
    const headOf = (j: number) => (count > 1 ? (weights as Numbers[])[Math.floor(j / each)] : weights);
    const part = { zh: `每个头分到 ${num(each)} 列。`, en: `Each head has ${num(each)} of the columns.` };
    return [
      {
        title: { zh: '照原文计算：切序列', en: 'As printed: the sequence split' },
        printed: true,
        steps: [
          {
            tex: 'A^{(h)}', role: 'weights', value: pieceWeights,
            formula: 'A^{(h)} = \\operatorname{softmax}(X_h X_h^{\\top}/\\sqrt{d})',
            formulaWithNumbers: worked('A^{(1)}', rows(pieceWeights), (j) => softmaxOf(rows(pieceScaled)[0], j)),
            caption: { zh: '每段内部的权重；段与段之间没有任何权重。', en: 'Weights within each piece; none lead across.' },
          },
          {
            tex: 'O', op: '\\times X_h\\;=', role: 'signed', value: joined, oracle: 'split_the_sequence_as_printed',
            formula: 'O = [A^{(1)}X_1;\\ \\ldots;\\ A^{(h)}X_h]',
            formulaWithNumbers: worked('O', joined, (j) => products(rows(pieceWeights)[0], column(x, j))),
            caption: { zh: '各段输出上下相接。', en: 'The outputs of the pieces, one below the other.' },
          },
        ],
      },
      {
        title: { zh: '改正：切特征（不含投影）', en: 'Corrected: the features split (no projections)' },
        steps: [
          {
            tex: '\\tilde S^{(h)}', role: 'signed', value: scaled,
            formula: '\\tilde S^{(h)} = X\'_h X\'^{\\top}_h/\\sqrt{d/h}',
            formulaWithNumbers: worked('\\tilde S^{(1)}', rows(scaled),
              (j) => `${num(rows(scores)[0][j])}/\\sqrt{${num(each)}}`),
            caption: { zh: `${part.zh}缩放按每个头自己的宽度。`, en: `${part.en} The scale follows a head’s own width.` },
          },
          {
            tex: 'A^{(h)}', op: '\\operatorname{softmax}\\;\\to', role: 'weights', value: weights, oracle: 'head_weights',
            formula: 'A^{(h)} = \\operatorname{softmax}(\\tilde S^{(h)})',
            formulaWithNumbers: worked('A^{(1)}', rows(weights), (j) => softmaxOf(rows(scaled)[0], j)),
            caption: { zh: '两个头看同一序列，各有各的权重。', en: 'The heads look at one sequence, each in its own way.' },
          },
          {
            tex: 'O', op: '\\times X\'_h\\;=', role: 'signed', value: output, oracle: 'split_the_features',
            formula: 'O = [A^{(1)}X\'_1,\\ \\ldots,\\ A^{(h)}X\'_h]',
            formulaWithNumbers: worked('O', output, (j) => products(rows(headOf(j))[0], column(wide, j))),
            caption: { zh: '各头输出左右相接，宽度复原。为了与上文对照，这里略去了投影 W_q、W_k、W_v 和最后的 W_O；完整的多头注意力都有。', en: 'The heads’ outputs side by side: the width is back. The projections W_q, W_k, W_v and the final W_O of full multi-head attention are left out here.' },
          },
        ],
      },
    ];
  },
};
