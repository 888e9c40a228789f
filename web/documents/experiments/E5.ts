/** The Transformer at its printed size: counted, run forward, and trained for a few steps. */
import type { Attn } from 'attention-playground';
import type { Text } from '../recipe.js';
import { bytes, count, learn, number, said, seconds, type About, type Chosen, type Gap, type Part, type Report } from './experiment.js';

const [WIDTH, HEADS, INNER, LAYERS, DROPOUT, WORDS, LENGTH] = [512, 8, 2048, 6, 0.1, 1000, 16];
/** Four projections of an attention with their biases, a feed-forward, a norm. */
const [ATTENTION, FEED_FORWARD, NORM] = [4 * (WIDTH ** 2 + WIDTH), 2 * WIDTH * INNER + INNER + WIDTH, 2 * WIDTH];
const ENCODER = LAYERS * (ATTENTION + FEED_FORWARD + 2 * NORM);
const DECODER = LAYERS * (2 * ATTENTION + FEED_FORWARD + 3 * NORM);
const EDGES = 3 * WIDTH * WORDS + WORDS;

export const about: About = {
  id: 'E5',
  title: { zh: '按印出的尺寸搭 Transformer', en: 'The Transformer at its printed size' },
  claim: {
    zh: '宽 512、8 个头、每头 64、前馈 2048、6 层、dropout 0.1，用交叉熵与 Adam 训练。',
    en: 'Width 512, 8 heads of 64, 2048 inner features, 6 layers, dropout 0.1; trained by cross-entropy and Adam.',
  },
  gives: {
    zh: '真的搭出编码器 6 层加解码器 6 层，数出参数，前向一次，再训练几步，量出每步的时间与内存。',
    en: 'The real stack is built, 6 layers of encoder and 6 of decoder: its parameters are counted, it runs forward once and trains for a few steps, with the time and memory of each.',
  },
  why: {
    zh: '原文的代码只搭了一层，多数设置没有用上。训练比前向贵：反向约是前向的两倍，梯度与 Adam 的两个矩又各占一份参数那么大的内存。',
    en: 'The listing builds one layer and leaves most settings unused. Training costs more than running forward: backward is about twice the work, and gradients and Adam’s two moments take the parameters’ memory three times again.',
  },
  settings: [{
    id: 'steps', name: { zh: '训练', en: 'Training' }, value: 's3',
    options: [{ value: 's0', text: { zh: '只前向', en: 'forward alone' } }, { value: 's3', text: { zh: '3 步', en: '3 steps' } }, { value: 's10', text: { zh: '10 步', en: '10 steps' } }],
  }],
  cost(chosen) {
    const parameters = ENCODER + DECODER + EDGES, steps = stepsOf(chosen);
    return { parameters, seconds: 0.6 + 0.25 * steps, bytes: 4 * parameters * (steps > 0 ? 4 : 1) + 60e6 };
  },
};
const stepsOf = ({ steps }: Chosen) => Number(steps!.slice(1));

export const t = {
  counted: {
    zh: '一共 {all} 个参数：编码器 {encoder}，解码器 {decoder}，词嵌入与输出层 {edges}。',
    en: '{all} parameters: {encoder} in the encoder, {decoder} in the decoder, {edges} in the embeddings and the output layer.',
  },
  forward: { zh: '搭好用了 {build}，前向一次用了 {forward}；这时张量占 {held}。', en: 'It took {build} to build and {forward} to run forward once; tensors then hold {held}.' },
  trained: {
    zh: '训练一步平均 {step}，是前向的 {ratio} 倍；张量占到 {held}。这 {words} 个词上的损失从 {first} 到 {last}，随机猜是 {random}。',
    en: 'A step of training takes {step} on average, {ratio} times the forward pass; tensors hold {held}. The loss of these {words} words went from {first} to {last}; a random guess has {random}.',
  },
  table: { zh: '每一步', en: 'Each step' },
  time: { zh: '时间', en: 'time' },
  memory: { zh: '张量的内存', en: 'memory of tensors' },
  loss: { zh: '损失', en: 'loss' },
  building: { zh: '搭建', en: 'building' },
  running: { zh: '前向', en: 'forward' },
} as const satisfies Record<string, Text>;

function timed<T>(f: () => T): [result: T, seconds: number] {
  const begin = performance.now();
  const result = f();
  return [result, (performance.now() - begin) / 1000];
}

export function* run(attn: Attn, chosen: Chosen): Generator<Report | undefined, void> {
  const steps = stepsOf(chosen);
  const actions = steps + 2;
  const rows: { name: Text | string; cells: Gap[] }[] = [];
  const texts: Part[] = [said(t.counted, { all: count(ENCODER + DECODER + EDGES), encoder: count(ENCODER), decoder: count(DECODER), edges: count(EDGES) })];
  const report = (): Report => ({
    done: rows.length / actions, parts: [...texts, { kind: 'rows', title: t.table, columns: [t.time, t.memory, t.loss], rows: [...rows] }],
  });
  const note = (name: Text | string, time: number, loss: Gap = '') => rows.push({ name, cells: [seconds(time), bytes(attn.memory()), loss] });
  yield report();

  attn.manualSeed(5);
  const [model, build] = timed(() => new attn.models.Transformer({
    sourceVocab: WORDS, targetVocab: WORDS, maxLength: LENGTH, dModel: WIDTH, numHeads: HEADS, dimFeedforward: INNER, numLayers: LAYERS, dropout: DROPOUT,
  }));
  if (model.numParameters !== ENCODER + DECODER + EDGES) throw new Error(`${model.numParameters} parameters were built`);
  note(t.building, build);
  yield report();

  const words = (length: number, shift: number) => Array.from({ length }, (_, i) => 3 + ((37 * i + shift) % (WORDS - 3)));
  const { bosToken, eosToken } = model.config;
  const [source, target] = [[words(LENGTH, 0)], words(LENGTH - 1, 11)];
  const lossOf = () => model.loss(source, [[bosToken, ...target]], [[...target, eosToken]]);
  const lossNow = () => attn.noGrad(() => attn.scope(() => model.eval() && lossOf().item()));
  const [first, forward] = timed(lossNow);
  note(t.running, forward, number(first));
  texts.push(said(t.forward, { build: seconds(build), forward: seconds(forward), held: bytes(attn.memory()) }));
  yield report();

  const adam = new attn.optim.Adam(model.parameters(), { lr: 1e-4 });
  let whole = 0;
  for (let step = 1; step <= steps; step += 1) {
    model.train();
    const [loss, time] = timed(() => learn(attn, adam, lossOf));
    whole += time;
    note(String(step), time, number(loss));
    if (step === steps) {
      texts.push(said(t.trained, {
        step: seconds(whole / steps), ratio: number(whole / steps / forward), held: bytes(attn.memory()), words: count(LENGTH), first: number(first), last: number(lossNow()),
        random: number(Math.log(WORDS)),
      }));
    }
    yield report();
  }
}
