/** The sentences that the page begins with, and what the core answers to them, so that both stand there before the core does. */
import type { Text } from '../../../documents/recipe.js';
import first from './first.json';

export { first };

export const starters: Record<keyof Text, { text: string; word: number }> = {
  zh: { text: '我爱喝茶，但不喝咖啡', word: 2 },
  en: { text: 'I love tea but she drinks coffee', word: 5 },
};
