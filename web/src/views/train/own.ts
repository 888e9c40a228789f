/** What the reader typed or drew, as the address holds it and as the model reads it. */
import { tokensOf, UnknownToken } from '../../../zoo/typed.js';
import type { Task, Values } from '../../../zoo/task.js';
import type { Own } from './chunks.js';

/** Seventeen shades as letters, as the data has them. */
export const pixelsText = (pixels: readonly number[]) => pixels.map((x) => String.fromCharCode(97 + Math.round(16 * x))).join('');
export const pixelsOfText = (text: string) => (/^[a-q]{64}$/.test(text) ? [...text].map((letter) => (letter.charCodeAt(0) - 97) / 16) : null);

export type Reading = { own: Own | null } | { unknown: string } | { count: number; most: number };

export function readOwn(task: Task, values: Values, text: string): Reading {
  if (task.form === 'image') {
    const pixels = pixelsOfText(text);
    return { own: pixels && { input: [], pixels } };
  }
  if (text.trim() === '') return { own: null };
  try {
    const input = tokensOf(task, values, text);
    const most = task.metric === 'gained' ? task.longest(values).output - 1 : task.longest(values).input;
    return input.length > most ? { count: input.length, most } : { own: { input } };
  } catch (error) {
    if (error instanceof UnknownToken) return { unknown: error.token };
    throw error;
  }
}
