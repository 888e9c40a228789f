/** What was measured, as the reader's language writes it. */
import type { Gap } from '../../../documents/experiments/experiment.js';
import { format, share } from '../../format.js';
import { say } from '../../state/page.svelte.js';
import { t } from './text.js';

/** Two digits and a bit: 0.26, 3.1, 42. */
const short = (x: number) => format(x, x < 1 ? 2 : x < 10 ? 1 : 0);
/** Four digits, which is more than an experiment is sure of. */
const digits = (x: number) => format(x, Math.max(0, 3 - Math.max(0, Math.floor(Math.log10(Math.abs(x) || 1)))));
const grouped = new Intl.NumberFormat('en-US');

export const inSeconds = (x: number) => say(t.seconds, { n: short(x) });
export const inBytes = (x: number) => (x < 1e6 ? say(t.kilobytes, { n: short(x / 1e3) }) : say(t.megabytes, { n: short(x / 1e6) }));
export const counted = (n: number) => grouped.format(n);

export function written(gap: Gap): string {
  if (typeof gap === 'string') return gap;
  if (!('raw' in gap)) return say(gap);
  const { raw, as } = gap;
  return as === 'count' ? counted(raw) : as === 'share' ? share(raw) : as === 'seconds' ? inSeconds(raw) : as === 'bytes' ? inBytes(raw) : digits(raw);
}
