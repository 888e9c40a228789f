// The module beside its peers, on the same inputs and as many threads, one case after another.

import { groups, isMaterialisedToo } from '../lib/cases.mjs';
import { inputsOf } from '../lib/inputs.mjs';
import { interleave } from '../lib/interleave.mjs';
import { onnxruntime } from '../peers/onnxruntime.mjs';
import { ours } from '../peers/ours.mjs';
import { plainJs } from '../peers/plain.mjs';
import { tfjs } from '../peers/tfjs.mjs';
import { startYardstick } from '../probe/yardstick.mjs';

/**
 * Resolves with { threads, peaks, rows, absent, without }; tell(line) hears how far it is. absent: who takes no part at
 * all, { name: reason }; without: who sits out a case, [{ name, reason, case }].
 */
export async function compare(platform, { threads, only, rounds }, tell) {
  const peaks = await peaksOf(platform, threads);
  const { contestants, absent } = await startAll(platform, threads);
  const rows = [];
  const without = [];
  for (const one of only.flatMap((group) => groups[group] ?? [])) {
    tell(`${one.name}, ${threads} thread${threads > 1 ? 's' : ''}`);
    const measured = await measure(one, contestants, rounds);
    rows.push(...measured.rows.map((row) => ({ ...row, threads })));
    without.push(...measured.without);
  }
  return { threads, peaks, rows, absent, without };
}

/** GFLOP/s of multiply-adds with each instruction set, the highest of them (`best`), and GB/s. */
async function peaksOf(platform, threads) {
  const yardstick = await startYardstick(platform, threads);
  const peaks = {};
  for (const simd of Object.keys(platform.probes)) peaks[simd] = await yardstick.multiplyAdd(simd);
  const bandwidth = await yardstick.bandwidth('fixed');
  await yardstick.stop();
  return { ...peaks, best: Math.max(...Object.values(peaks)), bandwidth };
}

/** tfjs-wasm with threads often does not start in a worker of Firefox 153, and says nothing. */
const PATIENCE_MS = 20_000;
const late = () => new Promise((_, reject) => {
  const timer = setTimeout(() => reject(new Error(`did not start within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  timer.unref?.(); // Node would wait for it
});

async function startAll(platform, threads) {
  const absent = {};
  const attempt = async (name, start) => {
    try {
      return await Promise.race([start(), late()]);
    } catch (error) {
      absent[name] = error.message;
      return undefined;
    }
  };
  const relaxed = await attempt('ours, relaxed', () => ours(platform, { simd: 'relaxed', threads }));
  const fixed = await ours(platform, { simd: 'fixed', threads });
  const onnx = await attempt('onnxruntime-web', () => onnxruntime(platform, { threads }));
  const tensorflow = await attempt('tfjs-wasm', () => tfjs(platform, { threads }));
  const plain = await attempt('plain JS', () => plainJs({ threads }));
  const { materialised } = relaxed ?? fixed;
  const contestants = [relaxed, fixed, materialised, onnx, onnx?.copies, tensorflow, plain].filter(Boolean);
  return { contestants, absent };
}

async function measure(one, contestants, rounds) {
  const inputs = inputsOf(one);
  const entries = [];
  const without = [];
  for (const { name, role, prepare } of contestants) {
    if (role === 'variant' && !isMaterialisedToo(one)) continue;
    const prepared = await prepare(one, inputs);
    if (prepared.run) entries.push({ name, role, ...prepared });
    if (prepared.without) without.push({ name, reason: prepared.without, case: one.name });
  }
  const results = await interleave(one, entries, { rounds });
  for (const { dispose } of entries) await dispose?.();
  return { rows: rowsOf(one, entries, results), without };
}

/** What a peer only spends on copying is not a row of its own but a number in the peer's. */
function rowsOf(one, entries, results) {
  const overhead = results.find((_, i) => entries[i].role === 'overhead');
  return results.map((result, i) => {
    const { role, note } = entries[i];
    const copies = overhead?.name.startsWith(`${result.name},`) ? overhead.median : undefined;
    return {
      ...result,
      case: one.name, kind: one.kind, causal: one.causal ?? false, flops: one.flops, role, copies,
      note: [note, copies && `${copies.toPrecision(2)} ms of it copies`, result.note].filter(Boolean).join('; '),
    };
  }).filter(({ role }) => role !== 'overhead');
}
