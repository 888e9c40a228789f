/** The four steps, one at a time, for one query. */
import examples from './examples.json';
import type { Recipe } from './recipe.js';
import { numbers } from './steps.js';
import { column, equals, num, products, rows, softmaxOf, sum, worked } from './tex.js';

const given = examples.A1.inputs;

export const A6: Recipe = {
  id: 'A6',
  title: { zh: '四步走完一个查询', en: 'One query in four steps' },
  claim: {
    zh: '注意力分四步：算相似度、化成权重、给值加权、求和；查询、键、值各有分工。',
    en: 'Attention takes four steps: similarity, weights, weighting, sum; query, key and value each have a part.',
  },
  gives: {
    zh: '确实如此。下面用 A1 的 Q、K、V，跟着第 i 个查询一步步走。',
    en: 'So it does. Here are the Q, K and V of A1, and the i-th query followed through.',
  },
  inputs: [
    { name: 'i', tex: 'i', value: 1, note: { zh: '跟随第几个查询。', en: 'Which query to follow.' } },
    { name: 'q', tex: 'Q', value: given.q },
    { name: 'k', tex: 'K', value: given.k },
    { name: 'v', tex: 'V', value: given.v },
  ],
  run(attn, { i, q, k, v }) {
    const [keys, values] = [attn.tensor(k), attn.tensor(v)];
    const query = attn.tensor(q).index([Number(i) - 1]);
    const scores = query.matmul(keys.transpose(0, 1)).reshape(-1);
    const scaled = scores.div(attn.tensor(query.shape[1]).sqrt());
    const weights = scaled.softmax(-1);
    const weighted = weights.reshape(-1, 1).mul(values);
    const output = weighted.sum(0);
    const whole = attn.attend(q, k, v).output.index([Number(i) - 1]).reshape(-1);
    const [qi, e, s, a, u, o] = [query, scores, scaled, weights, weighted, output].map(numbers);
    const d = query.shape[1];
    const first = (m: typeof e) => rows(m)[0];
    return [
      {
        title: { zh: '三个角色', en: 'Three parts' },
        steps: [
          { tex: 'q_i', role: 'signed', value: qi,
            caption: { zh: '查询：这个位置在找什么。', en: 'The query: what this position is looking for.' } },
          { tex: 'K', role: 'signed', value: k,
            caption: { zh: '键：每个位置拿什么来供人比对。', en: 'The keys: what each position offers for comparison.' } },
          { tex: 'V', role: 'signed', value: v,
            caption: { zh: '值：一旦被选中，每个位置交出的内容。', en: 'The values: what each position hands over when chosen.' } },
        ],
      },
      {
        title: { zh: '第一步：相似度', en: 'Step 1: similarity' },
        steps: [
          { tex: 'e', role: 'signed', value: e, formula: 'e_s = q_i\\cdot k_s',
            formulaWithNumbers: worked('e', e, (j) => products(first(qi), rows(k)[j])),
            caption: { zh: '查询与每个键各做一次点积，得到一行分数。', en: 'One dot product with each key: a row of scores.' } },
          { tex: '\\tilde e', op: '\\div\\sqrt{d}\\;\\to', role: 'signed', value: s, formula: '\\tilde e_s = e_s/\\sqrt{d}',
            formulaWithNumbers: worked('\\tilde e', s, (j) => `${num(first(e)[j])}/\\sqrt{${d}}`),
            caption: { zh: '除以 √d，分数就不会随维数一起变大。', en: 'Divided by √d, so that the scores do not grow with the number of features.' } },
        ],
      },
      {
        title: { zh: '第二步：权重', en: 'Step 2: weights' },
        steps: [
          { tex: '\\alpha', role: 'weights', value: a,
            formula: '\\alpha_s = \\frac{e^{\\tilde e_s}}{\\sum_r e^{\\tilde e_r}}',
            formulaWithNumbers: worked('\\alpha', a, (j) => softmaxOf(first(s), j)),
            caption: { zh: 'softmax 把分数变成份额：都是正数。', en: 'Softmax turns the scores into shares, all positive.' } },
          { tex: '\\Sigma', op: '+', role: 'weights', value: numbers(weights.sum()), formula: '\\sum_s \\alpha_s',
            formulaWithNumbers: equals(sum(first(a)), weights.sum().item()),
            caption: { zh: '份额之和总是 1。', en: 'The shares always sum to 1.' } },
        ],
      },
      {
        title: { zh: '第三步：加权', en: 'Step 3: weighting' },
        steps: [{ tex: 'U', role: 'signed', value: u, formula: 'u_s = \\alpha_s v_s',
          formulaWithNumbers: worked('U', u, (j) => products([first(a)[0]], [rows(v)[0][j]])),
          caption: { zh: '每行值乘上自己的份额，还没有混合。', en: 'Each row of V times its share; nothing is mixed yet.' } }],
      },
      {
        title: { zh: '第四步：求和', en: 'Step 4: sum' },
        steps: [
          { tex: 'o_i', role: 'signed', value: o, formula: 'o_i = \\sum_s u_s',
            formulaWithNumbers: worked('o', o, (j) => sum(column(u, j))),
            caption: { zh: '各行相加，就是这个查询的输出。', en: 'The rows added up: the output for this query.' } },
          { tex: 'O_i', role: 'signed', value: numbers(whole),
            formula: 'O = \\operatorname{softmax}(QK^{\\top}/\\sqrt{d})V',
            caption: { zh: '对照：一次算完所有查询时的第 i 行，两者相同。',
              en: 'Row i of the whole attention, done at once: the same.' } },
        ],
      },
    ];
  },
};
