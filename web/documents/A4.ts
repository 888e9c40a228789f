/** The PyTorch listing of the FAQ: softmax(q kᵀ) v, then row sums. It runs. */
import type { Recipe } from './recipe.js';
import { attentionSteps, numbers } from './steps.js';
import { rows, sum, worked } from './tex.js';

export const A4: Recipe = {
  id: 'A4',
  title: { zh: '单特征的点积注意力', en: 'Dot-product attention on one feature' },
  claim: {
    zh: 'softmax(q kᵀ) 乘 v，再把每行加成一个数；输入是随机的，没有印出结果。',
    en: 'softmax(q kᵀ) times v, each row then added up to one number; inputs are random and no result is printed.',
  },
  gives: {
    zh: '可以运行。用这里固定的输入，三行之和为 3.537、3.868、3.214。',
    en: 'It runs. With the fixed inputs used here the rows add up to 3.537, 3.868 and 3.214.',
  },
  why: {
    zh: '只有一个特征时 √d = 1，缩放与否没有差别；最后的按行求和不属于注意力，它把 v 的各列混成了一个数。',
    en: 'With one feature √d is 1, so scaling would change nothing. The row sums are no part of attention: '
      + 'they melt the columns of v into one number.',
  },
  inputs: [{ name: 'q', tex: 'q' }, { name: 'k', tex: 'k' }, { name: 'v', tex: 'v' }],
  run(attn, { q, k, v }) {
    const result = attn.attend(q, k, v, { score: 'dot' });
    const [output, total] = [numbers(result.output), numbers(result.output.sum(-1))];
    return [{
      title: { zh: '照原文计算', en: 'As printed' },
      steps: [
        ...attentionSteps({ q, k, v }, result, 'none', { oracle: '' }),
        {
          tex: 'r', op: '+\\;\\to', role: 'signed', value: total, oracle: 'row_sum', formula: 'r_t = \\sum_i O_{ti}',
          formulaWithNumbers: worked('r', total, (j) => sum(rows(output)[j])),
          caption: { zh: '每行输出加成一个数。', en: 'Each row of the output, added up.' },
        },
      ],
    }];
  },
};
