import type { View } from '../view.js';

export const view: View = {
  id: 'lab',
  title: { zh: '实验室', en: 'Lab' },
  order: 3,
  door: { zh: '用你自己的数：改任何一格，每一步立刻重算。', en: 'Your own numbers: change any cell, and every step follows.' },
  load: () => import('./View.svelte'),
};
