/** The text's own similarity, q·k / √(‖q‖‖k‖), beside the cosine that it is close to. */
import type { Attn, Attention } from 'attention-playground';
import type { Group, Numbers, Recipe, Text } from './recipe.js';
import { numbers, outputStep, scoresStep, weightsStep } from './steps.js';
import { products, rows, worked } from './tex.js';

function group(
  title: Text, caption: Text, inputs: { q: Numbers; k: Numbers; v: Numbers }, norms: { q: Numbers; k: Numbers },
  result: Attention, root: boolean, oracle: string,
): Group {
  const { q, k, v } = inputs;
  const [scores, weights, output] = [numbers(result.scores), numbers(result.weights), numbers(result.output)];
  const lengths = (j: number) => products([rows(norms.q)[0][0]], [rows(norms.k)[0][j]]);
  const under = (x: string) => (root ? `\\sqrt{${x}}` : x);
  return {
    title,
    steps: [
      scoresStep(q, k, scores, {
        caption, oracle: `${oracle}.scores`,
        formula: `S_{ts} = \\frac{q_t\\cdot k_s}{${under('\\lVert q_t\\rVert\\lVert k_s\\rVert')}}`,
        formulaWithNumbers: worked('S', scores,
          (j) => `\\frac{${products(rows(q)[0], rows(k)[j])}}{${under(lengths(j))}}`),
      }),
      weightsStep(scores, weights, { oracle: `${oracle}.weights`, formula: 'A = \\operatorname{softmax}(S)' }),
      outputStep(weights, v, output, { oracle: `${oracle}.output` }),
    ],
  };
}

const lengthOf = (attn: Attn, x: Numbers) => numbers(attn.tensor(x).pow(2).sum(-1).sqrt());

export const A3: Recipe = {
  id: 'A3',
  title: { zh: '自定的相似度与余弦', en: 'The text’s similarity and the cosine' },
  claim: {
    zh: '相似度取点积除以两个模长之积的平方根，当作归一化的相似度使用。',
    en: 'Similarity is the dot product over the square root of the product of the lengths, used as a normalised one.',
  },
  gives: {
    zh: '第一个查询对第三个键得 0.841，余弦是 0.707；权重分别为 0.384 与 0.353。',
    en: 'The first query and the third key score 0.841, where the cosine is 0.707; the weights are 0.384 and 0.353.',
  },
  why: {
    zh: '余弦除以 ‖q‖‖k‖，只看方向，落在 −1 到 1 之间；多了平方根，长向量仍会得到更大的分数。',
    en: 'A cosine divides by ‖q‖‖k‖, so it sees direction alone and stays within ±1; '
      + 'under the square root, long vectors still score higher.',
  },
  inputs: [{ name: 'q', tex: 'Q' }, { name: 'k', tex: 'K' }, { name: 'v', tex: 'V' }],
  run(attn, { q, k, v }) {
    const norms = { q: lengthOf(attn, q), k: lengthOf(attn, k) };
    return [
      {
        title: { zh: '模长', en: 'Lengths' },
        steps: [
          { tex: '\\lVert q\\rVert', role: 'signed', value: norms.q,
            formula: '\\lVert q_t\\rVert = \\sqrt{q_t\\cdot q_t}',
            caption: { zh: '每个查询的长度。', en: 'The length of each query.' } },
          { tex: '\\lVert k\\rVert', role: 'signed', value: norms.k,
            formula: '\\lVert k_s\\rVert = \\sqrt{k_s\\cdot k_s}',
            caption: { zh: '每个键的长度。', en: 'The length of each key.' } },
        ],
      },
      group({ zh: '原文的相似度', en: 'The text’s similarity' },
        { zh: '点积除以模长之积的平方根。', en: 'Dot products over the square root of the product of the lengths.' },
        { q, k, v }, norms, attn.attend(q, k, v, { score: 'sqrtNorm' }), true, 'sqrt_norm'),
      group({ zh: '对照：余弦相似度', en: 'Beside it: cosine similarity' },
        { zh: '点积除以模长之积，即夹角的余弦。', en: 'Dot products over the product of the lengths: cosines of angles.' },
        { q, k, v }, norms, attn.attend(q, k, v, { score: 'cosine' }), false, 'cosine'),
    ];
  },
};
