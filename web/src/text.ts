/** What a sentence says in a language, `{gaps}` filled. */
import type { Text } from '../documents/recipe.js';

export const pick = (text: Text, language: keyof Text, values: Record<string, string | number> = {}) =>
  text[language].replace(/\{(\w+)\}/g, (gap, name: string) => String(values[name] ?? gap));
