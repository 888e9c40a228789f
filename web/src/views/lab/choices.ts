/** What the lab offers to choose from, by the core's own names. */
import type { Normalizer, Score } from 'attention-playground';

export const modes = ['equation', 'compare', 'positions', 'words'] as const;
export const sources = ['qkv', 'x'] as const;
export const scores = ['scaledDot', 'dot', 'sqrtNorm', 'cosine', 'general', 'additive', 'location'] as const satisfies readonly Score[];
export const normalizers = ['softmax', 'sum', 'doubleSoftmax', 'sparsemax'] as const satisfies readonly Normalizer[];
export const masks = ['none', 'causal', 'window', 'padding', 'free'] as const;

export type { Normalizer, Score };
export type Mode = (typeof modes)[number];
export type Source = (typeof sources)[number];
export type MaskKind = (typeof masks)[number];
