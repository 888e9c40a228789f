/** Gradients by depth: what residual connections and norms do for them. */
import type { Attn, Module, Tensor } from 'attention-playground';
import type { Text } from '../recipe.js';
import { number, said, type About, type Chosen, type Part, type Report } from './experiment.js';

const [WIDTH, INNER, TOKENS, BATCH] = [32, 64, 12, 8];
const LAYER = 4 * (WIDTH ** 2 + WIDTH) + 2 * WIDTH * INNER + INNER + WIDTH + 4 * WIDTH;

export const about: About = {
  id: 'A7',
  title: { zh: '梯度能走多深', en: 'How deep gradients reach' },
  claim: {
    zh: '注意力模型还有几处弱点：代价随长度的平方增长，梯度会消失或爆炸；将来会有多模态的、动态的、可解释的注意力。',
    en: 'Attention models have weaknesses left: a cost that grows with the square of the length, gradients that vanish or explode; to come are multi-modal, dynamic and interpretable attention.',
  },
  gives: {
    zh: '搭四个同样深的注意力堆叠，只在残差连接与层归一化上不同，量出损失对每一层参数的梯度范数。',
    en: 'Four stacks of attention, equally deep, differ in residual connections and norms alone; for each layer the norm of the loss’s gradient is measured.',
  },
  why: {
    zh: '反向传播把每层的雅可比矩阵连乘。没有残差，每层的注意力还把各位置拉向平均，乘积很快变小；初值一大，乘积就变大。残差让单位矩阵进入每个因子，归一化让每层的输入保持同样大小。',
    en: 'Backpropagation multiplies the layers’ Jacobians. Without a residual each attention also pulls the positions towards their mean, and the product soon shrinks; with large first values it grows. A residual puts the identity into every factor, a norm keeps what each layer reads of one size.',
  },
  settings: [
    {
      id: 'depth', name: { zh: '层数', en: 'Layers' }, value: 'l16',
      options: [{ value: 'l8', text: { zh: '8 层', en: '8' } }, { value: 'l16', text: { zh: '16 层', en: '16' } }, { value: 'l32', text: { zh: '32 层', en: '32' } }],
    },
    {
      id: 'gain', name: { zh: '初值', en: 'First values' }, value: 'usual',
      options: [{ value: 'usual', text: { zh: '常用（Xavier）', en: 'usual (Xavier)' } }, { value: 'small', text: { zh: '小一半', en: 'half as large' } }, { value: 'large', text: { zh: '大一倍', en: 'twice as large' } }],
    },
  ],
  cost(chosen) {
    const parameters = depthOf(chosen) * LAYER;
    return { parameters, seconds: 0.01 * depthOf(chosen), bytes: 4 * (2 * parameters + depthOf(chosen) * BATCH * TOKENS * (12 * WIDTH + 4 * TOKENS)) };
  },
  more: [
    { text: { zh: '平方的代价：E7', en: 'The square of the length: E7' }, view: 'documents', place: ['doc', 'E7'] },
    { text: { zh: '动态注意力：E6', en: 'Dynamic attention: E6' }, view: 'documents', place: ['doc', 'E6'] },
  ],
};

const GAINS: Record<string, number> = { small: 0.5, usual: 1, large: 2 };
const depthOf = ({ depth }: Chosen) => Number(depth!.slice(1));

export const t = {
  plain: { zh: '两样都没有', en: 'neither' },
  norm: { zh: '只有层归一化', en: 'norm alone' },
  residual: { zh: '只有残差', en: 'residual alone' },
  both: { zh: '两样都有', en: 'both' },
  title: { zh: '每层参数的梯度范数', en: 'Norm of each layer’s gradient' },
  layer: { zh: '层（1 离输入最近）', en: 'layer (1 is nearest to the input)' },
  scale: { zh: '梯度范数（对数）', en: 'norm, logarithmic' },
  first: { zh: '第 1 层', en: 'layer 1' },
  last: { zh: '最后一层', en: 'last layer' },
  ratio: { zh: '第 1 层 ÷ 最后一层', en: 'layer 1 ÷ last' },
  table: { zh: '梯度从最后一层走到第 1 层，还剩多少', en: 'What is left of the gradient at layer 1' },
  vanishes: { zh: '两样都没有时，梯度消失了：第 1 层的是最后一层的 {plain} 倍；两样都有时是 {both} 倍。', en: 'With neither, gradients vanish: layer 1’s is {plain} times the last one’s; with both it is {both} times.' },
  explodes: { zh: '只有残差时，梯度爆炸了：每层都把状态放大一点，第 1 层的梯度是两样都有时的 {size} 倍。', en: 'With residuals alone, gradients explode: each layer enlarges the state a little, and layer 1’s is {size} times that with both.' },
  grows: { zh: '两样都没有时，梯度爆炸了：第 1 层的是最后一层的 {plain} 倍；两样都有时是 {both} 倍。', en: 'With neither, gradients explode: layer 1’s is {plain} times the last one’s; with both it is {both} times.' },
  overflows: { zh: '有的堆叠里数大得超出了 float32，梯度是 NaN：连量都量不出来。', en: 'In some of the stacks numbers outgrow float32 and the gradients are NaN: there is nothing left to measure.' },
  even: { zh: '这里两者差得不多：两样都没有，第 1 层的是最后一层的 {plain} 倍；两样都有，{both} 倍。', en: 'Here they differ little: with neither, layer 1’s is {plain} times the last one’s; with both, {both} times.' },
} as const satisfies Record<string, Text>;

const variants = [
  { name: t.plain, residual: false, norm: false },
  { name: t.norm, residual: false, norm: true },
  { name: t.residual, residual: true, norm: false },
  { name: t.both, residual: true, norm: true },
];

/** x + attention(norm(x)), then x + feed-forward(norm(x)): with or without either sign. */
function layerOf(attn: Attn, residual: boolean, norm: boolean, gain: number) {
  const { nn } = attn;
  const attention = new nn.MultiheadAttention({ embedDim: WIDTH, numHeads: 2, batchFirst: true });
  const [first, second] = [new nn.Linear({ inFeatures: WIDTH, outFeatures: INNER }), new nn.Linear({ inFeatures: INNER, outFeatures: WIDTH })];
  const norms = norm ? [new nn.LayerNorm({ normalizedShape: WIDTH }), new nn.LayerNorm({ normalizedShape: WIDTH })] : [];
  const parts: Module[] = [attention, first, second, ...norms];
  const parameters = parts.flatMap((part) => part.parameters());
  for (const parameter of parameters) if (parameter.shape.length === 2) nn.init.xavierUniform(parameter, { gain });
  const step = (x: Tensor, f: (x: Tensor) => Tensor, n: 0 | 1) => {
    const found = f(norms[n]?.forward(x) ?? x);
    return residual ? x.add(found) : found;
  };
  return {
    parameters,
    forward(x: Tensor) {
      const mixed = step(x, (y) => attention.forward(y, y, y, { needWeights: false })[0], 0);
      return step(mixed, (y) => second.forward(first.forward(y).gelu()), 1);
    },
  };
}

/** From layer 1 on. */
function gradientNorms(attn: Attn, depth: number, residual: boolean, norm: boolean, gain: number): number[] {
  return attn.scope(() => {
    attn.manualSeed(7);
    const layers = Array.from({ length: depth }, () => layerOf(attn, residual, norm, gain));
    const target = attn.randn([BATCH, TOKENS, WIDTH]);
    let x = attn.randn([BATCH, TOKENS, WIDTH]);
    for (const layer of layers) x = layer.forward(x);
    attn.F.mseLoss(x, target).backward();
    return layers.map(({ parameters }) => attn.optim.clipGradNorm(parameters, Infinity));
  });
}

export function* run(attn: Attn, chosen: Chosen): Generator<Report | undefined, void> {
  const depth = depthOf(chosen);
  const found: number[][] = [];
  for (const { residual, norm } of variants) {
    found.push(gradientNorms(attn, depth, residual, norm, GAINS[chosen.gain!]!));
    const ratios = found.map((norms) => norms[0]! / norms.at(-1)!);
    const parts: Part[] = [
      {
        kind: 'plot', title: t.title, x: t.layer, y: t.scale, logY: true, xs: Array.from({ length: depth }, (_, i) => i + 1),
        curves: found.map((values, i) => ({ name: variants[i]!.name, values })),
      },
      {
        kind: 'rows', title: t.table, columns: [t.first, t.last, t.ratio],
        rows: found.map((norms, i) => ({ name: variants[i]!.name, cells: [number(norms[0]!), number(norms.at(-1)!), number(ratios[i]!)] })),
      },
    ];
    if (found.length === variants.length) {
      const [plain, both] = [ratios[0]!, ratios.at(-1)!];
      const size = found[2]![0]! / found[3]![0]!;
      if (size > 10) parts.unshift(said(t.explodes, { size: number(size) }));
      if (found.flat().some(Number.isNaN)) parts.unshift(said(t.overflows));
      else parts.unshift(said(plain < 0.1 ? t.vanishes : plain > 10 ? t.grows : t.even, { plain: number(plain), both: number(both) }));
    }
    yield { done: found.length / variants.length, parts };
  }
}
