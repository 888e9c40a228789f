/** What is said of a sentence. */
import type { Text } from '../../../../documents/recipe.js';
import type { features } from '../../../words/table.js';

/** All of them in the table; by character some Chinese words fall apart. `word`: whose attention is told first. */
export const starters: Record<keyof Text, { text: string; word: string }> = {
  zh: { text: '孩子喜欢甜苹果，但不喝热牛奶', word: '不' },
  en: { text: 'Children like sweet apples but never eat old bread', word: 'never' },
};

export const featureNames: Record<(typeof features)[number], Text> = {
  who: { zh: '人或动物', en: 'who' },
  act: { zh: '动作', en: 'act' },
  thing: { zh: '东西', en: 'thing' },
  place: { zh: '地方', en: 'place' },
  quality: { zh: '性质', en: 'quality' },
  not: { zh: '否定', en: 'not' },
};

export const t = {
  lead: { zh: '一句话里，谁看谁，看多少。', en: 'Who looks at whom in a sentence, and how much.' },
  sentence: { zh: '一句话', en: 'A sentence' },
  by: { zh: '中文按', en: 'Chinese by' },
  word: { zh: '词', en: 'word' },
  character: { zh: '字', en: 'character' },
  none: { zh: '无', en: 'none' },
  causal: { zh: '因果', en: 'causal' },
  lines: { zh: '左边查询，右边键；线越粗，权重越大。', en: 'Queries left, keys right; the wider a line, the larger its weight.' },
  matrix: { zh: '注意力权重：行是查询，列是键', en: 'Attention weights: rows are queries, columns keys' },
  features: { zh: '词的特征', en: 'The words’ features' },
  seeks: { zh: '“{word}”在找', en: '{word} seeks' },
  is: { zh: '“{word}”是', en: '{word} is' },
  products: { zh: '相乘', en: 'product' },
  byHand: {
    zh: '这些特征是手工设定的，没有从语料里学过；表里没有的词全是 0，只看远近。',
    en: 'The features are set by hand, nothing was learnt from text; a word that the table has not is all zeros, and goes by distance alone.',
  },
  unknown: { zh: '词表里没有：{words}。', en: 'Not in the table: {words}.' },
  hint: { zh: '指一个词或一格；点一下或按回车键选定。', en: 'Point at a word or a cell; click or press Enter to keep it.' },
  tooLong: { zh: '只取前 {most} 个词元。', en: 'Only the first {most} tokens are taken.' },
  empty: { zh: '写一句话，中文或英文都行。', en: 'Write a sentence, in Chinese or English.' },
} as const satisfies Record<string, Text>;
