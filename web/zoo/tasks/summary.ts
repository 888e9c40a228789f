import { usual, type Task } from '../task.js';

/** Slots are capital letters; those of KEPT are what a sentence is about, all else says how and when. */
const WORDS = {
  en: {
    N: ['fox', 'girl', 'farmer', 'doctor', 'cat', 'king', 'teacher', 'sailor'], V: ['sees', 'finds', 'sells', 'paints', 'hides', 'brings', 'breaks', 'loses'],
    O: ['bread', 'ring', 'letter', 'horse', 'lamp', 'apple', 'coat', 'book'], P: ['village', 'forest', 'market', 'harbour', 'school', 'castle'],
    A: ['old', 'little', 'very old', 'rather quiet', 'kind', 'well known'], D: ['quickly', 'at last', 'as we heard', 'now and then', 'to our surprise'],
    T: ['yesterday', 'one day', 'in the morning', 'before it was dark'],
  },
  zh: {
    N: ['狐狸', '女孩', '农夫', '医生', '猫', '国王', '老师', '水手'], V: ['看见', '找到', '卖掉', '画了', '藏起', '带来', '打破', '丢了'],
    O: ['面包', '戒指', '信', '马', '灯', '苹果', '外套', '书'], P: ['村庄', '森林', '市场', '港口', '学校', '城堡'],
    A: ['年老 的', '小小 的', '非常 安静 的', '善良 的', '有名 的'], D: ['很快', '终于', '听说', '偶尔', '竟然'],
    T: ['昨天', '有 一 天', '清早', '天 黑 之前'],
  },
} as const;
const PATTERNS = {
  en: ['T the A N D V a O', 'the N from the P V D the A O', 'D the A N V the O in the P', 'T D a N V the O', 'a N V the A O T', 'in the P the A N V D a O T'],
  zh: ['T A N D V 一 个 O', '在 P 里 N D V O', '那 个 A N D 在 P V 一 个 A O', 'T N D V 那 个 O', 'D A N 把 O V', 'T P 的 A N V A O'],
} as const;
type Language = keyof typeof WORDS;
const KEPT = 'NVOP';

export const summary: Task = {
  id: 'summary',
  title: { zh: '摘要', en: 'Summary' },
  about: { zh: '只留下一句话里的关键词，次序不变。', en: 'Keep the key words of a sentence, in their order.' },
  look: {
    zh: '交叉注意力跳过虚词和修饰语，逐个落在关键词上。',
    en: 'Cross-attention passes over small words and ornaments and falls on one key word after the other.',
  },
  form: 'answer',
  parameters: [{
    id: 'language', name: { zh: '语言', en: 'Language' }, default: 'both',
    choices: [{ id: 'both', name: { zh: '中英文', en: 'both' } }, { id: 'en', name: { zh: '英文', en: 'English' } }, { id: 'zh', name: { zh: '中文', en: 'Chinese' } }],
  }],
  symbols: () => [...new Set((['en', 'zh'] as const).flatMap((language) => [
    ...Object.values(WORDS[language]).flat().flatMap((word) => word.split(' ')),
    ...PATTERNS[language].flatMap((pattern) => pattern.split(' ').filter((word) => !(word in WORDS[language]))),
  ]))],
  longest: () => ({ input: 24, output: 4 }),
  make(random, { language }) {
    const chosen = language === 'both' ? random.pick(['en', 'zh'] as const) : (language as Language);
    const words = WORDS[chosen];
    const input: string[] = [], output: string[] = [];
    for (const slot of random.pick(PATTERNS[chosen]).split(' ')) {
      const drawn = slot in words ? random.pick(words[slot as keyof typeof words]).split(' ') : [slot];
      input.push(...drawn);
      if (KEPT.includes(slot)) output.push(...drawn);
    }
    return { input, output };
  },
  model: { kind: 'encoderDecoder', dModel: 64, numHeads: 4, numLayers: 1 },
  recipe: { ...usual, lr: 3e-3, steps: 400 },
  metric: 'exact',
  goal: 0.95,
  picture: 'alignment',
  suggestions: [
    { text: { zh: '换成 GRU 与 Luong 注意力', en: 'A GRU with Luong’s attention instead' }, model: { kind: 'gruDot', embeddingDim: 32, hiddenSize: 64 } },
    { text: { zh: '只学中文', en: 'Chinese alone' }, values: { language: 'zh' } },
  ],
};
