/** How positions enter, and what they act on. */
import { cell, choice, number, place, whole } from '../../../state/properties.js';

export const kinds = ['none', 'sinusoidal', 'rotary', 'alibi', 'learned'] as const;
export const contents = ['alike', 'lab'] as const;
export const dims = ['4', '8', '16', '32', '64'] as const;
export const headCounts = ['1', '2', '4', '8'] as const;

export type Kind = (typeof kinds)[number];
export type Content = (typeof contents)[number];

export const LEAST = 4;
export const MOST = 64;

export const positions = {
  positions: choice(kinds, 'sinusoidal'),
  'positions.content': choice(contents, 'alike'),
  'positions.length': number(16, whole(LEAST, MOST)),
  'positions.dim': choice(dims, '16'),
  'positions.base': number(10000, (x) => x >= 2 && x <= 1e6),
  'positions.heads': choice(headCounts, '4'),
  /** Whose slope is shown, from 1. */
  'positions.head': number(1, whole(1, 8)),
  /** The pair that is locked. */
  'positions.cell': place(cell),
};
