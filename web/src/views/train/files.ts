/** What of a run leaves the page: its curves as CSV, all of it as JSON. */
import { csvFormatRows } from 'd3-dsv';
import { taskOf } from '../../../zoo/index.js';
import type { Settings } from '../../../zoo/task.js';
import type { History } from './chunks.js';

/** Training and held-out curves in one table, empty where one has no value. */
export function csvOf(settings: Settings, { train, held }: History): string {
  const measured = taskOf(settings.task).headMeasure !== undefined;
  const rows = new Map<number, string[]>();
  const row = (x: number) => rows.get(x) ?? rows.set(x, Array<string>(measured ? 5 : 4).fill('')).get(x)!;
  train.xs.forEach((x, i) => { [row(x)[0], row(x)[1]] = train.ys[i]!.map(String) as [string, string]; });
  held.xs.forEach((x, i) => held.ys[i]!.forEach((y, k) => { row(x)[2 + k] = String(y); }));
  return csvFormatRows([
    ['step', 'loss', 'gradient norm', 'held-out loss', settings.task === 'text' ? 'gained' : 'metric', ...(measured ? ['head measure'] : [])],
    ...[...rows].sort(([a], [b]) => a - b).map(([x, values]) => [String(x), ...values]),
  ]);
}

export const jsonOf = (settings: Settings, parameters: number, link: string, { train, held, ...history }: History): string => JSON.stringify({
  link, settings, parameters, ...history,
  train: { step: train.xs, loss: train.ys.map(([loss]) => loss), gradientNorm: train.ys.map(([, norm]) => norm) },
  held: { step: held.xs, loss: held.ys.map(([loss]) => loss), metric: held.ys.map(([, metric]) => metric), headMeasure: held.ys.map(([, , measure]) => measure ?? null) },
}, null, 1);
