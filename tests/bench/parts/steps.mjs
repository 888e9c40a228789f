// Whole steps of training, of the page's size and larger: the module on one thread and on two, beside native PyTorch and the
// native core on one, from the same weights and on the same batch. In Node alone: two of them are programs of their own.

import { gptFlops, steps } from '../lib/training.mjs';
import { interleave } from '../lib/interleave.mjs';
import { instructionSets, measure, writeInputs } from '../native/program.mjs';
import { nativeGpt } from '../peers/native-gpt.mjs';
import { oursGpt } from '../peers/ours-gpt.mjs';
import { torchGpt } from '../peers/torch-gpt.mjs';
import { startYardstick } from '../probe/yardstick.mjs';

const THREADS = [1, 2];
/** Several steps: a loop that trains, and not one step after a pause, when both threads may wake on one core. */
const SAMPLE_MS = 200;

/** Resolves with { peaks, torch, rows }: peaks by threads, and of the native instruction set; torch as it describes itself. */
export async function trainingSteps(platform, { python, only, rounds }, tell) {
  const peaks = { module: [], native: 0 };
  const simd = 'relaxed' in platform.probes ? 'relaxed' : 'fixed';
  for (const threads of THREADS) {
    const yardstick = await startYardstick(platform, threads);
    peaks.module[threads] = await yardstick.multiplyAdd(simd);
    await yardstick.stop();
  }
  const [set] = await instructionSets();
  for (let i = 0; i < 3; i += 1) peaks.native = Math.max(peaks.native, (await measure(['fma'], { instructionSet: set })).flops / 1e9);

  const result = { peaks, simd, set, rows: [] };
  for (const one of steps.filter(({ name }) => !only || name.startsWith(only))) {
    tell(`a step of ${one.name}`);
    const { about, rows } = await compare(platform, one, { python, rounds, simd, set, peaks });
    result.torch = about;
    result.rows.push(...rows);
  }
  return result;
}

async function compare(platform, one, { python, rounds, simd, set, peaks }) {
  const contestants = [];
  const variants = THREADS.map((threads) => [simd, threads]);
  if (simd !== 'fixed') variants.push(['fixed', 1]);
  for (const [variant, threads] of variants) {
    const attn = await platform.load({ simd: variant, threads });
    attn.manualSeed(1);
    const name = `ours, ${variant}${threads > 1 ? `, ${threads} threads` : ''}`;
    contestants.push({ ...oursGpt(attn, name, one, contestants[0]?.weights()), threads, peak: peaks.module[threads], stop: () => attn.dispose() });
  }
  const numbers = contestants[0].numbers();
  const inputs = writeInputs([...numbers, Float32Array.from(one.tokens), Float32Array.from(one.targets)]);
  const { about, ...torch } = await torchGpt(python, one, inputs);
  contestants.push(...[torch, nativeGpt(set, one, inputs)].map((contestant) => ({ ...contestant, threads: 1, peak: peaks.native })));

  // A gradient sums over all tokens what passed through every layer.
  const results = await interleave({ name: one.name, terms: one.tokens.length + 4 * one.config.dModel }, contestants, { rounds, sampleMs: SAMPLE_MS });
  for (const { stop } of contestants) stop?.();
  const parameters = numbers.reduce((sum, { length }) => sum + length, 0);
  return {
    about,
    rows: results.map((row, i) => {
      const { threads, peak, role } = contestants[i];
      return { ...row, case: one.name, parameters, threads, peak, role, flops: gptFlops(one) };
    }),
  };
}
