// Turns measurements into the table that is printed (Markdown, so that it can be pasted) and the JSON that is kept.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * rows: what `interleave` gives, with { case, causal, flops, threads, role }, where role is 'ours', 'peer' or 'control'.
 * peak: the GFLOP/s of as many threads, where a row does not bring its own. Adds gflops, shareOfPeak and, for our own rows, ratios: how many times as long
 * each peer takes on that case.
 */
export function withRatios(rows, peak) {
  return rows.map((row) => {
    const peers = row.role === 'ours' ? rows.filter((other) => other.role === 'peer' && other.case === row.case && other.threads === row.threads) : [];
    const gflops = row.flops ? row.flops / row.median / 1e6 : undefined;
    return {
      ...row,
      gflops,
      shareOfPeak: gflops && (row.peak ?? peak) ? gflops / (row.peak ?? peak) : undefined,
      ratios: Object.fromEntries(peers.map((peer) => [peer.name, peer.median / row.median])),
    };
  });
}

const round = (x) => x.toPrecision(3).replace(/e\+?(-?\d+)/, (_, power) => `·10^${power}`);
export const milliseconds = (x) => (x >= 100 ? x.toFixed(0) : round(x));
export const percent = (x) => `${(100 * x).toFixed(0)}%`;
export const times = (x) => `${x.toFixed(2)}×`;

/** One line for each row; a column of ratios for each peer. */
export function rowsTable(rows) {
  const peers = [...new Set(rows.filter(({ role }) => role === 'peer').map(({ name }) => name))];
  const titles = ['case', 'contestant', 'ms', 'quartiles', 'GFLOP/s', 'of peak', ...peers.map((name) => `${name} ÷ it`), 'note'];
  return table(titles, rows.map((row) => [
    row.case,
    row.name,
    milliseconds(row.median),
    `${milliseconds(row.low)} – ${milliseconds(row.high)}`,
    row.gflops ? `${row.gflops.toFixed(1)}${row.causal ? ' (full)' : ''}` : '',
    row.shareOfPeak ? percent(row.shareOfPeak) : '',
    ...peers.map((name) => (name in row.ratios ? times(row.ratios[name]) : '')),
    row.note ?? '',
  ]));
}

/** A Markdown table whose columns also line up on a terminal; the first two are words, the others numbers. */
export function table(titles, lines, words = 2) {
  const widths = titles.map((title, i) => Math.max(title.length, ...lines.map((cells) => cells[i].length)));
  const isText = (i) => i < words || titles[i] === 'note';
  const line = (cells) => `| ${cells.map((cell, i) => (isText(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (isText(i) ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(titles), rule, ...lines.map(line)].join('\n');
}

export function writeJson(file, value) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 1)}\n`);
}
