/** The steps, in order, and what can be changed in each: one of a few words, or a number. */
export const stepIds = ['qkv', 'scores', 'scale', 'softmax', 'sum', 'cross', 'mask', 'heads', 'positions', 'cost'] as const;
export type StepId = (typeof stepIds)[number];

export interface Range { least: number; most: number; start: number; whole: boolean }
export type Control = { options: readonly string[] } | Range;

export const controls: Record<StepId, Control> = {
  qkv: { options: ['three', 'one'] },
  scores: { options: ['drink', 'hot', 'nothing'] },
  scale: { least: 1, most: 512, start: 64, whole: true },
  softmax: { least: 0.1, most: 10, start: 1, whole: false },
  sum: { options: ['1', '2', '3', '4'] },
  cross: { options: ['self', 'cross'] },
  mask: { options: ['none', 'causal', 'padding'] },
  heads: { options: ['1', '2'] },
  positions: { options: ['none', 'sinusoidal', 'alibi'] },
  cost: { least: 16, most: 2048, start: 256, whole: true },
};
