/** Similarities divided by their sum, beside softmax, and where dividing by the sum breaks. */
import type { Attn } from 'attention-playground';
import type { Group, Inputs, Numbers, Recipe, Step } from './recipe.js';
import { attempt, numbers } from './steps.js';
import { column, num, products, rows, softmaxOf, sum, worked } from './tex.js';

/** One normaliser's weights and output for one decoder state. */
function weigh(attn: Attn, sequence: Numbers, state: Numbers, normalizer: 'sum' | 'softmax') {
  const { scores, weights, output } = attn.attend([state], sequence, sequence, { score: 'dot', normalizer });
  const [e, a, c] = [scores, weights, output].map((tensor) => numbers(tensor.reshape(-1)));
  const by = normalizer === 'sum'
    ? { formula: '\\alpha_s = \\frac{e_s}{\\sum_r e_r}',
      how: (j: number) => `\\frac{${num(rows(e)[0][j])}}{${sum(rows(e)[0])}}` }
    : { formula: '\\alpha_s = \\frac{e^{e_s}}{\\sum_r e^{e_r}}', how: (j: number) => softmaxOf(rows(e)[0], j) };
  const weightsAre: Step = {
    tex: '\\alpha', op: normalizer === 'sum' ? '\\div\\sum\\;\\to' : '\\operatorname{softmax}\\;\\to', value: a, formula: by.formula, formulaWithNumbers: worked('\\alpha', a, by.how),
    role: rows(a)[0].every((x) => x >= 0) ? 'weights' : 'signed',
    caption: normalizer === 'sum'
      ? { zh: '每个相似度除以总和。', en: 'Each similarity over their sum.' }
      : { zh: '先取指数再除以总和：总是正数。', en: 'Exponentials over their sum: always positive.' },
  };
  const outputIs: Step = {
    tex: 'c', op: '\\times X\\;=', role: 'signed', value: c, formula: 'c = \\sum_s \\alpha_s x_s',
    formulaWithNumbers: worked('c', c, (j) => products(rows(a)[0], column(sequence, j))),
    caption: { zh: '序列各行的加权和，交给解码器。', en: 'The weighted sum of the rows: what the decoder receives.' },
  };
  return { weightsAre, outputIs };
}

function similarities(attn: Attn, sequence: Numbers, state: Numbers, oracle?: string): Step {
  const e = numbers(attn.tensor(sequence).matmul(attn.tensor(state)));
  return {
    tex: 'e', role: 'signed', value: e, oracle, formula: 'e_s = x_s\\cdot h',
    formulaWithNumbers: worked('e', e, (j) => products(rows(sequence)[j], rows(state)[0])),
    caption: { zh: '解码器状态与序列每一行的点积。', en: 'The decoder state’s dot product with each row.' },
  };
}

function whereItBreaks(attn: Attn, { sequence, negative_state, zero_sum_state }: Inputs): Group[] {
  return [{
    title: { zh: '失灵之一：相似度有负数', en: 'Where it breaks: a negative similarity' },
    steps: [
      similarities(attn, sequence, negative_state),
      attempt({
        tex: '\\alpha', role: 'signed', formula: '\\alpha_s = \\frac{e_s}{\\sum_r e_r}',
        caption: {
          zh: '有负的相似度，就有负的“权重”：和仍是 1，却不再是份额。',
          en: 'A negative similarity makes a negative “weight”: they sum to 1 and still are no shares.',
        },
      }, () => attn.attend([negative_state], sequence, sequence, { score: 'dot', normalizer: 'sum' })
        .weights.reshape(-1)),
      { ...weigh(attn, sequence, negative_state, 'softmax').weightsAre, op: undefined },
    ],
  }, {
    title: { zh: '失灵之二：总和为零', en: 'Where it breaks: a sum of zero' },
    steps: [
      similarities(attn, sequence, zero_sum_state),
      attempt({
        tex: '\\alpha', role: 'signed', oracle: 'warning',
        caption: { zh: '总和为零时，根本无从相除。', en: 'Where the sum vanishes there is nothing to divide by.' },
      }, () => attn.attend([zero_sum_state], sequence, sequence, { score: 'dot', normalizer: 'sum' })
        .weights.reshape(-1)),
      { ...weigh(attn, sequence, zero_sum_state, 'softmax').weightsAre, op: undefined },
    ],
  }];
}

export const C1: Recipe = {
  id: 'C1',
  title: { zh: '除以总和与 softmax', en: 'Dividing by the sum and softmax' },
  claim: {
    zh: '伪代码：解码器状态与各输入做点积，除以点积之和，再加权求和。',
    en: 'Pseudo-code: dot products of the decoder state with the inputs, divided by their sum, then a weighted sum.',
  },
  gives: {
    zh: '这组数可行：除以总和时最大的权重是 0.317，softmax 则给两个最大的分数各 0.499。',
    en: 'It works for these numbers: the largest weight is 0.317, where softmax gives both leaders 0.499.',
  },
  why: {
    zh: '除以总和只在相似度全为正时才有意义：负数得出负权重，总和为零则无法计算。softmax 对任何分数都成立。',
    en: 'Dividing by the sum makes sense for positive similarities only: negative ones give negative weights, '
      + 'and a sum of zero gives nothing. Softmax holds for any scores.',
  },
  inputs: [
    { name: 'sequence', tex: 'X' },
    { name: 'decoder_state', tex: 'h' },
    { name: 'negative_state', tex: 'h^{-}', value: [1, -1, 0],
      note: { zh: '使一个相似度为负。', en: 'Makes one similarity negative.' } },
    { name: 'zero_sum_state', tex: 'h^{0}', value: [2, -4, 1],
      note: { zh: '使相似度之和为零。', en: 'Makes the similarities sum to zero.' } },
  ],
  run(attn, inputs) {
    const { sequence, decoder_state } = inputs;
    const bySum = weigh(attn, sequence, decoder_state, 'sum');
    const bySoftmax = weigh(attn, sequence, decoder_state, 'softmax');
    return [
      {
        title: { zh: '照原文计算：除以总和', en: 'As printed: divided by the sum' },
        printed: true,
        steps: [
          similarities(attn, sequence, decoder_state, 'similarities'),
          { ...bySum.weightsAre, oracle: 'sum_normalised' },
          { ...bySum.outputIs, oracle: 'output_sum_normalised' },
        ],
      },
      {
        title: { zh: '对照：softmax', en: 'Beside it: softmax' },
        steps: [
          { ...bySoftmax.weightsAre, oracle: 'softmax' },
          { ...bySoftmax.outputIs, oracle: 'output_softmax' },
        ],
      },
      ...whereItBreaks(attn, inputs),
    ];
  },
};
