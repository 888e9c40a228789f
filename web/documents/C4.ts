/** Scaling once against scaling twice. */
import type { Attn, Tensor } from 'attention-playground';
import type { Group, Recipe, Text } from './recipe.js';
import { numbers, weightsStep } from './steps.js';
import { column, equals, num, products, rows, worked } from './tex.js';

interface Scaling { title: Text; printed?: true; tex: string; formula: string; divisor: string; oracle: string }

function group(attn: Attn, product: Tensor, scaled: Tensor, { title, printed, tex, formula, divisor, oracle }: Scaling): Group {
  const weights = attn.F.softmax(scaled, -1);
  const [p, s, a, h] = [product, scaled, weights, attn.F.entropy(weights)].map(numbers);
  const [w0, h0] = [rows(a)[0], rows(h)[0][0]];
  return {
    title, printed,
    steps: [
      {
        tex: '\\tilde S', role: 'signed', value: s, formula,
        formulaWithNumbers: worked('\\tilde S', s, (j) => `${num(rows(p)[0][j])}/${divisor}`),
        caption: { zh: '进入 softmax 的分数。', en: 'The scores that enter the softmax.' },
      },
      weightsStep(s, a, { tex, oracle, formula: `${tex} = \\operatorname{softmax}(\\tilde S)` }),
      {
        tex: 'H', op: '\\to', role: 'signed', value: h, formula: 'H_t = -\\sum_s A_{ts}\\ln A_{ts}',
        formulaWithNumbers: `H_{1} = ${equals(`-(${w0.map((w) => `${num(w)}\\ln ${num(w)}`).slice(0, 3).join('+')}`
          + `${w0.length > 3 ? '+\\cdots' : ''})`, h0)}`,
        caption: {
          zh: '每行的熵（奈特）：越大越平均，0 表示只看一个键。',
          en: 'The entropy of each row, in nats: high is even, 0 means one key has it all.',
        },
      },
    ],
  };
}

export const C4: Recipe = {
  id: 'C4',
  title: { zh: '缩放一次与两次', en: 'Scaling once, and twice' },
  claim: {
    zh: '分数先乘 0.577，再除以 √d；最后的和是 4.73。',
    en: 'Scores are multiplied by 0.577 and then divided by √d again; the sum at the end is 4.73.',
  },
  gives: {
    zh: '缩放两次把第一行的最大权重从 0.828 降到 0.665，熵随之升高；原文那一列加起来其实是 4.83（加数未收在这里，只照录结果）。',
    en: 'Twice lowers the first row’s largest weight from 0.828 to 0.665 and raises its entropy; '
      + 'the text’s column really adds up to 4.83 (its addends are not kept here: reported, not recomputed).',
  },
  why: {
    zh: '0.577 就是 1/√3，与 1/√d 是同一个因子。乘两次等于除以 d，分数被压得过小，注意力变得平淡。',
    en: '0.577 is 1/√3, the very factor 1/√d. Applied twice it divides by d: '
      + 'the scores become too small and attention too even.',
  },
  inputs: [{ name: 'x', tex: 'X' }, { name: 'k_transposed', tex: 'K^{\\top}' }],
  run(attn, { x, k_transposed }) {
    const input = attn.tensor(x);
    const d = input.shape[1];
    const product = input.matmul(attn.tensor(k_transposed));
    const scale = attn.tensor(d).pow(-0.5);
    const once = product.mul(scale);
    const p = numbers(product);
    return [
      {
        title: { zh: '分数与因子', en: 'Scores and factor' },
        steps: [
          {
            tex: 'S', role: 'signed', value: p, formula: 'S = XK^{\\top}',
            formulaWithNumbers: worked('S', p, (j) => products(rows(x)[0], column(k_transposed, j))),
            caption: { zh: '缩放之前的分数。', en: 'The scores before any scaling.' },
          },
          {
            tex: '1/\\sqrt{d}', role: 'signed', value: scale.item(), claimed: 'scale', formula: '1/\\sqrt{d}',
            formulaWithNumbers: equals(`1/\\sqrt{${d}}`, scale.item()),
            caption: { zh: '原文的 0.577 正是这个因子。', en: 'The text’s 0.577 is this very factor.' },
          },
        ],
      },
      group(attn, product, once, {
        title: { zh: '改正：缩放一次', en: 'Corrected: scaled once' }, tex: 'A', oracle: 'weights_scaled_once',
        formula: '\\tilde S = S/\\sqrt{d}', divisor: `\\sqrt{${d}}`,
      }),
      group(attn, product, once.mul(scale), {
        title: { zh: '照原文计算：缩放两次', en: 'As printed: scaled twice' },
        printed: true, tex: 'A\'', oracle: 'weights_scaled_twice',
        formula: '\\tilde S = S/\\sqrt{d}^{\\,2} = S/d', divisor: `${d}`,
      }),
    ];
  },
};
