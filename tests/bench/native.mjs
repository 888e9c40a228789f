#!/usr/bin/env node
// `npm run bench:native`: the native core beside onnxruntime-node, on the same inputs and threads, in turns, with outputs
// compared. Prints Markdown tables; keeps everything in build/bench/native.json.
//   --only gemm,attention   these parts     --threads 1,2   these numbers of threads     --quick   small sizes, few rounds

import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { buildBenchmark } from '../../tools/build.mjs';
import { main, Problem, say, seconds } from '../../tools/lib/console.mjs';
import { fromRoot } from '../../tools/lib/paths.mjs';
import { table, writeJson } from './lib/report.mjs';
import { setupPeers } from './lib/setup.mjs';
import { nativeVerdicts } from './native/goals.mjs';
import { instructionSets } from './native/program.mjs';

/** What was asked for, checked before anything is built. */
function choices(known) {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, threads: { type: 'string' }, quick: { type: 'boolean' }, verbose: { type: 'boolean' } },
  });
  const only = values.only?.split(',') ?? known;
  const unknown = only.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Problem(`Unknown: ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  const threads = values.threads?.split(',').map(Number) ?? [...new Set([1, availableParallelism()])];
  if (!threads.every((n) => Number.isInteger(n) && n >= 1)) throw new Problem('--threads takes numbers: --threads 1,2');
  return { only, threads, quick: values.quick ?? false };
}

const partNames = ['gemm', 'gemv', 'attention', 'decode', 'backward', 'tiled', 'scaling', 'memory', 'pool'];

await main(import.meta, async () => {
  const { only, threads, quick } = choices(partNames);
  await setupPeers();
  await buildBenchmark();
  const { machine, parts } = await import('./native/parts.mjs'); // only there after the set-up
  const sets = await instructionSets();
  const context = { sets, threads, quick, rounds: quick ? 5 : 15, seconds: quick ? 0.02 : 0.05 };
  const report = { processor: cpus()[0].model, processors: availableParallelism(), node: process.version, ...context };
  say(`${report.processor}, ${report.processors} processors; ${sets.join(', ')}; medians of ${context.rounds} rounds`);
  const begin = performance.now();
  for (const [name, part] of Object.entries({ machine, ...parts })) {
    if (name !== 'machine' && !only.includes(name)) continue;
    const { tables, results } = await part(context);
    for (const { title, text } of tables) say(`\n## ${title}\n\n${text}`);
    report[name] = results;
    writeJson(fromRoot('build', 'bench', 'native.json'), report);
  }
  const verdicts = nativeVerdicts(report);
  const titles = ['goal', 'verdict', 'must', 'stretch', 'measured'];
  if (verdicts.length > 0) say(`\n## Goals\n\n${table(titles, verdicts)}`);
  say(`\nbuild/bench/native.json has it all (${seconds(begin)}).`);
});
