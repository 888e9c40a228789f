import type { Random } from '../rng.js';
import { usual, type Task } from '../task.js';

/**
 * Words by slot; a judgement's first list is good, its second bad. Templates hold no other words than slots and those of
 * FUNCTION, so that each of them stands with both labels, and a template that is held out has no word of its own.
 */
const WORDS = {
  en: {
    T: ['film', 'book', 'meal', 'song', 'trip', 'hotel'],
    P: ['we', 'they', 'my friends', 'people', 'the children', 'you'],
    V: ['really', 'quite', 'truly', 'very'],
    J: [['good', 'lovely', 'wonderful', 'charming', 'great'], ['bad', 'dull', 'awful', 'boring', 'poor']],
    L: [['love', 'enjoy', 'praise'], ['hate', 'regret', 'avoid']],
  },
  zh: {
    T: ['电影', '书', '菜', '歌', '旅馆', '地方'],
    P: ['我们', '他们', '大家', '朋友', '孩子', '客人'],
    V: ['真', '很', '非常', '特别'],
    J: [['好', '精彩', '迷人', '出色', '有趣'], ['差', '无聊', '糟糕', '难受', '失望']],
    L: [['喜欢', '称赞', '想念'], ['讨厌', '后悔', '抱怨']],
  },
} as const;
const TEMPLATES = {
  en: [
    'the T is V J', 'the T was J', 'what a J T this is', 'P think that the T is J', 'P said the T was V J', 'this T is J , P said',
    'P L the T', 'P L this T', 'it was a V J T', 'a J T , P think', 'P V L the T', 'the T , P said , was V J', 'this is a V J T',
    'J , the T is V J', 'P said P L this T', 'P think it is a J T', 'what a V J T', 'the T is J and V J', 'this T , it is J', 'P L it , the T is J',
    'the T is N J', 'this T was N V J', 'P think the T is N J', 'it is N a J T', 'P said the T was N J', 'N a J T , P think',
  ],
  zh: [
    '这 T V J', '那 T J', '这 是 一 个 V J 的 T', 'P 觉得 T V J', 'P 说 这 T J', 'T 是 J 的 ， P 说', 'P L 这 T', 'P 都 L 那 T', 'P V L T', '一 个 V J 的 T',
    '这 T ， P 觉得 J', 'P 说 P L 这 T', 'V J 的 T', 'P 觉得 这 是 J 的 T', 'T J ， V J', '那 T ， 都 说 V J', 'P L 的 是 这 T', 'P 觉得 那 T 是 V J 的', '这 T 都 J', 'P 说 T V J',
    '这 T N J', 'P 觉得 T N J', '那 T N V J', 'P 说 这 T N J', 'T 是 N J 的', '这 N 是 J 的 T',
  ],
} as const;
const NOT = { en: 'not', zh: '不' } as const;
type Language = keyof typeof WORDS;
const LANGUAGES = ['en', 'zh'] as const;

function fill(random: Random, language: Language, template: string, good: boolean): string[] {
  const words = WORDS[language];
  const denied = template.split(' ').includes('N');
  return template.split(' ').flatMap((slot) => {
    if (slot === 'N') return [NOT[language]];
    if (slot === 'J' || slot === 'L') return random.pick(words[slot][good === denied ? 1 : 0]!).split(' ');
    return slot in words ? random.pick(words[slot as 'T' | 'P' | 'V']).split(' ') : [slot];
  });
}

const symbols = [...new Set(LANGUAGES.flatMap((language) => [
  NOT[language],
  ...Object.values(WORDS[language]).flat(2).flatMap((word) => word.split(' ')),
  ...TEMPLATES[language].flatMap((template) => template.split(' ').filter((word) => word !== 'N' && !(word in WORDS[language]))),
]))];

export const sentiment: Task = {
  id: 'sentiment',
  title: { zh: '情感', en: 'Sentiment' },
  about: { zh: '判断一句中文或英文是夸是贬；有几种句式从未见过。', en: 'Tell praise from blame in English and Chinese; some patterns of sentences were never seen.' },
  look: {
    zh: '汇总时的权重落在褒贬词上；遇到“不”，它也得到权重。',
    en: 'The weights of pooling fall on the word that judges, and on “not” where it turns it round.',
  },
  form: 'class',
  classes: ['good', 'bad'],
  parameters: [{
    id: 'language', name: { zh: '语言', en: 'Language' }, default: 'both',
    choices: [{ id: 'both', name: { zh: '中英文', en: 'both' } }, { id: 'en', name: { zh: '英文', en: 'English' } }, { id: 'zh', name: { zh: '中文', en: 'Chinese' } }],
  }],
  symbols: () => symbols,
  longest: () => ({ input: 14, output: 1 }),
  make(random, { language }) {
    const chosen = language === 'both' ? random.pick(LANGUAGES) : (language as Language);
    const template = random.pick(TEMPLATES[chosen]), good = random.below(2) === 0;
    return { input: fill(random, chosen, template, good), output: [good ? 'good' : 'bad'], key: template };
  },
  model: { kind: 'encoder', dModel: 32, numHeads: 2, numLayers: 1, positions: 'none', pooling: 'attention', dropout: 0.1 },
  recipe: { ...usual, steps: 300 },
  metric: 'exact',
  goal: 0.95,
  picture: 'pooling',
  suggestions: [
    { text: { zh: '用均值汇总：没有权重可看', en: 'Pool by the mean: no weights to look at' }, model: { pooling: 'mean' } },
    { text: { zh: '只学中文', en: 'Chinese alone' }, values: { language: 'zh' } },
  ],
};
