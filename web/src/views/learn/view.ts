import type { View } from '../view.js';

export const view: View = {
  id: 'learn',
  title: { zh: '学习', en: 'Learn' },
  order: 2,
  door: { zh: '十步，每步一屏：从词到注意力，再到它的代价。', en: 'Ten steps, a screen each: from words to attention, and what it costs.' },
  load: () => import('./View.svelte'),
};
