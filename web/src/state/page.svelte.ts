/** What concerns the whole page: language, theme, the way it is shown; and what is said in that language. */
import type { Text } from '../../documents/recipe.js';
import { pick } from '../text.js';
import { defineState } from './define.svelte.js';
import { choice, flag, place } from './properties.js';

export const themes = ['auto', 'light', 'dark'] as const;
export const languages = ['zh', 'en'] as const;

export type Language = (typeof languages)[number];

const browserLanguage = (): Language => (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');

export const page = defineState('', {
  lang: place(choice(languages, browserLanguage())),
  theme: place(choice(themes, 'auto')),
  /** Shown to a class: large, without what stands around a view. */
  present: place(flag),
});

/** Shown within another page: a view alone. It is no state, for it cannot change, and links within stay within. */
export const embedded = new URLSearchParams(location.search).has('embed');

/** The text in the reader's language, `{gaps}` filled. */
export const say = (text: Text, values: Record<string, string | number> = {}) =>
  pick(text, page.current.lang, values);

/** A name and what it names: 掩码：因果 */
export const labelled = (name: string, what: string) => say({ zh: '{name}：{what}', en: '{name}: {what}' }, { name, what });
