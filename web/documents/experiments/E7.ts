/** What the text says of attention's cost, of noise in its input, and of what cures overfitting: each as a measurement. */
import type { Attn, Classifier } from 'attention-playground';
import { attentionBytes, attentionTime } from '../../measure.js';
import type { Text } from '../recipe.js';
import { makeLearner } from '../../zoo/learners.js';
import { Random } from '../../zoo/rng.js';
import { PAD, sampleOf, settingsOf, vocabulary, type Sample } from '../../zoo/task.js';
import { sentiment } from '../../zoo/tasks/sentiment.js';
import { Run } from '../../zoo/train.js';
import { bytes, count, learn, mean, number, said, share, type About, type Chosen, type Gap, type Part, type Report } from './experiment.js';

export const about: About = {
  id: 'E7',
  title: { zh: '代价、噪声、过拟合', en: 'Cost, noise, overfitting' },
  claim: {
    zh: '代价是 O(n²·d)；看权重就能解释模型；过拟合可用 L2、dropout、提前停止来治；模型对噪声敏感。',
    en: 'The cost is O(n²·d); weights that are seen explain a model; L2, dropout and early stopping cure overfitting; models are sensitive to noise.',
  },
  gives: {
    zh: '三个实验：在你的机器上量出代价曲线并拟合指数，再与不存权重的融合算法比内存；给词嵌入加噪声，看权重移动多少、判断错多少；用带错标签的小数据训练，比较各种办法。',
    en: 'Three experiments: the cost on your own machine with fitted exponents, and its memory beside the fused path that keeps no weights; noise on the embeddings, by how much weights and verdicts move; and a small set with wrong labels, learnt with and without each cure.',
  },
  why: {
    zh: '每对位置要一个 d 项的点积，所以是 n²·d；短句子里固定的开销盖住了它。softmax 的 n² 与 d 无关，所以 d 的指数小于 1。融合算法做同样的乘法，只是不把 n² 个权重放进内存。权重说明模型看了哪里，不等于为什么这样判断。',
    en: 'Each pair of positions takes a product of d terms: n²·d, hidden by fixed costs where sentences are short. The softmax’s n² does not depend on d, which keeps d’s exponent below 1. The fused path multiplies as much but never keeps the n² weights. And weights say where a model looked, not why it judged so.',
  },
  settings: [{
    id: 'part', name: { zh: '实验', en: 'Experiment' }, value: 'cost',
    options: [{ value: 'cost', text: { zh: '代价', en: 'cost' } }, { value: 'noise', text: { zh: '噪声', en: 'noise' } }, { value: 'cures', text: { zh: '过拟合', en: 'overfitting' } }],
  }],
  cost: ({ part }) => ({
    cost: { parameters: 0, seconds: 2.2, bytes: 5 * 4 * MOST_WORDS ** 2 },
    noise: { parameters: PARAMETERS, seconds: 0.8, bytes: 6e6 },
    cures: { parameters: PARAMETERS, seconds: 5, bytes: 12e6 },
  })[part as Part3],
  more: [{ text: { zh: '“学习”里的同一条曲线', en: 'The same curve in Learn' }, view: 'learn', place: ['step', 'cost'] }],
};
type Part3 = 'cost' | 'noise' | 'cures';
/** Of the classifier: width 32, one layer, two heads. */
const PARAMETERS = 16866;
const MOST_WORDS = 2048;

export const t = {
  words: { zh: '词数 n', en: 'words n' },
  features: { zh: '特征数 d', en: 'features d' },
  milliseconds: { zh: '毫秒', en: 'milliseconds' },
  plain: { zh: '逐步', en: 'step by step' },
  fused: { zh: '融合', en: 'fused' },
  fit: { zh: '拟合', en: 'fit' },
  byWords: { zh: '词数与时间，d = 64，两轴对数', en: 'Words and time, d = 64, both logarithmic' },
  byFeatures: { zh: '特征数与时间，n = 512，两轴对数', en: 'Features and time, n = 512, both logarithmic' },
  fitted: {
    zh: '拟合的结果：时间随 n 的 {byWords} 次方、d 的 {byFeatures} 次方增长（n 从 {from} 到 {to}），文中说是 2 次方与 1 次方；融合的随 n 的 {fusedByWords} 次方。',
    en: 'The fit: time grows with n to the power of {byWords} and d to the power of {byFeatures}, n from {from} to {to}; the text says 2 and 1. Of the fused path n has {fusedByWords}.',
  },
  memory: {
    zh: '{n} 个词时，逐步的算法为中间结果占 {plain}，是融合算法 {fused} 的 {ratio} 倍。',
    en: 'At {n} words the step-by-step path holds {plain} of intermediate results, {ratio} times the {fused} of the fused one.',
  },
  table: { zh: '内存', en: 'Memory' },

  noise: { zh: '噪声（占嵌入标准差的比例）', en: 'noise, of the embeddings’ deviation' },
  moved: { zh: '权重移动', en: 'weights moved' },
  accuracy: { zh: '正确率', en: 'accuracy' },
  underNoise: { zh: '噪声下的权重与判断', en: 'Weights and verdicts under noise' },
  shareAxis: { zh: '份额', en: 'share' },
  sensitive: {
    zh: '噪声是嵌入标准差的 {small} 时，权重平均移动 {movedSmall}，正确率 {right}；到 {large} 倍，移动 {movedLarge}，正确率从 {calm} 变成 {wrong}。',
    en: 'Noise of {small} of the embeddings’ deviation moves the weights by {movedSmall} on average, with {right} judged rightly; {large} times their deviation moves {movedLarge}, and {calm} right become {wrong}.',
  },
  sentence: { zh: '同一句的权重：平静时与有噪声时', en: 'One sentence’s weights, calm and under noise' },
  level: { zh: '行：噪声', en: 'rows: noise' },

  none: { zh: '不治', en: 'no cure' },
  dropout: { zh: 'dropout 0.3', en: 'dropout 0.3' },
  decay: { zh: 'L2 0.05', en: 'L2 0.05' },
  early: { zh: '提前停止', en: 'early stopping' },
  epoch: { zh: '轮', en: 'epoch' },
  trainLoss: { zh: '训练损失（标签有错）', en: 'Training loss, labels partly wrong' },
  validationLoss: { zh: '验证损失（标签全对）', en: 'Validation loss, labels right' },
  loss: { zh: '损失', en: 'loss' },
  kept: { zh: '留下的轮', en: 'epoch kept' },
  trained: { zh: '训练损失', en: 'training loss' },
  validated: { zh: '验证损失', en: 'validation loss' },
  cures: { zh: '留下的模型', en: 'The models that are kept' },
  overfits: {
    zh: '不治时，训练损失降到 {train}，验证损失却从最低的 {least} 升到 {last}：它在背错标签。',
    en: 'Without a cure the training loss falls to {train} while validation rises from {least}, its least, to {last}: wrong labels are learnt by heart.',
  },
  helped: { zh: '留下的验证损失比不治时低的：{names}。', en: 'Kept with a lower validation loss than without a cure: {names}.' },
  nothingHelped: { zh: '这一次没有一种办法比不治好。', en: 'This time no cure did better than none.' },
} as const satisfies Record<string, Text>;

/** The exponent p of y = c·xᵖ, by least squares of the logarithms, and its curve. */
export function powerOf(xs: number[], ys: number[]) {
  const [x, y] = [xs.map(Math.log), ys.map(Math.log)];
  const [mx, my] = [mean(x), mean(y)];
  const p = x.reduce((sum, each, i) => sum + (each - mx) * (y[i]! - my), 0) / x.reduce((sum, each) => sum + (each - mx) ** 2, 0);
  return { p, at: (v: number) => Math.exp(my + p * (Math.log(v) - mx)) };
}

/** A small one is over in no time, and disturbed by anything. */
const repeats = (n: number) => Math.max(3, Math.round(10 * MOST_WORDS / n));

function* costs(attn: Attn): Generator<Report | undefined, void> {
  attn.manualSeed(1);
  const [ns, ds] = [[128, 256, 512, 1024, MOST_WORDS], [16, 32, 64, 128, 256]];
  const [plain, fused, features]: [number[], number[], number[]] = [[], [], []];
  const all = 2 * ns.length + ds.length;
  const parts = (): Part[] => {
    const fit = powerOf(ns.slice(0, plain.length), plain);
    const wide = powerOf(ds.slice(0, features.length), features);
    return [
      {
        kind: 'plot', title: t.byWords, x: t.words, y: t.milliseconds, logX: true, logY: true, xs: ns.slice(0, plain.length),
        curves: [
          { name: t.plain, values: [...plain] }, { name: t.fused, values: ns.slice(0, plain.length).map((_, i) => fused[i] ?? NaN) },
          ...(plain.length > 2 ? [{ name: t.fit, values: ns.slice(0, plain.length).map(fit.at), dashed: true }] : []),
        ],
      },
      ...(features.length < 3 ? [] : [{
        kind: 'plot' as const, title: t.byFeatures, x: t.features, y: t.milliseconds, logX: true, logY: true, xs: ds.slice(0, features.length),
        curves: [{ name: t.plain, values: [...features] }, { name: t.fit, values: ds.slice(0, features.length).map(wide.at), dashed: true }],
      }]),
    ];
  };
  // The first calls of all are slow.
  attentionTime(attn, 128, 64);
  attentionTime(attn, 128, 64, 'fused');
  const progress = () => ({ done: 0.99 * (plain.length + fused.length + features.length) / all, parts: parts() });
  for (const n of ns) {
    plain.push(attentionTime(attn, n, 64, 'plain', repeats(n)));
    yield progress();
    fused.push(attentionTime(attn, n, 64, 'fused', repeats(n)));
    yield progress();
  }
  for (const d of ds) {
    features.push(attentionTime(attn, 512, d, 'plain', repeats(512)));
    yield progress();
  }
  const held = ns.map((n) => [attentionBytes(attn, n, 64), attentionBytes(attn, n, 64, 'fused')] as const);
  const [most, least] = held.at(-1)!;
  yield {
    done: 1,
    parts: [
      said(t.fitted, { byWords: number(powerOf(ns, plain).p), byFeatures: number(powerOf(ds, features).p), fusedByWords: number(powerOf(ns, fused).p), from: count(ns[0]!), to: count(MOST_WORDS) }),
      said(t.memory, { n: count(MOST_WORDS), plain: bytes(most), fused: bytes(least), ratio: number(most / least) }),
      ...parts(),
      { kind: 'rows', title: t.table, columns: [t.plain, t.fused], rows: ns.map((n, i) => ({ name: String(n), cells: held[i]!.map(bytes) })) },
    ],
  };
}

/** What the classifier makes of sentences while noise of a deviation, as a share of the embeddings' own, is added to them. */
function underNoise(attn: Attn, run: Run, samples: Sample[], noise: number) {
  const words = vocabulary(run.task, run.settings.values);
  const longest = Math.max(...samples.map(({ input }) => input.length));
  const tokens = samples.map(({ input }) => Array.from({ length: longest }, (_, i) => (i < input.length ? words.indexOf(input[i]!) : PAD)));
  const model = (run.learner.model as Classifier).eval();
  return attn.scope(() => attn.noGrad(() => {
    attn.manualSeed(10);
    let weights = new Float32Array();
    const logits = model.forward(tokens, {
      keyPaddingMask: samples.map(({ input }) => Array.from({ length: longest }, (_, i) => i >= input.length)),
      probe(name, x) {
        if (name.endsWith('pool.weights')) weights = x.data() as Float32Array<ArrayBuffer>;
        return name === 'embed' && noise > 0 ? x.add(attn.randn([...x.shape]).mul(noise * Math.sqrt(x.mul(x).mean().item()))) : undefined;
      },
    }).data();
    const right = mean(samples.map(({ output }, i) => Number((logits[2 * i]! > logits[2 * i + 1]!) === (output[0] === run.task.classes![0]))));
    return { right, weights: samples.map(({ input }, i) => Array.from(weights.subarray(i * longest, i * longest + input.length))) };
  }));
}

const LEVELS = [0, 0.125, 0.25, 0.5, 1, 2];

function* noises(attn: Attn): Generator<Report | undefined, void> {
  const run = new Run(attn, settingsOf(sentiment, 7));
  while (run.at < run.settings.recipe.steps) {
    run.step();
    yield run.at % 20 === 0 ? { done: 0.9 * run.at / run.settings.recipe.steps, parts: [] } : undefined;
  }
  const samples = run.samples('held', 256);
  const found = LEVELS.map((level) => underNoise(attn, run, samples, level));
  // ½ Σ |w − w'| of a sentence: the share of its weight that is elsewhere.
  const moved = found.map(({ weights }) => mean(weights.map((row, i) => row.reduce((sum, w, s) => sum + Math.abs(w - found[0]!.weights[i]![s]!) / 2, 0))));
  const [small, large] = [1, LEVELS.length - 1];
  const one = samples.findIndex(({ input }) => input.length >= 6 && input.length <= 9);
  yield {
    done: 1,
    parts: [
      said(t.sensitive, {
        small: share(LEVELS[small]!), movedSmall: share(moved[small]!), right: share(found[small]!.right),
        large: count(LEVELS[large]!), movedLarge: share(moved[large]!), calm: share(found[0]!.right), wrong: share(found[large]!.right),
      }),
      {
        kind: 'plot', title: t.underNoise, x: t.noise, y: t.shareAxis, xs: LEVELS,
        curves: [{ name: t.moved, values: moved }, { name: t.accuracy, values: found.map(({ right }) => right), dashed: true }],
      },
      {
        kind: 'maps', title: t.sentence,
        maps: [{ name: t.level, matrix: found.map(({ weights }) => weights[one]!), role: 'weights', rows: LEVELS.map((level) => `±${level}`), columns: [...samples[one]!.input] }],
      },
    ],
  };
}

const [SET, WRONG, EPOCHS, PATIENCE, BATCH] = [512, 0.2, 40, 4, 32];
const cures = [
  { name: t.none, dropout: 0, weightDecay: 0, early: false },
  { name: t.dropout, dropout: 0.3, weightDecay: 0, early: false },
  { name: t.decay, dropout: 0, weightDecay: 5e-2, early: false },
  { name: t.early, dropout: 0, weightDecay: 0, early: true },
];

function* overfitting(attn: Attn): Generator<Report | undefined, void> {
  const { values, model: settings } = settingsOf(sentiment, 9, { values: { language: 'en' } });
  const samples = Array.from({ length: 2 * SET }, (_, i) => sampleOf(sentiment, 9, i, values));
  const random = new Random(9), [good, bad] = sentiment.classes!;
  const train = samples.slice(0, SET).map((sample) => (random.below(1000) < 1000 * WRONG ? { ...sample, output: [sample.output[0] === good ? bad! : good!] } : sample));
  const validation = samples.slice(SET);

  const curves: { train: number[]; validation: number[]; kept: number }[] = [];
  const xs = Array.from({ length: EPOCHS }, (_, i) => i + 1);
  const plots = (): Part[] => ([['train', t.trainLoss], ['validation', t.validationLoss]] as const).map(([side, title]) => ({
    kind: 'plot', title, x: t.epoch, y: t.loss, xs,
    curves: curves.map((curve, i) => ({ name: cures[i]!.name, values: xs.map((_, epoch) => curve[side][epoch] ?? NaN) })),
  }));
  for (const { dropout, weightDecay, early } of cures) {
    attn.manualSeed(8);
    const learner = makeLearner(attn, sentiment, values, { ...settings, dropout });
    const adam = new attn.optim.Adam(learner.model.parameters(), { lr: 1e-3, weightDecay });
    const patience = new attn.optim.EarlyStopping({ patience: PATIENCE });
    const order = new Random(8);
    const curve = { train: [] as number[], validation: [] as number[], kept: 0 };
    curves.push(curve);
    const lossOf = (of: Sample[]) => attn.scope(() => attn.noGrad(() => learner.loss(of).item()));
    for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
      learner.model.train();
      const shuffled = order.several(train, SET);
      for (let at = 0; at < SET; at += BATCH) {
        learn(attn, adam, () => learner.loss(shuffled.slice(at, at + BATCH)));
        yield undefined;
      }
      learner.model.eval();
      curve.train.push(lossOf(train));
      curve.validation.push(lossOf(validation));
      curve.kept = epoch;
      if (early && patience.stop(epoch, curve.validation.at(-1)!)) break;
      yield { done: 0.99 * (curves.length - 1 + (epoch + 1) / EPOCHS) / cures.length, parts: plots() };
    }
    if (early) curve.kept = patience.bestStep;
  }
  const [none] = curves as [typeof curves[0], ...typeof curves];
  const keptLoss = ({ validation: losses, kept }: typeof none) => losses[kept]!;
  const better = curves.map((curve, i) => ({ name: cures[i]!.name, curve })).slice(1).filter(({ curve }) => keptLoss(curve) < keptLoss(none));
  const names: Text = { zh: better.map(({ name }) => name.zh).join('、'), en: better.map(({ name }) => name.en).join(', ') };
  yield {
    done: 1,
    parts: [
      said(t.overfits, { train: number(none.train.at(-1)!), least: number(Math.min(...none.validation)), last: number(none.validation.at(-1)!) }),
      better.length > 0 ? said(t.helped, { names }) : said(t.nothingHelped),
      ...plots(),
      {
        kind: 'rows', title: t.cures, columns: [t.kept, t.trained, t.validated],
        rows: curves.map((curve, i) => ({ name: cures[i]!.name, cells: [count(curve.kept + 1), number(curve.train[curve.kept]!), number(keptLoss(curve))] satisfies Gap[] })),
      },
    ],
  };
}

export function run(attn: Attn, { part }: Chosen): Generator<Report | undefined, void> {
  return { cost: costs, noise: noises, cures: overfitting }[part as Part3](attn);
}
