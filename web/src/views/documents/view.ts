import type { View } from '../view.js';

export const view: View = {
  id: 'documents',
  title: { zh: '文档', en: 'Documents' },
  order: 6,
  door: { zh: '五篇教程的每个算例重新算一遍，对的和错的都摆出来。', en: 'Every worked example of five tutorials, run again: what is right in them and what is not.' },
  load: () => import('./View.svelte'),
  // Links from before there were other views name none.
  owns: (part) => /^(doc-\w+$|[A-E]\d\.\w+=)/.test(part),
};
