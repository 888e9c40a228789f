// What `npm run bench` and `npm run bench:browser` have in common: the options, what is built first, which parts run one
// after another, and what is printed of them.

import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { buildModule, buildProbe } from '../../tools/build.mjs';
import { Problem, say, seconds } from '../../tools/lib/console.mjs';
import { fromRoot, root } from '../../tools/lib/paths.mjs';
import { groups } from './lib/cases.mjs';
import { isUndisturbed, verdicts } from './lib/goals.mjs';
import { milliseconds, percent, rowsTable, table, times, withRatios, writeJson } from './lib/report.mjs';
import { setupPeers } from './lib/setup.mjs';

const compared = Object.keys(groups);
const everything = [...compared, 'memory', 'scaling'];

/** --only a,b   --threads 1,2   --quick   --json FILE (a list, one entry for each environment)   and those of `more`. */
export function readOptions(more = {}) {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: everything.join() },
      threads: { type: 'string', default: '1,2' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      verbose: { type: 'boolean' },
      ...more,
    },
  });
  const only = values.only.split(',');
  const unknown = only.filter((name) => !everything.includes(name));
  if (unknown.length > 0) throw new Problem(`Unknown: ${unknown.join(', ')}. There are: ${everything.join(', ')}.`);
  const threads = values.threads.split(',').map(Number);
  if (!threads.every((count) => Number.isInteger(count) && count > 0)) throw new Problem(`--threads takes whole numbers such as 1,2, not ${values.threads}.`);
  return { ...values, only, threads, rounds: values.quick ? 5 : 15, longest: values.quick ? 8192 : 16384 };
}

export async function prepare() {
  await buildModule();
  await buildProbe();
  await setupPeers();
}

/**
 * start(part, tell): runs one part, { kind, ...settings }, in a process or page of its own, since the peers take their
 * number of threads once and for all. Prints, writes and returns everything.
 */
export async function drive(environment, options, start) {
  const begin = performance.now();
  say(`\n── ${environment} ──`);
  const result = { environment, date: new Date().toISOString(), quick: options.quick, rounds: options.rounds, compared: [] };
  const tell = (line) => say(`  ${line}`);
  const only = options.only.filter((name) => compared.includes(name));
  if (only.length > 0) {
    for (const threads of options.threads) {
      const part = await start({ kind: 'compare', threads, only, rounds: options.rounds }, tell);
      result.compared.push({ ...part, rows: withRatios(part.rows, part.peaks.best) });
      showCompared(result.compared.at(-1));
    }
  }
  const most = Math.max(...options.threads);
  if (options.only.includes('scaling') && most > 1) {
    result.scaling = await start({ kind: 'scaling', threads: most, rounds: options.rounds }, tell);
    showScaling(result.scaling);
  }
  if (options.only.includes('memory')) {
    result.memory = await start({ kind: 'memory', longest: options.longest }, tell);
    showMemory(result.memory);
  }
  showGoals(result);
  const file = fromRoot('build', 'bench', `${environment.toLowerCase().replace(/[^a-z0-9.]+/g, '-')}.json`);
  writeJson(file, result);
  say(`\n${relative(root, file)} (${seconds(begin)})`);
  return result;
}

function showCompared({ threads, peaks, rows, absent, without }) {
  const each = ['relaxed', 'fixed'].filter((simd) => simd in peaks).map((simd) => `${peaks[simd].toFixed(1)} GFLOP/s ${simd}`);
  say(`\nThreads: ${threads}. Peak: ${each.join(', ')}; triad ${peaks.bandwidth.toFixed(1)} GB/s.`);
  for (const [name, reason] of Object.entries(absent)) say(`Without ${name}: ${reason}.`);
  for (const title of new Set(without.map(({ name, reason }) => `${name} (${reason})`))) {
    const cases = without.filter(({ name, reason }) => title === `${name} (${reason})`).map((one) => one.case);
    say(`Without ${title}: ${cases.join(', ')}.`);
  }
  say(`\n${rowsTable(rows)}`);
}

function showScaling({ threads, simd, rows }) {
  say(`\nThread scaling, ${simd}, beside a loop of multiply-adds on as many threads.\n`);
  say(table(['case', '1 thread, ms', `${threads} threads, ms`, 'faster', 'control', 'share'], rows.map((row) =>
    [row.case, milliseconds(row.one), milliseconds(row.many), times(row.speedup), times(row.control), percent(row.share)]), 1));
  if (!isUndisturbed({ threads, rows })) say('\nThe control itself did not scale: other programs had the cores, and this says nothing of ours.');
}

function showMemory({ simd, rows }) {
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  say(`\nMemory of one fused forward pass, ${simd}, 1 thread.\n`);
  say(table(['case', 'ms', 'inputs', 'output', 'extra, output included', 'whole heap'], rows.map((row) =>
    [row.case, milliseconds(row.ms), ...[row.inputs, row.output, row.extra, row.heap].map(megabytes)]), 1));
}

function showGoals(result) {
  const lines = verdicts(result);
  if (lines.length > 0) say(`\n${table(['goal', 'verdict', 'must', 'stretch', 'measured'], lines)}`);
}
