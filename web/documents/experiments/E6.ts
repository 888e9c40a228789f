/** Dynamic attention: temperatures and gates that each query sets, as they adapt while it learns; beside fixed attention. */
import type { Attn, DynamicAttention, MultiheadAttention, Tensor } from 'attention-playground';
import type { Text } from '../recipe.js';
import { count, learn, mean, number, said, type About, type Chosen, type Part, type Report } from './experiment.js';
import { Random } from '../../zoo/rng.js';

const [KEYS, WIDTH, HEADS, BATCH, EVERY] = [8, 32, 2, 32, 20];
/** What a query asks for: one value by its name, the mean of all, or nothing. */
const MODES = ['find', 'mean', 'nothing'] as const;
type Mode = (typeof MODES)[number];
/** A token holds its name, its value, what it asks and for which name. */
const FEATURES = KEYS + 1 + MODES.length + KEYS;
const EDGES = FEATURES * WIDTH + WIDTH + WIDTH + 1;
const FIXED = 4 * (WIDTH ** 2 + WIDTH);
const DYNAMIC = FIXED + WIDTH * HEADS + HEADS + WIDTH ** 2 + WIDTH;

export const about: About = {
  id: 'E6',
  title: { zh: '动态注意力：温度与门怎样适应', en: 'Dynamic attention: temperatures and gates adapt' },
  claim: {
    zh: '除了多头与自注意力，还有动态注意力：权重随输入、随重要程度、随时间调整。',
    en: 'Beside multi-head and self-attention there is dynamic attention, whose weights adapt to the input, to importance and to time.',
  },
  gives: {
    zh: '每个查询自己定温度和门：温度决定权重有多集中，门决定找到的内容放行多少。任务里有三种问法，训练时看着它们怎样分开，旁边是没有这些的普通多头注意力。',
    en: 'Each query sets a temperature, how sharp its weights are, and gates, how much of what it found goes on. A task with three kinds of questions shows how they part while it learns, beside plain multi-head attention, which has neither.',
  },
  why: {
    zh: '权重之和总是 1，普通注意力没法“什么都不取”，只好在别处抵消；门可以关上。温度低，权重就落在一个位置上，温度高，就接近平均。“随时间”在这里是随训练：同一种问法的温度一步步移开。',
    en: 'Weights always sum to 1, so plain attention cannot take nothing; a gate can close. A low temperature puts the weight on one place, a high one comes near the mean. “Time” is the time of training here: step by step the temperatures of the questions move apart.',
  },
  settings: [{
    id: 'steps', name: { zh: '步数', en: 'Steps' }, value: 's400',
    options: [{ value: 's400', text: { zh: '400 步', en: '400' } }, { value: 's1200', text: { zh: '1200 步', en: '1,200' } }],
  }],
  cost: (chosen) => ({ parameters: EDGES + DYNAMIC, seconds: 0.002 * stepsOf(chosen), bytes: 6e6 }),
};
const stepsOf = ({ steps }: Chosen) => Number(steps!.slice(1));

export const t = {
  find: { zh: '找一个', en: 'find one' },
  mean: { zh: '求平均', en: 'the mean' },
  nothing: { zh: '什么都不要', en: 'nothing' },
  dynamic: { zh: '动态', en: 'dynamic' },
  fixed: { zh: '普通', en: 'plain' },
  step: { zh: '步', en: 'step' },
  losses: { zh: '均方误差', en: 'Mean squared error' },
  loss: { zh: '误差（对数）', en: 'error, logarithmic' },
  temperatures: { zh: '每种问法的温度', en: 'Temperature of each question' },
  temperature: { zh: '温度（对数）', en: 'temperature, logarithmic' },
  gates: { zh: '每种问法的门，平均', en: 'Gates of each question, mean' },
  gate: { zh: '门', en: 'gate' },
  learnt: {
    zh: '{steps} 步之后，误差是 {dynamic}；没有温度和门的普通注意力是 {fixed}。',
    en: 'After {steps} steps the error is {dynamic}; of plain attention, without temperatures and gates, it is {fixed}.',
  },
  adapted: {
    zh: '温度：找一个时 {find}，求平均时 {mean}。门：什么都不要时平均 {nothing}，找一个时 {open}。',
    en: 'Temperatures: {find} to find one, {mean} for the mean of all. Gates: {nothing} on average where nothing is wanted, {open} to find one.',
  },
  weights: { zh: '一个句子里八个查询的权重，两个头的平均：行名是问法', en: 'Weights of the eight queries of one sequence, mean of both heads; rows by what they ask' },
  all: { zh: '门：一列一个特征', en: 'Gates: a column a feature' },
} as const satisfies Record<string, Text>;

interface Batch { x: Tensor; y: Tensor; modes: Mode[]; asks: number[]; names: number[] }

/** Sequences of all names in random order; their tokens' questions and answers. */
function batchOf(attn: Attn, random: Random, size: number): Batch {
  const [x, y] = [new Float32Array(size * KEYS * FEATURES), new Float32Array(size * KEYS)];
  const modes: Mode[] = [], asks: number[] = [], names: number[] = [];
  for (let b = 0; b < size; b += 1) {
    const order = random.several(Array.from({ length: KEYS }, (_, i) => i), KEYS);
    const values = order.map(() => random.between(-1000, 1000) / 1000);
    order.forEach((name, at) => {
      const [mode, asked] = [random.pick(MODES), random.below(KEYS)];
      const [row, place] = [(b * KEYS + at) * FEATURES, b * KEYS + at];
      x[row + name] = 1;
      x[row + KEYS] = values[at]!;
      x[row + KEYS + 1 + MODES.indexOf(mode)] = 1;
      if (mode === 'find') x[row + KEYS + 1 + MODES.length + asked] = 1;
      y[place] = mode === 'find' ? values[order.indexOf(asked)]! : mode === 'mean' ? mean(values) : 0;
      modes.push(mode);
      asks.push(asked);
      names.push(name);
    });
  }
  return { x: attn.tensor(x, { shape: [size, KEYS, FEATURES] }), y: attn.tensor(y, { shape: [size, KEYS, 1] }), modes, asks, names };
}

function modelOf(attn: Attn, attention: MultiheadAttention | DynamicAttention) {
  const { nn } = attn;
  const [into, out] = [new nn.Linear({ inFeatures: FEATURES, outFeatures: WIDTH }), new nn.Linear({ inFeatures: WIDTH, outFeatures: 1 })];
  const optimizer = new attn.optim.AdamW([into, attention, out].flatMap((part) => part.parameters()), { lr: 5e-3 });
  const forward = (x: Tensor, probe?: (name: string, x: Tensor) => void) => {
    const tokens = into.forward(x);
    return out.forward(attention.forward(tokens, tokens, tokens, { probe, needWeights: false })[0]);
  };
  return {
    forward,
    step: (make: () => Batch) => learn(attn, optimizer, () => {
      const { x, y } = make();
      return attn.F.mseLoss(forward(x), y);
    }),
  };
}

export function* run(attn: Attn, chosen: Chosen): Generator<Report | undefined, void> {
  const steps = stepsOf(chosen);
  attn.manualSeed(6);
  const options = { embedDim: WIDTH, numHeads: HEADS, batchFirst: true };
  const models = [modelOf(attn, new attn.nn.DynamicAttention(options)), modelOf(attn, new attn.nn.MultiheadAttention(options))] as const;
  const [random, test] = [new Random(6), batchOf(attn, new Random(66), 64)];

  /** Of the test's sequences: what the dynamic one does, by what is asked. */
  const look = () => {
    const seen: Record<string, Float32Array> = {};
    attn.scope(() => attn.noGrad(() => void models[0].forward(test.x, (name, x) => { seen[name] = x.data() as Float32Array; })));
    const [temperatures, gates] = [seen.temperatures!, seen.gates!];
    const of = (values: Float32Array, size: number, mode: Mode) => test.modes.flatMap((each, at) => (each === mode ? Array.from(values.subarray(at * size, (at + 1) * size)) : []));
    return {
      temperature: MODES.map((mode) => mean(of(temperatures, HEADS, mode))),
      gate: MODES.map((mode) => mean(of(gates, WIDTH, mode))),
      gates: MODES.map((mode) => {
        const all = of(gates, WIDTH, mode);
        return Array.from({ length: WIDTH }, (_, i) => mean(all.filter((__, at) => at % WIDTH === i)));
      }),
      /** Of the first sequence. */
      weights: Array.from({ length: KEYS }, (_, q) => Array.from({ length: KEYS }, (__, k) => mean(Array.from({ length: HEADS }, (___, h) => seen.weights![(h * KEYS + q) * KEYS + k]!)))),
    };
  };
  const errors = () => models.map(({ forward }) => attn.scope(() => attn.noGrad(() => attn.F.mseLoss(forward(test.x), test.y).item())));

  const [at, lossOf, temperatures, gates]: [number[], number[][], number[][], number[][]] = [[], [], [], []];
  const note = (step: number) => {
    const { temperature, gate } = look();
    at.push(step);
    lossOf.push(errors());
    temperatures.push(temperature);
    gates.push(gate);
  };
  const plot = (title: Text, y: Text, names: Text[], values: number[][], logY: boolean): Part => ({
    kind: 'plot', title, x: t.step, y, logY, xs: [...at], curves: names.map((name, n) => ({ name, values: values.map((row) => row[n]!) })),
  });
  const plots = (): Part[] => [
    plot(t.losses, t.loss, [t.dynamic, t.fixed], lossOf, true),
    plot(t.temperatures, t.temperature, MODES.map((mode) => t[mode]), temperatures, true),
    plot(t.gates, t.gate, MODES.map((mode) => t[mode]), gates, false),
  ];

  note(0);
  for (let step = 1; step <= steps; step += 1) {
    const seed = random.below(2 ** 31);
    for (const model of models) model.step(() => batchOf(attn, new Random(seed), BATCH));
    if (step % EVERY !== 0) yield undefined;
    else {
      note(step);
      if (step < steps) yield { done: step / steps, parts: plots() };
    }
  }
  const { temperature, gate, gates: all, weights } = look();
  const asks = test.modes.slice(0, KEYS).map((mode, i) => (mode === 'find' ? String.fromCharCode(65 + test.asks[i]!) : mode === 'mean' ? 'x̄' : '∅'));
  yield {
    done: 1,
    parts: [
      said(t.learnt, { steps: count(steps), dynamic: number(lossOf.at(-1)![0]!), fixed: number(lossOf.at(-1)![1]!) }),
      said(t.adapted, { find: number(temperature[0]!), mean: number(temperature[1]!), nothing: number(gate[2]!), open: number(gate[0]!) }),
      ...plots(),
      {
        kind: 'maps', title: t.weights,
        maps: [{ name: { zh: '行：问什么（字母：找它；x̄：求平均；∅：什么都不要），列：名字', en: 'rows: what is asked (a letter: find it; x̄: the mean; ∅: nothing), columns: names' }, matrix: weights, role: 'weights', rows: asks, columns: test.names.slice(0, KEYS).map((name) => String.fromCharCode(65 + name)) }],
      },
      { kind: 'maps', title: t.all, maps: [{ name: t.gate, matrix: all, role: 'weights', rows: MODES.map((mode) => t[mode]) }] },
    ],
  };
}
