/** An attention module of width ten on a batch of one. */
import type { Numbers, Recipe } from './recipe.js';
import { asPrinted, attempt, attentionSteps, corrected, numbers } from './steps.js';
import { equals, rows, sum } from './tex.js';

/** [1, 3, 10] by a rule that can be checked by eye: cell (t, i) is ((t + 1)(i + shift) mod 13 − 6) / 4. */
const pattern = (shift: number): Numbers =>
  [[0, 1, 2].map((t) => Array.from({ length: 10 }, (_, i) => (((t + 1) * (i + shift)) % 13 - 6) / 4))];

export const B2: Recipe = {
  id: 'B2',
  title: { zh: '宽度为 10 的注意力模块', en: 'An attention module of width 10' },
  claim: {
    zh: '模块 Attention(d_k=10) 接收 [1, 3, 10] 的 Q、K、V，返回输出和权重。',
    en: 'A module Attention(d_k=10) takes Q, K and V of shape [1, 3, 10] and returns output and weights.',
  },
  gives: {
    zh: '原文在求 √d_k 时就报错。把缩放当作普通的数，就得到 [1, 3, 10] 的输出和 [1, 3, 3] 的权重。',
    en: 'It fails at √d_k. With the scale as a plain number, output [1, 3, 10] and weights [1, 3, 3] come out.',
  },
  why: {
    zh: '张量的开方函数收到的是 Python 整数 10，类型不对。缩放因子只是一个数，用数的平方根即可。',
    en: 'A square root for tensors was handed the Python integer 10: the wrong type. '
      + 'The scale is one number, so the square root of a number is all it needs.',
  },
  inputs: [
    { name: 'q', tex: 'Q', value: pattern(1), note: {
      zh: '原文没有给出数值；这里第 t 行第 i 列取 ((t+1)(i+1) mod 13 − 6)/4，t、i 从 0 数起。',
      en: 'The text gives no numbers; here row t, column i is ((t+1)(i+1) mod 13 − 6)/4, counting from 0.' } },
    { name: 'k', tex: 'K', value: pattern(2), note: { zh: '同一规则，i+2。', en: 'The same rule with i+2.' } },
    { name: 'v', tex: 'V', value: pattern(3), note: { zh: '同一规则，i+3。', en: 'The same rule with i+3.' } },
  ],
  run(attn, { q, k, v }) {
    const d = attn.tensor(q).shape.at(-1) ?? 1;
    const root = attn.tensor(d).sqrt();
    const result = attn.attend(q, k, v, { scale: root.pow(-1).item() });
    const [weights, sums] = [numbers(result.weights), numbers(result.weights.sum(-1))];
    return [
      {
        title: asPrinted,
        printed: true,
        steps: [attempt({
          tex: 'O', role: 'signed',
          caption: {
            zh: '把数和张量弄混，类型就不对。原文把数交给了只收张量的函数；这里把张量交给只收数的 scale。',
            en: 'Mixing up numbers and tensors is a type error. The listing hands a number to a function for tensors; '
              + 'here a tensor goes to scale, which takes a number.',
          },
        }, () => attn.attend(q, k, v, { scale: root as unknown as number }).output)],
      },
      {
        title: corrected,
        steps: [
          {
            tex: '\\sqrt{d_k}', role: 'signed', value: root.item(), formula: '\\sqrt{d_k}',
            formulaWithNumbers: equals(`\\sqrt{${d}}`, root.item()),
            caption: { zh: '先求出这个数，再用它去除分数。', en: 'First the number; then it divides the scores.' },
          },
          ...attentionSteps({ q, k, v }, result, 'sqrt'),
          {
            tex: '\\Sigma', op: '+\\;\\to', role: 'weights', value: sums, formula: '\\sum_s A_{ts}',
            formulaWithNumbers: equals(sum(rows(weights)[0]), rows(sums)[0][0]),
            caption: { zh: '权重的每行之和。', en: 'What each row of the weights sums to.' },
          },
        ],
      },
    ];
  },
};
