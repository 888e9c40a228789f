/** What the core answers to the sentences that the page begins with, so that they stand there before the core does. */
import { pick } from '../../text.js';
import first from './first.json';
import { t } from './text.js';

export { first };

/** The key that gets most of a query's weights. */
export const most = (row: number[]) => row.reduce((best, w, i) => (w > row[best]! ? i : best), 0);

/** “drinks” gives 45% of its attention to “coffee”. */
export function told(language: keyof typeof first, words: string[], weights: number[][], query: number): string {
  const row = weights[query]!;
  const key = most(row);
  return pick(t.gives, language, { query: words[query]!, key: words[key]!, share: `${Math.round(100 * row[key]!)}%` });
}
