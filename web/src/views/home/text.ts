import type { Text } from '../../../documents/recipe.js';
import { t as shared } from '../../components/text.js';

export const t = {
  lead: { zh: '注意力：每个词看向别的词，看多少，用数字说。', en: 'Attention: every word looks at the others, and numbers say how much.' },
  sentence: { zh: '一句话', en: 'A sentence' },
  hint: { zh: '点一个词，看它看向谁；改句子、温度或掩码，图立刻跟着变。', en: 'Tap a word to see what it looks at; change the sentence, the temperature or the mask, and the picture follows.' },
  byHand: {
    zh: '这里的词向量很小，是手工设定的：每个词是什么、在找什么；离得越远，分数越低。没有从语料里学过。',
    en: 'The embeddings are small and set by hand: what each word is, and what it looks for; the farther, the lower the score. Nothing was learnt from text.',
  },
  temperature: shared.temperature,
  mask: shared.mask,
  none: shared.none,
  causal: { zh: '因果（只看前面）', en: 'causal (only back)' },
  picture: { zh: '上面一行是查询，下面一行是键；线越粗，权重越大。', en: 'Queries above, keys below; the wider a line, the larger its weight.' },
  tooLong: { zh: '只取前 {most} 个词。', en: 'Only the first {most} words are taken.' },
  empty: { zh: '写一句话，中文或英文都行。', en: 'Write a sentence, in Chinese or English.' },
} as const satisfies Record<string, Text>;
