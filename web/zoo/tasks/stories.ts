import type { Random } from '../rng.js';
import { usual, type Task } from '../task.js';

const PEOPLE = { en: ['anna', 'bruno', 'clara', 'david', 'elena', 'felix'], zh: ['小明', '小红', '老王', '阿芳', '大伟', '婷婷'] } as const;
const PLACES = { en: ['garden', 'kitchen', 'market', 'school', 'attic', 'harbour'], zh: ['花园', '厨房', '市场', '学校', '阁楼', '港口'] } as const;
const THINGS = { en: ['ball', 'book', 'lamp', 'ring', 'apple', 'drum'], zh: ['球', '书', '灯', '戒指', '苹果', '鼓'] } as const;
/** P a person, X a place, T a thing. */
const GOES = {
  en: ['P went to the X', 'P is in the X', 'P ran to the X', 'P was seen in the X', 'in the X stood P', 'P has gone to the X'],
  zh: ['P 去 了 X', 'P 在 X 里', 'P 跑 到 X', '有人 在 X 看见 P', '站 在 X 的 是 P', 'P 已经 到 X 了'],
} as const;
const TAKES = {
  en: ['P took the T', 'P has the T', 'the T is with P', 'P picked up the T', 'P carries the T', 'the T was given to P'],
  zh: ['P 拿 了 T', 'P 有 T', 'T 在 P 手 里', 'P 捡 起 T', 'P 带 着 T', 'T 给 了 P'],
} as const;
const ASKED = { en: ['where is P ?', 'where is the T ?'], zh: ['P 在 哪里 ？', 'T 在 哪里 ？'] } as const;
const STOP = { en: '.', zh: '。' } as const;
type Language = keyof typeof PEOPLE;

const said = (pattern: string, slots: Record<string, string>) => pattern.split(' ').map((word) => slots[word] ?? word);

/**
 * Who is where, and who has what; the question comes first, so that one knows what to look for while reading. To write the
 * thing and the person first makes of each step a look for what was just written: without them models guess for long.
 */
function story(random: Random, language: Language, count: number, facts: number, write: string) {
  const people = random.several(PEOPLE[language], count), places = random.several(PLACES[language], count), things = random.several(THINGS[language], count);
  const about = random.below(count);
  const sentences = people.map((P, i) => said(random.pick(GOES[language]), { P, X: places[i]! }));
  if (facts === 2) sentences.push(...people.map((P, i) => said(random.pick(TAKES[language]), { P, T: things[i]! })));
  const question = facts === 2 ? said(ASKED[language][1], { T: things[about]! }) : said(ASKED[language][0], { P: people[about]! });
  const input = [...question, ...random.several(sentences, sentences.length).flatMap((sentence) => [...sentence, STOP[language]])];
  const chain = [...(facts === 2 ? [things[about]!] : []), people[about]!, places[about]!];
  return { input, output: write === 'chain' ? chain : chain.slice(-1) };
}

const split = (patterns: readonly string[]) => patterns.flatMap((pattern) => pattern.split(' ').filter((word) => !/^[PXT]$/.test(word)));

export const stories: Task = {
  id: 'stories',
  title: { zh: '故事问答', en: 'Stories' },
  about: { zh: '先读问题，再读几句话，写出问的是谁、在哪里。', en: 'Read a question, then some sentences, and write who it is about and where they are.' },
  look: {
    zh: '作答时的权重落在说到那个人的那句话的地点上；两步问题从物找到人，再从人找到地点。',
    en: 'While answering, the weights fall on the place in the sentence about that person; with two facts they go from the thing to the person to the place.',
  },
  form: 'answer',
  parameters: [
    { id: 'people', name: { zh: '人数', en: 'People' }, min: 1, max: 4, default: 2 },
    {
      id: 'facts', name: { zh: '需要几句话', en: 'Facts that it takes' }, min: 1, max: 2, default: 1,
    },
    {
      id: 'write', name: { zh: '答案', en: 'The answer' }, default: 'chain',
      choices: [{ id: 'chain', name: { zh: '写出每一步：物、人、地点', en: 'goes step by step: thing, person, place' } }, { id: 'place', name: { zh: '只写地点', en: 'is the place alone' } }],
    },
    {
      id: 'language', name: { zh: '语言', en: 'Language' }, default: 'en',
      choices: [{ id: 'en', name: { zh: '英文', en: 'English' } }, { id: 'zh', name: { zh: '中文', en: 'Chinese' } }],
    },
  ],
  symbols: ({ language }) => {
    const at = language as Language;
    return [...new Set([...PEOPLE[at], ...PLACES[at], ...THINGS[at], STOP[at], ...split(GOES[at]), ...split(TAKES[at]), ...split(ASKED[at])])];
  },
  longest: ({ people, facts, write }) => ({ input: 6 + 7 * (people as number) * (facts as number), output: write === 'chain' ? (facts as number) + 1 : 1 }),
  make: (random, { people, facts, write, language }) => story(random, language as Language, people as number, facts as number, write as string),
  model: { kind: 'gruDot', embeddingDim: 32, hiddenSize: 64 },
  models: [{ kind: 'encoderDecoder', dModel: 64, numHeads: 4, numLayers: 2 }],
  recipe: { ...usual, steps: 2000 },
  metric: 'exact',
  goal: 0.98,
  picture: 'alignment',
  suggestions: [
    { text: { zh: '两步问题：物在谁手里，那人在哪里', en: 'Two facts: who has the thing, and where they are' }, values: { facts: 2 }, recipe: { steps: 1500 } },
    { text: { zh: '只写地点：少了中间一步，长时间只会猜', en: 'The place alone: without the step between, it guesses for long' }, values: { write: 'place' } },
  ],
};
