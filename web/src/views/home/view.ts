import type { View } from '../view.js';

export const view: View = {
  id: 'home',
  title: { zh: '首页', en: 'Home' },
  order: 1,
  load: () => import('./View.svelte'),
};
