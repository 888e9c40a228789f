/** A word's attention in a sentence. */
import type { Text } from '../../documents/recipe.js';
import { pick } from '../text.js';

const t = {
  gives: { zh: '“{query}”把 {share} 的注意力给了“{key}”。', en: '“{query}” gives {share} of its attention to “{key}”.' },
  even: { zh: '词表里没有“{query}”：它什么也不找，只看远近。', en: 'The table has no “{query}”: it looks for nothing, and goes by distance alone.' },
} as const satisfies Record<string, Text>;

/** The key that gets most of a query's weights. */
export const most = (row: number[]) => row.reduce((best, w, i) => (w > row[best]! ? i : best), 0);

/** “drinks” gives 45% of its attention to “coffee”. */
export const told = (language: keyof Text, words: string[], weights: number[][], query: number, key = most(weights[query]!)): string =>
  pick(t.gives, language, { query: words[query]!, key: words[key]!, share: `${Math.round(100 * weights[query]![key]!)}%` });

/** Why a word that the table has not looks where it looks. */
export const toldOfUnknown = (language: keyof Text, query: string) => pick(t.even, language, { query });
