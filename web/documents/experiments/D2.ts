/** An attention classifier that tells praise from blame: the zoo's task, with the document's settings. */
import type { Attn } from 'attention-playground';
import type { Text } from '../recipe.js';
import { settingsOf, type Sample } from '../../zoo/task.js';
import { sentiment } from '../../zoo/tasks/sentiment.js';
import { Run } from '../../zoo/train.js';
import { count, mean, number, said, share, type About, type Chosen, type Part, type Report } from './experiment.js';

/** A sentence is made when it is needed and hardly ever comes again: so many are called an epoch. */
const [EPOCHS, STEPS, BATCH] = [10, 40, 32];

export const about: About = {
  id: 'D2',
  title: { zh: '情感分类：训练一个注意力分类器', en: 'Sentiment: an attention classifier is trained' },
  claim: {
    zh: 'Keras 的 输入 → Attention(use_scale=True) → Dense(1, sigmoid)，Adam、二元交叉熵、10 轮、批次 32，然后预测。',
    en: 'In Keras: Input → Attention(use_scale=True) → Dense(1, sigmoid), Adam, binary cross-entropy, 10 epochs, batches of 32; then predict.',
  },
  gives: {
    zh: '一层编码器，再用注意力把句子汇总成一个向量，照这些设置训练；句式有一部分从未见过，就用它们来考。',
    en: 'One encoder layer, and attention that pools a sentence into one vector, trained with these settings and examined on patterns of sentences that it has never seen.',
  },
  why: {
    zh: 'Keras 的 Attention 要的是查询与值两个张量，只给一个会报错；况且没有嵌入，词的编号无法比较。两类的 softmax 交叉熵就是二元交叉熵：sigmoid 作用在两个分数之差上。',
    en: 'Keras’ Attention takes [query, value]; given one tensor it fails, and without an embedding the numbers of words cannot be compared. The softmax cross-entropy of two classes is the binary one: a sigmoid of the difference of two scores.',
  },
  settings: [
    {
      id: 'language', name: { zh: '句子', en: 'Sentences' }, value: 'both',
      options: [{ value: 'both', text: { zh: '中英文', en: 'both languages' } }, { value: 'zh', text: { zh: '中文', en: 'Chinese' } }, { value: 'en', text: { zh: '英文', en: 'English' } }],
    },
    {
      id: 'rate', name: { zh: '学习率', en: 'Learning rate' }, value: 'r1e-3',
      options: [{ value: 'r1e-3', text: { zh: '1e-3（Keras 的默认值）', en: '1e-3, Keras’ default' } }, { value: 'r5e-3', text: { zh: '5e-3', en: '5e-3' } }],
    },
  ],
  cost: () => ({ parameters: PARAMETERS, seconds: 1, bytes: 4e6 }),
  more: [{ text: { zh: '在“训练”里自己调', en: 'Set it yourself in Train' }, view: 'train', place: ['train.task', 'sentiment'] }],
};
/** Of width 32, one layer, two heads, and a word for each of the task's. */
const PARAMETERS = 16866;

export const t = {
  reached: {
    zh: '{epochs} 轮之后，在 {patterns} 种没见过的句式上判断正确 {accuracy}，损失 {loss}；训练之前是 {before}。',
    en: 'After {epochs} epochs {accuracy} of the sentences of {patterns} unseen patterns are judged rightly, with a loss of {loss}; before training it was {before}.',
  },
  looks: {
    zh: '汇总时，{judging} 的句子把最大的权重放在褒贬词或否定词上。',
    en: 'In {judging} of the sentences the largest weight of pooling is on a word that judges, or on the “not”.',
  },
  mixed: {
    zh: '汇总时，只有 {judging} 的句子把最大的权重放在褒贬词或否定词上：前面的编码器层已经把各词混在一起，别的位置也带着褒贬。权重不等于解释。',
    en: 'In only {judging} of the sentences the largest weight of pooling is on a word that judges, or on the “not”: the encoder layer before it has mixed the words, and other positions carry the judgement too. Weights are no explanation.',
  },
  curve: { zh: '每轮之后', en: 'After each epoch' },
  epoch: { zh: '轮', en: 'epoch' },
  value: { zh: '损失与正确率', en: 'loss and accuracy' },
  train: { zh: '训练损失', en: 'loss, training' },
  held: { zh: '留出句式的损失', en: 'loss, unseen patterns' },
  accuracy: { zh: '留出句式的正确率', en: 'accuracy, unseen patterns' },
  pooling: { zh: '没见过的句式：汇总时的权重', en: 'Patterns never seen: the weights of pooling' },
  verdict: { zh: '{mark} 判为{said}', en: '{mark} judged {said}' },
  good: { zh: '夸', en: 'praise' },
  bad: { zh: '贬', en: 'blame' },
} as const satisfies Record<string, Text>;

const poolingOf = (run: Run, sample: Sample) => Array.from(run.attention(sample).find(({ name }) => name === 'pool')!.weights);
/** Words that stand with one label alone, unless they are denied. */
const JUDGING = 'not 不 good lovely wonderful charming great bad dull awful boring poor love enjoy praise hate regret avoid 好 精彩 迷人 出色 有趣 差 无聊 糟糕 难受 失望 喜欢 称赞 想念 讨厌 后悔 抱怨'.split(' ');

export function* run(attn: Attn, { language, rate }: Chosen): Generator<Report | undefined, void> {
  const learner = new Run(attn, settingsOf(sentiment, 2, {
    values: { language: language! },
    recipe: { optimizer: 'Adam', lr: Number(rate!.slice(1)), weightDecay: 0, schedule: 'constant', batch: BATCH, steps: EPOCHS * STEPS, clip: 0 },
  }));
  const before = learner.evaluate().metric;
  const [train, held, accuracy]: [number[], number[], number[]] = [[], [], []];
  const curve = (): Part => ({
    kind: 'plot', title: t.curve, x: t.epoch, y: t.value, xs: train.map((_, i) => i + 1),
    curves: [{ name: t.train, values: [...train] }, { name: t.held, values: [...held] }, { name: t.accuracy, values: [...accuracy], dashed: true }],
  });
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    const losses: number[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      losses.push(learner.step());
      yield undefined;
    }
    const { loss, metric } = learner.evaluate();
    train.push(mean(losses));
    held.push(loss);
    accuracy.push(metric);
    yield { done: 0.99 * (epoch + 1) / EPOCHS, parts: [curve()] };
  }
  const samples = learner.samples('held', 64);
  const judging = mean(samples.map((sample) => {
    const weights = poolingOf(learner, sample);
    return Number(JUDGING.includes(sample.input[weights.indexOf(Math.max(...weights))]!));
  }));
  const word = (label: string) => (label === 'good' ? t.good : t.bad);
  const short = samples.filter(({ input }) => input.length <= 12);
  // Of each pattern one that praises and one that does not.
  const shown = short.filter(({ key, output: [label] }, i) => short.findIndex((other) => other.key === key && other.output[0] === label) === i).slice(0, 6);
  yield {
    done: 1,
    parts: [
      said(t.reached, { epochs: count(EPOCHS), patterns: count(new Set(samples.map(({ key }) => key)).size), accuracy: share(accuracy.at(-1)!), loss: number(held.at(-1)!), before: share(before) }),
      said(judging < 0.5 ? t.mixed : t.looks, { judging: share(judging) }),
      curve(),
      {
        kind: 'maps', title: t.pooling,
        maps: shown.map((sample) => {
          const answer = learner.predict(sample)[0]!, mark = answer === sample.output[0] ? '✓' : '✗';
          const name = (of: keyof Text) => t.verdict[of].replace('{mark}', mark).replace('{said}', word(answer)[of]);
          return { name: { zh: name('zh'), en: name('en') }, matrix: [poolingOf(learner, sample)], role: 'weights' as const, rows: [''], columns: [...sample.input] };
        }),
      },
    ],
  };
}
