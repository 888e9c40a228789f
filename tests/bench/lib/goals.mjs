// The project's goals for the module in WebAssembly, and what a run says about each. The least of all sizes counts.
// A peer's call counts whole, as the goals were set; the table's notes say what of it are copies.

import { percent, times } from './report.mjs';

export const least = (values) => (values.length > 0 ? Math.min(...values) : undefined);
const sides = ({ compared }, threads) => compared.find((part) => part.threads === threads)?.rows ?? [];
const where = (result, threads, contestant, fits) => sides(result, threads).filter((row) => row.name === contestant && fits(row));

const isLong = ({ kind, causal, case: name }) => kind === 'attention' && !causal && /^attention.* N(512|1024|2048) D64/.test(name);
const isPlain = ({ kind, causal, case: name }) => kind === 'attention' && !causal && name.startsWith('attention');
const isCausal = ({ kind, causal }) => kind === 'attention' && causal;

const share = (contestant, fits) => (result) => least(where(result, 1, contestant, fits).map(({ shareOfPeak }) => shareOfPeak));

const ratio = (contestant, peer, threads, fits) => (result) => least(where(result, threads, contestant, fits).flatMap((row) => {
  const other = sides(result, threads).find(({ name, case: of }) => name === peer && of === row.case);
  return other ? [other.median / row.median] : [];
}));

const materialised = (n) => (result) => least(sides(result, 1).filter(({ role }) => role === 'variant').flatMap((whole) => {
  const fused = sides(result, 1).find(({ name, case: of }) => of === whole.case && whole.name.startsWith(`${name},`));
  return fused && whole.case.includes(` N${n} `) ? [whole.median / fused.median] : [];
}));

const memoryAt = (n, of) => ({ memory }) => {
  const row = memory?.rows.find((one) => one.n === n);
  return row && of(row);
};

function growth(result) {
  const [short, long] = [memoryAt(4096, (row) => row.extra)(result), memoryAt(8192, (row) => row.extra)(result)];
  return short && long && long / short;
}

/** Whether the threads of the control had cores of their own: where they had not, ours had none to scale to either. */
export const isUndisturbed = ({ threads, rows }) => rows.every(({ control }) => control >= 0.8 * threads);

export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
/** of(result) gives the measured value, or nothing if the run did not measure it. */
export const atLeast = (goal, must, stretch, show, of) => ({ goal, must, stretch, show, of, meets: (value, limit) => value >= limit });
export const atMost = (goal, must, stretch, show, of) => ({ goal, must, stretch, show, of, meets: (value, limit) => value <= limit });

const goals = [
  atLeast('GEMM 512, relaxed, of peak', 0.65, 0.8, percent, share('ours, relaxed', (row) => row.case === 'GEMM 512')),
  atLeast('attention D=64, N ≥ 512, relaxed, of peak', 0.55, 0.7, percent, share('ours, relaxed', isLong)),
  ...[1, 2].flatMap((threads) => [
    atLeast(`attention vs onnxruntime-web, relaxed, threads: ${threads}`, 1.5, 2, times, ratio('ours, relaxed', 'onnxruntime-web', threads, isPlain)),
    atLeast(`attention vs onnxruntime-web, fixed, threads: ${threads}`, 1.2, 1.5, times, ratio('ours, fixed', 'onnxruntime-web', threads, isPlain)),
    atLeast(`causal attention vs onnxruntime-web, relaxed, threads: ${threads}`, 2.5, 3.5, times, ratio('ours, relaxed', 'onnxruntime-web', threads, isCausal)),
  ]),
  atLeast('attention vs tfjs-wasm, 1 thread', 10, 20, times, ratio('ours, relaxed', 'tfjs-wasm', 1, isPlain)),
  atLeast('fused vs own materialised path, N=512', 0.95, 1.05, times, materialised(512)),
  atLeast('fused vs own materialised path, N=2048', 1.2, 1.5, times, materialised(2048)),
  atMost('extra memory when N doubles, 4096 → 8192', 2.1, 2, times, growth),
  // Stretch: the three inputs and the output, 4 · 8 · 16384 · 64 floats, and 8 MB.
  atMost('heap of a forward pass at N=16384', 256e6, 4 * 8 * 16384 * 64 * 4 + 8e6, megabytes, memoryAt(16384, (row) => row.heap)),
  atLeast('thread scaling, of the control’s', 0.92, 0.97, percent, ({ scaling }) =>
    (scaling && isUndisturbed(scaling) ? least(scaling.rows.map((row) => row.share)) : undefined)),
];

/** Lines of [goal, must, stretch, measured, verdict]; only for what the run measured. */
export function verdicts(result, wanted = goals) {
  return wanted.flatMap(({ goal, must, stretch, show, of, meets }) => {
    const value = of(result);
    if (value === undefined) return [];
    const verdict = meets(value, stretch) ? 'stretch' : meets(value, must) ? 'met' : 'missed';
    return [[goal, verdict, show(must), show(stretch), show(value)]];
  });
}
