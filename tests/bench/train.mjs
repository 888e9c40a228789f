#!/usr/bin/env node
// `npm run bench:train`: steps of training in Node, beside TensorFlow.js on its two backends.
//   --quick   --json FILE

import { parseArgs } from 'node:util';
import { buildModule, buildProbe } from '../../tools/build.mjs';
import { main, say } from '../../tools/lib/console.mjs';
import { atLeast, atMost, verdicts } from './lib/goals.mjs';
import { milliseconds, rowsTable, table, times, withRatios, writeJson } from './lib/report.mjs';
import { bundleTfjs, setupPeers } from './lib/setup.mjs';
import { startInNode } from './start-in-node.mjs';

const median = (result, name) => result.rows.find((row) => row.name === name)?.median;
const against = (peer) => (result) => median(result, peer) / median(result, `ours, ${result.simd}`);

const goals = [
  atLeast('GPT step vs tfjs-wasm', 8, 12, times, against('tfjs-wasm')),
  atLeast('GPT step vs tfjs-cpu', 45, 70, times, against('tfjs-cpu')),
  atMost('backward ÷ forward', 3.2, 2.6, times, ({ halves }) => halves.backward / halves.forward),
  atMost('growth of the heap over the steps, bytes', 0, 0, String, ({ heap }) => heap.after.heap - heap.before.heap),
];

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

await main(import.meta, async () => {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } } });
  await buildModule();
  await buildProbe();
  await setupPeers();
  await bundleTfjs('node');
  const measured = await startInNode({ kind: 'train', rounds: values.quick ? 5 : 15 }, (line) => say(`  ${line}`));
  const result = { environment: `Node ${process.versions.node}`, ...measured, rows: withRatios(measured.rows, measured.peaks.best) };

  say(`\n${result.environment}, 1 thread, peak ${result.peaks.best.toFixed(1)} GFLOP/s.\n\n${rowsTable(result.rows)}`);
  const { halves, heap, transformer } = result;
  say(`\nOf a step of ours, ${result.simd}: ${Object.entries(halves).map(([part, ms]) => `${part} ${milliseconds(ms)} ms`).join(', ')}.`);
  say(`Heap after 5 steps ${megabytes(heap.before.heap)}, after ${heap.steps} ${megabytes(heap.after.heap)}; of it tensors ${megabytes(heap.before.tensors)} and ${megabytes(heap.after.tensors)}.`);
  say(`E5, ${(transformer.parameters / 1e6).toFixed(1)} million parameters: forward ${milliseconds(transformer.forward)} ms, backward ${milliseconds(transformer.backward)} ms, ` +
    `Adam ${milliseconds(transformer.optimizer)} ms; heap at most ${megabytes(transformer.heap)}.`);
  say(`\n${table(['goal', 'verdict', 'must', 'stretch', 'measured'], verdicts(result, goals))}`);
  if (values.json) writeJson(values.json, result);
});
