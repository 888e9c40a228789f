/** Queries and keys are the word embeddings, with and without positions; values are their own. */
import type { Recipe } from './recipe.js';
import { attentionSteps, numbers } from './steps.js';
import { equals, rows, sum, worked } from './tex.js';

export const B1: Recipe = {
  id: 'B1',
  title: { zh: '词嵌入与位置编码', en: 'Embeddings and positions' },
  claim: {
    zh: '查询和键都取词嵌入（可再加位置编码），值另外给出。',
    en: 'Queries and keys are both the word embeddings, perhaps with a positional encoding; the values are separate.',
  },
  gives: {
    zh: '不加位置时第一个词最看重自己（0.506）；加上位置编码后，它最看重第二个词（0.405）。',
    en: 'Without positions the first word looks most at itself (0.506); with them, at the second word (0.405).',
  },
  why: {
    zh: '不加位置，注意力只看词，不看词序。位置编码改变了向量的长度和夹角，分数也就随位置而变。',
    en: 'Without positions attention sees words and not their order. '
      + 'The encoding changes lengths and angles of the vectors, so scores come to depend on where a word stands.',
  },
  inputs: [
    { name: 'embeddings', tex: 'X' },
    { name: 'values', tex: 'V' },
  ],
  run(attn, { embeddings, values }) {
    const [length, dim] = attn.tensor(embeddings).shape;
    const encoding = attn.nn.sinusoidal({ length, dim });
    const [pe, placed] = [encoding, encoding.add(embeddings)].map(numbers);
    const inputs = (x: typeof pe) => ({ q: x, k: x, v: values });
    return [
      {
        title: { zh: '不加位置', en: 'Without positions' },
        steps: attentionSteps(inputs(embeddings), attn.attend(embeddings, embeddings, values), 'sqrt',
          { oracle: 'without_position' }),
      },
      {
        title: { zh: '位置编码', en: 'Positional encoding' },
        steps: [
          {
            tex: 'P', role: 'signed', value: pe, oracle: 'positional_encoding',
            formula: 'P_{p,2i} = \\sin\\frac{p}{10000^{2i/d}},\\quad P_{p,2i+1} = \\cos\\frac{p}{10000^{2i/d}}',
            formulaWithNumbers: `P_{1,1} = ${equals(`\\cos\\frac{1}{10000^{0/${dim}}}`, rows(pe)[1]?.[1])}`,
            caption: {
              zh: '位置 p 从 0 数起；每两列是一对正弦、余弦，越靠右变化越慢。',
              en: 'Positions p count from 0; every two columns are a sine and a cosine, slower towards the right.',
            },
          },
          {
            tex: 'X + P', op: '+\\,X\\;=', role: 'signed', value: placed, formula: 'X\' = X + P',
            formulaWithNumbers: worked('X\'', placed, (j) => sum([rows(embeddings)[0][j], rows(pe)[0][j]])),
            caption: { zh: '词嵌入加上位置，用作新的查询和键。', en: 'Embedding plus position: the new queries and keys.' },
          },
        ],
      },
      {
        title: { zh: '加上位置', en: 'With positions' },
        steps: attentionSteps(inputs(placed), attn.attend(placed, placed, values), 'sqrt', { oracle: 'with_position' }),
      },
    ];
  },
};
