/** A GRU encoder–decoder with attention that learns four texts; and the same with shuffled words, which it must look up. */
import type { Attn, Seq2Seq } from 'attention-playground';
import type { Text } from '../recipe.js';
import training from '../training.json';
import { count, learn, mean, number, said, share, type About, type Chosen, type Part, type Report } from './experiment.js';
import { Random } from '../../zoo/rng.js';

const [VOCABULARY, HIDDEN, EPOCHS, GOAL] = [1000, 200, 10, 0.05];
/** Shuffled, each text is in a batch in four orders, so that the gradient is of looking up and not of one order. */
const tasks = {
  same: { batch: 2, passes: 1, clip: Infinity, most: 200 },
  ahead: { batch: 2, passes: 1, clip: Infinity, most: 200 },
  shuffled: { batch: 16, passes: 8, clip: 1, most: 800 },
};
type Task = keyof typeof tasks;
/** The last epochs that count for the goal: one alone may be lucky. */
const LAST = 3;
const [PAD, BOS, EOS] = [0, 1, 2];

export const about: About = {
  id: 'C7',
  title: { zh: '四段短文上的编码器–解码器', en: 'An encoder–decoder on four texts' },
  claim: {
    zh: 'GRU 编码器–解码器加注意力，词表 1000、隐藏 200、批次 2、Adam 1e-3，在四段英文短文上训练 10 轮。',
    en: 'A GRU encoder–decoder with attention, 1000 words, hidden size 200, batches of 2, Adam 1e-3, learns four short English texts in 10 epochs.',
  },
  gives: {
    zh: '原文的代码跑不起来；照它的尺寸搭好的模型能训练。10 轮还不够，这里接着训练到损失低于 0.05，再画出写每个词时看向哪里，并把注意力换成平均来检验是否真的用到了它。',
    en: 'The listing cannot run; a model of its sizes does, and learns. 10 epochs are not enough, so it goes on to a loss below 0.05; then where it looked while writing is drawn, and attention is replaced by a plain mean to see whether it was needed.',
  },
  why: {
    zh: '代码把字节放进张量、漏了嵌入层、bmm 的形状不对，每批只有一个张量。四段短文也太少：解码器背得下来，不看原文也写得出。只有把词打乱，才非看不可，对齐图才出现对角线。',
    en: 'The listing puts bytes into a tensor, leaves out the embedding, multiplies wrong shapes and has one tensor a batch. And four texts are too few: the decoder knows them by heart. Only shuffled words must be looked up, and only then does the alignment become a diagonal.',
  },
  settings: [
    {
      id: 'task', name: { zh: '任务', en: 'Task' }, value: 'same',
      options: [
        { value: 'same', text: { zh: '写出原文', en: 'the text again' } },
        { value: 'ahead', text: { zh: '从第二个词写起', en: 'from its second word on' } },
        { value: 'shuffled', text: { zh: '打乱的词（批次 16）', en: 'shuffled words, batches of 16' } },
      ],
    },
    {
      id: 'decoder', name: { zh: '解码器的注意力', en: 'The decoder’s attention' }, value: 'additive',
      options: [{ value: 'additive', text: { zh: '加性（Bahdanau）', en: 'additive (Bahdanau)' } }, { value: 'dot', text: { zh: '点积（Luong）', en: 'dot (Luong)' } }],
    },
  ],
  cost({ task, decoder }) {
    const [h, v] = [HIDDEN, VOCABULARY];
    const gru = (input: number, hidden: number) => 3 * (input * hidden + hidden ** 2 + 2 * hidden);
    const additive = decoder === 'additive';
    const parameters = 2 * v * h + 2 * gru(h, h / 2) + h ** 2 + h + gru(additive ? 2 * h : h, h) + (additive ? 2 * h ** 2 + h : 0) + 2 * h ** 2 + h * v + v;
    return { parameters, seconds: SECONDS[task as Task][additive ? 0 : 1]!, bytes: 4 * 4 * parameters + 8e6 };
  },
  more: [{ text: { zh: '在“训练”里对齐日期', en: 'Align dates in Train' }, view: 'train', place: ['train.task', 'dates'] }],
};

/** Additive, dot. */
const SECONDS: Record<Task, [number, number]> = { same: [1.5, 0.9], ahead: [1.5, 0.9], shuffled: [34, 17] };

export const t = {
  loss: { zh: '损失', en: 'loss' },
  random: { zh: '随机猜', en: 'a random guess' },
  epoch: { zh: '轮', en: 'epoch' },
  curve: { zh: '每轮的平均损失', en: 'Mean loss of each epoch' },
  first: { zh: '原文的 10 轮之后，损失是 {loss}，随机猜是 {random}。', en: 'After the document’s 10 epochs the loss is {loss}; a random guess has {random}.' },
  reached: { zh: '到第 {epochs} 轮，损失是 {loss}；只给原文让它自己写，{right} 的词写对了位置。', en: 'After {epochs} epochs it is {loss}; given the source alone, it writes {right} of the words in their right place.' },
  unneeded: {
    zh: '把注意力换成对所有位置取平均，仍有 {blind} 的词预测对：它背下了短文，几乎不靠注意力。对角线上的词占 {diagonal}。',
    en: 'With attention replaced by a mean over all positions it still predicts {blind} of the words: it knows the texts by heart and hardly needs it. {diagonal} of the words look most at themselves.',
  },
  needed: {
    zh: '把注意力换成对所有位置取平均，只有 {blind} 的词预测对；有注意力时是 {forced}：这里非看原文不可。对角线上的词占 {diagonal}。',
    en: 'With attention replaced by a mean over all positions it predicts only {blind} of the words, with it {forced}: here the source must be looked at. {diagonal} of the words look most at the one that they say.',
  },
  alignment: { zh: '对齐：行是写出的词，列是读到的词', en: 'Alignment: rows are words written, columns words read' },
  text: { zh: '第 {n} 段', en: 'text {n}' },
  written: { zh: '它自己写出来的', en: 'What it writes by itself' },
  wanted: { zh: '该写', en: 'wanted' },
  wrote: { zh: '写出', en: 'written' },
} as const satisfies Record<string, Text>;

/** Runs of letters, and every other character but blanks by itself. */
const tokenize = (text: string) => text.toLowerCase().match(/[a-z]+|\S/gu)!;

function textsOf() {
  const words: string[] = [];
  const texts = training.C7.texts.map((text) => tokenize(text).map((word) => {
    if (!words.includes(word)) words.push(word);
    return EOS + 1 + words.indexOf(word);
  }));
  return { texts, spoken: (ids: readonly number[]) => ids.map((id) => words[id - EOS - 1] ?? '?') };
}

interface Pair { source: number[]; target: number[] }
const pairOf = (text: number[], task: Task, random: Random): Pair => {
  const source = task === 'shuffled' ? random.several(text, text.length) : text;
  return { source, target: task === 'ahead' ? source.slice(1) : source };
};

function padded(rows: number[][]) {
  const longest = Math.max(...rows.map(({ length }) => length));
  return rows.map((row) => [...row, ...Array<number>(longest - row.length).fill(PAD)]);
}
const batchOf = (pairs: Pair[]) => ({
  source: padded(pairs.map(({ source }) => source)),
  sourceLengths: pairs.map(({ source }) => source.length),
  targetIn: padded(pairs.map(({ target }) => [BOS, ...target])),
  targetOut: padded(pairs.map(({ target }) => [...target, EOS])),
});

/** The share of words that it predicts, those before each being given: as it is, and blind, with a mean for its attention. */
function predicted(attn: Attn, model: Seq2Seq, pairs: Pair[], blind: boolean): number {
  return mean(pairs.flatMap(({ source, target }) => attn.scope(() => attn.noGrad(() => {
    const probe = (name: string, x: InstanceType<typeof import('attention-playground').Tensor>) =>
      (blind && name.endsWith('attn.weights') ? attn.full([...x.shape], 1 / source.length) : undefined);
    const logits = model.forward([source], [[BOS, ...target]], { probe })[0].data();
    return target.map((word, at) => {
      const row = logits.subarray(at * VOCABULARY, (at + 1) * VOCABULARY) as Float32Array;
      return Number(row.indexOf(Math.max(...row)) === word);
    });
  }))));
}

export function* run(attn: Attn, { task: chosen, decoder }: Chosen): Generator<Report | undefined, void> {
  const task = chosen as Task;
  const { texts, spoken } = textsOf();
  attn.manualSeed(7);
  const random = new Random(7);
  const model = new attn.models.Seq2Seq({
    sourceVocab: VOCABULARY, targetVocab: VOCABULARY, embeddingDim: HIDDEN, hiddenSize: HIDDEN, attention: decoder as 'additive' | 'dot',
  });
  const parameters = model.parameters();
  const adam = new attn.optim.Adam(parameters, { lr: 1e-3 });
  const losses: number[] = [];
  const curve = (): Part[] => [
    ...(losses.length < EPOCHS ? [] : [said(t.first, { loss: number(losses[EPOCHS - 1]!), random: number(Math.log(VOCABULARY)) })]),
    {
      kind: 'plot', title: t.curve, x: t.epoch, y: t.loss, xs: losses.map((_, i) => i + 1),
      curves: [{ name: t.loss, values: [...losses] }, { name: t.random, values: losses.map(() => Math.log(VOCABULARY)), dashed: true }],
    },
  ];
  const { batch, passes, clip, most } = tasks[task];
  while (losses.length < EPOCHS || (mean(losses.slice(-LAST)) >= GOAL && losses.length < most)) {
    const epoch: number[] = [];
    for (let at = 0; at < passes * texts.length; at += batch) {
      const { source, sourceLengths, targetIn, targetOut } = batchOf(Array.from({ length: batch }, (_, i) => pairOf(texts[(at + i) % texts.length]!, task, random)));
      epoch.push(learn(attn, adam, () => model.loss(source, targetIn, targetOut, { sourceLengths }), { of: parameters, most: clip }));
      yield undefined;
    }
    losses.push(mean(epoch));
    // How near the goal is, in equal steps of the logarithm.
    const way = Math.log(losses[0]! / losses.at(-1)!) / Math.log(losses[0]! / GOAL);
    yield { done: Math.max(0, Math.min(0.99, way)), parts: curve() };
  }

  model.eval();
  const pairs = texts.map((text) => pairOf(text, task, random));
  const found = pairs.map(({ source, target }) => attn.scope(() => attn.noGrad(() => ({
    alignment: (model.forward([source], [[BOS, ...target]])[1].toArray() as number[][][])[0]!.slice(0, target.length),
    said: model.decode([source])[0]!.tokens,
  }))));
  const right = mean(pairs.flatMap(({ target }, i) => target.map((word, at) => Number(found[i]!.said[at] === word))));
  const diagonal = mean(found.flatMap(({ alignment }) => alignment.map((row, at) => Number(row.indexOf(Math.max(...row)) === at + (task === 'ahead' ? 1 : 0)))));
  const [forced, blind] = [predicted(attn, model, pairs, false), predicted(attn, model, pairs, true)];
  yield {
    done: 1,
    parts: [
      ...curve(),
      said(t.reached, { epochs: count(losses.length), loss: number(losses.at(-1)!), right: share(right) }),
      said(blind > 0.9 * forced ? t.unneeded : t.needed, { blind: share(blind), forced: share(forced), diagonal: share(diagonal) }),
      {
        kind: 'maps', title: t.alignment,
        maps: found.map(({ alignment }, i) => ({
          name: { zh: t.text.zh.replace('{n}', String(i + 1)), en: t.text.en.replace('{n}', String(i + 1)) },
          matrix: alignment, role: 'weights', rows: spoken(pairs[i]!.target), columns: spoken(pairs[i]!.source),
        })),
      },
      {
        kind: 'rows', title: t.written, columns: [t.wanted, t.wrote],
        rows: found.map(({ said: tokens }, i) => ({ name: String(i + 1), cells: [spoken(pairs[i]!.target).join(' '), spoken(tokens).join(' ')] })),
      },
    ],
  };
}
