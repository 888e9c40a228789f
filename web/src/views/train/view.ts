import type { View } from '../view.js';

export const view: View = {
  id: 'train',
  title: { zh: '训练', en: 'Train' },
  order: 4,
  door: { zh: '按下播放，看一个小模型学会注意；再换任务、模型和数据。', en: 'Press play and watch a small model learn to attend; then change task, model and data.' },
  load: () => import('./View.svelte'),
};
