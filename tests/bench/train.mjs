#!/usr/bin/env node
// `npm run bench:train`: steps of training in Node. Whole steps of several sizes beside native PyTorch and our native core;
// then a small GPT beside TensorFlow.js on its two backends, what a step consists of, and its memory.
//   --only toy   these sizes alone, by how their names begin     --quick   --json FILE

import { parseArgs } from 'node:util';
import { buildBenchmark, buildModule, buildProbe } from '../../tools/build.mjs';
import { main, say } from '../../tools/lib/console.mjs';
import { setupTorch } from '../../tools/toolchain/torch.mjs';
import { atLeast, atMost, verdicts } from './lib/goals.mjs';
import { milliseconds, percent, rowsTable, table, times, withRatios, writeJson } from './lib/report.mjs';
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

/** Whether the loop of multiply-adds itself was faster on two threads: where not, other programs had the cores. */
const scales = ({ peaks: { module } }) => module[2] >= 0.8 * 2 * module[1];

const stepGoals = ['toy 32', 'toy 64'].flatMap((size) => {
  const row = ({ rows }, fits) => rows.find((one) => one.case === size && fits(one));
  const ours = (result, threads) => row(result, ({ name, threads: n }) => name.startsWith(`ours, ${result.simd}`) && n === threads);
  const torch = (result) => row(result, ({ role }) => role === 'peer');
  return [
    atLeast(`${size} vs PyTorch, one thread each`, 1, 2, times, (result) => ours(result, 1) && torch(result).median / ours(result, 1).median),
    atLeast(`${size}, of peak`, 0.45, 0.55, percent, (result) => ours(result, 1)?.shareOfPeak),
    atLeast(`${size}, 2 threads vs 1`, 1.8, 1.95, times, (result) =>
      (ours(result, 1) && scales(result) ? ours(result, 1).median / ours(result, 2).median : undefined)),
  ];
});

async function measureSteps({ only, rounds }) {
  const python = await setupTorch();
  await buildBenchmark();
  const measured = await startInNode({ kind: 'steps', python, only, rounds }, (line) => say(`  ${line}`));
  const result = { ...measured, rows: withRatios(measured.rows) };
  const { peaks, torch, set, simd, rows } = result;
  const sizes = new Map(rows.map((row) => [row.case, row]));
  say(`\nSteps with AdamW and clipping. Peak: ${peaks.module.slice(1).map((peak, i) => `${peak.toFixed(1)} GFLOP/s ${simd} on ${i + 1}`).join(', ')}, ${peaks.native.toFixed(0)} native (${set}).`);
  say(`PyTorch ${torch.version} multiplies 512³ at ${torch.gflops.toFixed(0)} GFLOP/s. ${[...sizes].map(([name, { parameters }]) => `${name}: ${parameters} parameters`).join('; ')}.\n\n${rowsTable(rows)}`);
  const lines = verdicts(result, stepGoals);
  if (lines.length > 0) say(`\n${table(['goal', 'verdict', 'must', 'stretch', 'measured'], lines)}\n`);
  if (!scales(result)) say('The control itself did not scale: other programs had the cores, and two threads say nothing of ours.\n');
  return result;
}

async function measureSmallGpt(rounds) {
  await setupPeers();
  await bundleTfjs('node');
  const measured = await startInNode({ kind: 'train', rounds }, (line) => say(`  ${line}`));
  const result = { environment: `Node ${process.versions.node}`, ...measured, rows: withRatios(measured.rows, measured.peaks.best) };

  say(`\n${result.environment}, 1 thread, peak ${result.peaks.best.toFixed(1)} GFLOP/s.\n\n${rowsTable(result.rows)}`);
  const { halves, heap, transformer } = result;
  say(`\nOf a step of ours, ${result.simd}: ${Object.entries(halves).map(([part, ms]) => `${part} ${milliseconds(ms)} ms`).join(', ')}.`);
  say(`Heap after 5 steps ${megabytes(heap.before.heap)}, after ${heap.steps} ${megabytes(heap.after.heap)}; of it tensors ${megabytes(heap.before.tensors)} and ${megabytes(heap.after.tensors)}.`);
  say(`E5, ${(transformer.parameters / 1e6).toFixed(1)} million parameters: forward ${milliseconds(transformer.forward)} ms, backward ${milliseconds(transformer.backward)} ms, ` +
    `Adam ${milliseconds(transformer.optimizer)} ms; heap at most ${megabytes(transformer.heap)}.`);
  say(`\n${table(['goal', 'verdict', 'must', 'stretch', 'measured'], verdicts(result, goals))}`);
  return result;
}

await main(import.meta, async () => {
  const { values } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false }, json: { type: 'string' } } });
  const rounds = values.quick ? 5 : 15;
  await buildModule();
  await buildProbe();
  const result = { steps: await measureSteps({ only: values.only, rounds }) };
  if (!values.only) result.gpt = await measureSmallGpt(rounds);
  if (values.json) writeJson(values.json, result);
});
