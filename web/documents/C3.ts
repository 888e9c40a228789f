/** "Additive" attention whose shapes do not fit, beside Bahdanau's. */
import type { Attn } from 'attention-playground';
import type { Group, Inputs, Numbers, Recipe, Text } from './recipe.js';
import { asPrinted, attempt, numbers, outputStep, weightsStep } from './steps.js';
import { products, rows, sum, worked } from './tex.js';

interface Weights { query: Numbers; key: Numbers; score: Numbers }

function bahdanau(
  attn: Attn, { x, h }: Inputs, { query, key, score }: Weights, title: Text, caption: Text, oracle?: string,
): Group {
  const result = attn.attend(h, x, x, { score: 'additive', queryWeight: query, keyWeight: key, scoreVector: score });
  const path = (name: string) => oracle && `${oracle}.${name}`;
  const queries = attn.tensor(h).matmul(attn.tensor(query).transpose(0, 1));
  const keys = attn.tensor(x).matmul(attn.tensor(key).transpose(0, 1));
  const hidden = queries.slice(0, 0, 1).add(keys).tanh();
  const [u, w, z] = [queries, keys, hidden].map(numbers);
  const [e, a, o] = [result.scores, result.weights, result.output].map(numbers);
  const project = (tex: string, of: typeof u, weight: typeof u, from: typeof u) =>
    worked(tex, of, (j) => products(rows(weight)[j], rows(from)[0]));
  return {
    title,
    steps: [
      {
        tex: 'U', role: 'signed', value: u, formula: 'u_t = W_q h_t',
        formulaWithNumbers: project('U', u, query, h),
        caption: { zh: '每个解码器状态经 W_q 投影。', en: 'Each decoder state, projected by W_q.' },
      },
      {
        tex: 'R', role: 'signed', value: w, formula: 'r_s = W_k x_s',
        formulaWithNumbers: project('R', w, key, x),
        caption: { zh: '每个输入经 W_k 投影，与查询同宽。', en: 'Each input, projected by W_k to the same width.' },
      },
      {
        tex: 'Z', op: '\\tanh(u_1+R)\\;\\to', role: 'signed', value: z, formula: 'z_{s} = \\tanh(u_1 + r_s)',
        formulaWithNumbers: worked('Z', z,
          (j) => `\\tanh(${sum([rows(u)[0][j], rows(w)[0][j]])})`),
        caption,
      },
      {
        tex: 'S', op: '\\times v\\;=', role: 'signed', value: e, oracle: path('scores'),
        formula: 'S_{ts} = v^{\\top}\\tanh(W_q h_t + W_k x_s)',
        formulaWithNumbers: worked('S', e, (j) => products(rows(score)[0], rows(z)[j])),
        caption: { zh: '用 v 把每一对化成一个分数。', en: 'v turns every pair into one score.' },
      },
      weightsStep(e, a, { oracle: path('weights'), formula: 'A = \\operatorname{softmax}(S)' }),
      outputStep(a, x, o, { oracle: path('output') }, 'X'),
    ],
  };
}

const forCorrected = { zh: '改正时用。', en: 'For the corrected one.' };
const forSaturated = { zh: '对照时用：tanh 会饱和。', en: 'For comparison: tanh saturates.' };

export const C3: Recipe = {
  id: 'C3',
  title: { zh: '加性注意力', en: 'Additive attention' },
  claim: {
    zh: '权重取 softmax((QKᵀ + W_Q Q + W_V V)/√d)，乘 V 之后一列之和是 4.14。',
    en: 'Weights are softmax((QKᵀ + W_Q Q + W_V V)/√d); after the product with V a column sums to 4.14.',
  },
  gives: {
    zh: '5×3 的 W 乘不了 5×3 的矩阵。原文那一列加起来其实是 4.54（加数未收在这里，只照录结果）。',
    en: 'A 5×3 W cannot multiply a 5×3 matrix. And the text’s column really adds up to 4.54 '
      + '(its addends are not kept here, so this is reported and not recomputed).',
  },
  why: {
    zh: '三项里有两项根本算不出来，值也不该参与打分。加性分数把投影后的查询和键相加，过 tanh，再与 v 点积。',
    en: 'Two of the three terms cannot be formed, and values have no say in scores. An additive score adds '
      + 'the projected query and key, applies tanh, and takes the dot product with v.',
  },
  inputs: [
    { name: 'x', tex: 'X' },
    { name: 'h', tex: 'H' },
    { name: 'w_q_printed', tex: '\\hat W_Q', note: { zh: '印出的形状。', en: 'As printed.' } },
    { name: 'w_v_printed', tex: '\\hat W_V', note: { zh: '印出的形状。', en: 'As printed.' } },
    { name: 'w_query', tex: 'W_q', value: [[0.1, -0.1, 0], [0, 0.1, -0.1]], note: forCorrected },
    { name: 'w_key', tex: 'W_k', value: [[0.1, 0.1, -0.1], [-0.1, 0, 0.2]], note: forCorrected },
    { name: 'v', tex: 'v', value: [2, -2], note: forCorrected },
    { name: 'corrected_w_query', tex: 'W_q\'', note: forSaturated },
    { name: 'corrected_w_key', tex: 'W_k\'', note: forSaturated },
    { name: 'corrected_v', tex: 'v\'', note: forSaturated },
  ],
  run(attn, inputs) {
    const { x, h, w_q_printed, w_v_printed } = inputs;
    const product = numbers(attn.tensor(h).matmul(attn.tensor(x).transpose(0, 1)));
    return [
      {
        title: asPrinted,
        printed: true,
        steps: [
          {
            tex: 'QK^{\\top}', role: 'signed', value: product, formula: 'P = HX^{\\top}',
            formulaWithNumbers: worked('P', product, (j) => products(rows(h)[0], rows(x)[j])),
            caption: { zh: '第一项是 5×5。', en: 'The first term is 5×5.' },
          },
          attempt({
            tex: 'W_Q Q', role: 'signed', oracle: 'as_printed',
            caption: { zh: '第二项：印出的 W_Q 乘 Q。', en: 'The second term: the printed W_Q times Q.' },
          }, () => attn.tensor(w_q_printed).matmul(attn.tensor(h))),
          attempt({
            tex: 'W_V V', role: 'signed',
            caption: { zh: '第三项：印出的 W_V 乘 V。', en: 'The third term: the printed W_V times V.' },
          }, () => attn.tensor(w_v_printed).matmul(attn.tensor(x))),
        ],
      },
      bahdanau(attn, inputs, { query: inputs.w_query, key: inputs.w_key, score: inputs.v },
        { zh: '改正：加性注意力（Bahdanau）', en: 'Corrected: additive attention (Bahdanau)' },
        { zh: '第一个查询与每个键相加再取 tanh；其余查询照此进行。', en: 'The first query plus each key, through tanh; the others likewise.' }),
      bahdanau(attn, inputs,
        { query: inputs.corrected_w_query, key: inputs.corrected_w_key, score: inputs.corrected_v },
        { zh: '对照：W 太大，tanh 饱和', en: 'Beside it: a W so large that tanh saturates' },
        { zh: '几乎全是 1：tanh 饱和，键与键的差别所剩无几。', en: 'Nearly all 1: tanh is saturated, and little is left of how keys differ.' },
        'corrected_bahdanau'),
    ];
  },
};
