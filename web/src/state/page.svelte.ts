/** What concerns the whole page, language and theme; and what is said in that language. */
import type { Text } from '../../documents/recipe.js';
import { pick } from '../text.js';
import { defineState } from './define.svelte.js';
import { choice, place } from './properties.js';

export const themes = ['auto', 'light', 'dark'] as const;
export const languages = ['zh', 'en'] as const;

export type Language = (typeof languages)[number];

const browserLanguage = (): Language => (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');

export const page = defineState('', {
  lang: place(choice(languages, browserLanguage())),
  theme: place(choice(themes, 'auto')),
});

/** The text in the reader's language, `{gaps}` filled. */
export const say = (text: Text, values: Record<string, string | number> = {}) =>
  pick(text, page.current.lang, values);
