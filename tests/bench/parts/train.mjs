// Training on one thread: a small GPT beside TensorFlow.js, from the same weights and on the same batch; what a step of
// ours consists of and whether its memory stays; and the Transformer of the documents' row E5 at its printed size.

import { gpt, gptFlops, transformer } from '../lib/training.mjs';
import { interleave } from '../lib/interleave.mjs';
import { quantile } from '../lib/statistics.mjs';
import { oursGpt } from '../peers/ours-gpt.mjs';
import { tfjsGpt } from '../peers/tfjs-gpt.mjs';
import { startYardstick } from '../probe/yardstick.mjs';
import { loadWithExactHeap } from './exact-heap.mjs';

const STEPS = 1000;

/** Resolves with { peaks, rows, halves, heap, transformer }. */
export async function train(platform, { rounds }, tell) {
  const yardstick = await startYardstick(platform, 1);
  const peaks = {};
  for (const simd of Object.keys(platform.probes)) peaks[simd] = await yardstick.multiplyAdd(simd);
  await yardstick.stop();
  const simd = 'relaxed' in peaks ? 'relaxed' : 'fixed';

  tell('a step of the small GPT, and its peers');
  const rows = await compare(platform, Object.keys(peaks), rounds);
  tell('forward and backward');
  const halves = await measureHalves(platform, simd, rounds);
  tell(`the heap over ${STEPS} steps`);
  const heap = await measureHeap(platform, simd);
  tell('the Transformer of E5');
  return { peaks: { ...peaks, best: Math.max(...Object.values(peaks)) }, simd, rows, halves, heap, transformer: await measureTransformer(platform, simd) };
}

async function compare(platform, sets, rounds) {
  const contestants = [];
  for (const simd of sets) {
    const attn = await platform.load({ simd, threads: 1 });
    attn.manualSeed(1);
    contestants.push(oursGpt(attn, `ours, ${simd}`, gpt, contestants[0]?.weights()));
  }
  const weights = contestants[0].weights();
  const { tf, wasm } = await platform.tfjs();
  wasm.setWasmPaths(platform.tfjsFiles);
  wasm.setThreadsCount(1);
  for (const backend of ['wasm', 'cpu']) {
    await tf.setBackend(backend);
    const peer = tfjsGpt(tf, `tfjs-${backend}`, gpt, weights);
    // One engine has two backends; each model's tensors stay where they were made.
    const on = (run) => async () => {
      await tf.setBackend(backend);
      return run();
    };
    contestants.push({ ...peer, run: on(peer.run), output: on(peer.output) });
  }
  // A gradient sums over all tokens what passed through every layer.
  const one = { name: gpt.name, terms: gpt.tokens.length + 4 * gpt.config.dModel };
  const results = await interleave(one, contestants, { rounds });
  return results.map((result, i) => ({ ...result, case: one.name, threads: 1, flops: gptFlops(gpt), role: contestants[i].role }));
}

/** How long each part of a step takes in ms, round by round. */
function timeSteps(rounds, optimizer, lossOf) {
  const parts = { forward: [], backward: [], optimizer: [] };
  const timed = (part, f) => {
    const begin = performance.now();
    const result = f();
    parts[part].push(performance.now() - begin);
    return result;
  };
  for (let round = 0; round < rounds; round += 1) {
    const loss = timed('forward', lossOf);
    timed('backward', () => loss.backward());
    timed('optimizer', () => {
      optimizer.step();
      optimizer.zeroGrad();
    });
    loss.dispose();
  }
  return parts;
}

/** f of each part's times, without the first rounds, which warm up. */
const each = (parts, warmUp, f) => Object.fromEntries(Object.entries(parts).map(([part, list]) => [part, f(list.slice(warmUp))]));

/** Medians of { forward, backward, optimizer }, in ms. */
async function measureHalves(platform, simd, rounds) {
  const attn = await platform.load({ simd, threads: 1 });
  const { config, batch, tokens, targets, lr } = gpt;
  const model = new attn.models.GPT(config);
  const optimizer = new attn.optim.Adam(model.parameters(), { lr });
  const classes = { shape: [batch, config.maxLength], dtype: 'int32' };
  const [given, wanted] = [attn.tensor(tokens, classes), attn.tensor(targets, classes)];
  return each(timeSteps(5 * rounds + 20, optimizer, () => model.loss(given, wanted)), 20, (list) => quantile(list, 0.5));
}

/** Bytes of tensors and of the heap after the first steps and after a thousand. */
async function measureHeap({ load }, simd) {
  const { attn, heapBytes } = await loadWithExactHeap(load, { simd });
  const step = oursGpt(attn, 'ours', gpt);
  const now = () => ({ tensors: attn.memory(), heap: heapBytes() });
  for (let i = 0; i < 5; i += 1) step.run();
  const before = now();
  for (let i = 5; i < STEPS; i += 1) step.run();
  return { steps: STEPS, before, after: now() };
}

async function measureTransformer({ load }, simd) {
  const { attn, heapBytes } = await loadWithExactHeap(load, { simd });
  const { config, source, target, lr } = transformer;
  attn.manualSeed(1);
  const model = new attn.models.Transformer(config);
  const optimizer = new attn.optim.Adam(model.parameters(), { lr });
  const tensor = ({ tokens, shape }) => attn.tensor(tokens, { shape, dtype: 'int32' });
  const [from, to] = [tensor(source), tensor(target)];
  const parts = timeSteps(4, optimizer, () => model.loss(from, to, to));
  return { parameters: model.numParameters, ...each(parts, 1, (list) => Math.min(...list)), tensors: attn.memory(), heap: heapBytes() };
}
