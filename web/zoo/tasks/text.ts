import { mix, Random } from '../rng.js';
import { usual, type Sample, type Task, type Values } from '../task.js';

/** Slots are capital letters, each drawn evenly from its words; all else stands as it is. */
const GRAMMARS = {
  en: {
    sentences: ['N V a J T in the P. ', 'in the P N V a T. ', 'a J T is in the P. ', 'N and M V the T. ', 'where is the T? it is in the P. '],
    slots: {
      N: ['anna', 'bruno', 'clara', 'david'], M: ['elena', 'felix', 'greta', 'henry'], V: ['finds', 'paints', 'hides', 'sells'],
      J: ['red', 'small', 'new', 'old'], T: ['box', 'lamp', 'kite', 'drum', 'boat'], P: ['garden', 'market', 'school', 'attic'],
    },
  },
  zh: {
    sentences: ['N在P里V一个J的T。', 'P里有一个J的T。', 'N和M一起V那个T。', 'T在哪里？在P里。', '今天N没有V那个J的T。'],
    slots: {
      N: ['小明', '小红', '老王', '阿芳'], M: ['李雷', '小刚', '婷婷', '大伟'], V: ['找到', '画了', '藏起', '卖掉'],
      J: ['红色', '很小', '崭新', '古老'], T: ['盒子', '台灯', '风筝', '木船', '大鼓'], P: ['花园', '市场', '学校', '阁楼'],
    },
  },
} as const;
type Language = keyof typeof GRAMMARS;

/** A sentence, and −ln of how likely it is: different draws give different sentences. */
function sentence(random: Random, language: Language): { text: string; surprise: number } {
  const { sentences, slots } = GRAMMARS[language];
  let surprise = Math.log(sentences.length);
  const text = random.pick(sentences).replace(/[NMVJTP]/g, (slot) => {
    const words = slots[slot as keyof typeof slots];
    surprise += Math.log(words.length);
    return random.pick(words);
  });
  return { text, surprise };
}

const START = '\n';
/** Stretches of one's own text; those of one block are on one side, so that what is held out is not read in training. */
const BLOCK = 256;

const own = ({ text }: Values): string[] => [...(text as string).replaceAll(/\s+/g, ' ').trim()];

function fromGrammar(random: Random, language: Language, length: number): Sample {
  let text = '';
  while (text.length < length) text += sentence(random, language).text;
  return { input: [START], output: [...text].slice(0, length), key: text };
}

function fromOwn(random: Random, characters: string[], length: number): Sample {
  const blocks = Math.max(1, Math.floor(characters.length / BLOCK));
  const block = random.below(blocks);
  const first = block * BLOCK, last = block === blocks - 1 ? characters.length : first + BLOCK;
  const from = first + random.below(Math.max(1, last - first - length));
  return { input: [START], output: characters.slice(from, Math.min(last, from + length)), key: block };
}

/** The mean −ln of the next character's share of those that followed the same one, over texts of many draws. */
function bigramLoss(draw: (random: Random) => string[]): number {
  const counts = new Map<string, Map<string, number>>();
  for (let i = 0; i < 1000; i++) {
    draw(new Random(mix('bigram', i))).reduce((before, next) => {
      const after = counts.get(before) ?? new Map<string, number>();
      counts.set(before, after.set(next, (after.get(next) ?? 0) + 1));
      return next;
    }, START);
  }
  let sum = 0, all = 0;
  for (const after of counts.values()) {
    const total = [...after.values()].reduce((a, b) => a + b, 0);
    for (const count of after.values()) sum -= count * Math.log(count / total);
    all += total;
  }
  return sum / all;
}

export const text: Task = {
  id: 'text',
  title: { zh: '文字', en: 'Text' },
  about: { zh: '逐字续写：用内置的小语法，或你自己的文字。', en: 'Go on writing, character by character: of a small grammar, or of a text of your own.' },
  look: {
    zh: '损失先降到双字频率的水平，再往下接近语法本身的熵；样例从乱字变成词，再变成句子。',
    en: 'The loss falls to that of pairs of characters, then on to the grammar’s own entropy; samples turn from noise to words to sentences.',
  },
  form: 'stream',
  parameters: [
    {
      id: 'language', name: { zh: '语法', en: 'Grammar' }, default: 'en',
      choices: [{ id: 'en', name: { zh: '英文', en: 'English' } }, { id: 'zh', name: { zh: '中文', en: 'Chinese' } }],
    },
    { id: 'length', name: { zh: '上下文长度', en: 'Context' }, min: 16, max: 128, default: 64 },
    { id: 'text', name: { zh: '自己的文字（留空则用语法）', en: 'A text of your own (or none)' }, text: true, default: '' },
  ],
  symbols(values) {
    const characters = own(values);
    const { sentences, slots } = GRAMMARS[values.language as Language];
    const written = characters.length > 0 ? characters
      : [...sentences.join('').replaceAll(/[NMVJTP]/g, ''), ...Object.values(slots).flat().join('')];
    return [START, ...new Set(written)];
  },
  longest: ({ length }) => ({ input: 1, output: length as number }),
  make(random, values) {
    const characters = own(values), length = values.length as number;
    return characters.length > 0 ? fromOwn(random, characters, length) : fromGrammar(random, values.language as Language, length);
  },
  shared: (values) => own(values).length > 0 && own(values).length < 8 * BLOCK,
  losses(values) {
    const characters = own(values), length = values.length as number, language = values.language as Language;
    if (characters.length > 0) return { bigram: bigramLoss((random) => [...fromOwn(random, characters, length).output]) };
    let surprise = 0, count = 0;
    for (let i = 0; i < 1000; i++) {
      const one = sentence(new Random(mix('entropy', i)), language);
      surprise += one.surprise;
      count += one.text.length;
    }
    return { bigram: bigramLoss((random) => [...fromGrammar(random, language, length).output]), least: surprise / count };
  },
  model: { kind: 'decoder', dModel: 48, numHeads: 4, numLayers: 2 },
  recipe: { ...usual, steps: 500 },
  metric: 'gained',
  goal: 0.8,
  picture: 'heads',
  suggestions: [
    { text: { zh: '换成中文语法', en: 'The Chinese grammar' }, values: { language: 'zh' } },
    { text: { zh: '上下文只有 16 个字', en: 'A context of 16 characters' }, values: { length: 16 } },
  ],
};
