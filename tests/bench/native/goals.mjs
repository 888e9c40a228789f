// The project's goals for the native core, and what a run says about each; the least of all sizes counts.

import { atLeast, atMost, least, megabytes, verdicts } from '../lib/goals.mjs';
import { percent, times } from '../lib/report.mjs';

const mine = (rows = [], fits = () => true) => rows.filter((row) => row.role === 'ours' && fits(row));
const rivalled = (rows, best, threads, causal) => least(mine(rows, (row) => row.threads === threads && row.causal === causal && row.instructionSet === best)
  .map(({ ratios }) => ratios['onnxruntime-node']));
const materialised = (n) => ({ tiled }) => least(mine(tiled, (row) => row.case.includes(` N${n} `)).map(({ ratios }) => ratios.materialised));
const memoryAt = (n) => ({ memory = [] }) => memory.find((row) => row.n === n);
const growth = (result) => {
  const [short, long] = [4096, 8192].map((n) => memoryAt(n)(result)?.extraBytes);
  return short && long && long / short;
};
const microseconds = (x) => `${(x * 1000).toFixed(1)} µs`;

const goals = ({ sets, threads }) => [
  // The larger half: below 256 the loops around the kernel weigh.
  ...sets.filter((set) => set !== 'sse4.2').map((set) => atLeast(`GEMM ≥ 256, ${set}, of peak`, 0.75, 0.88, percent, ({ gemm }) =>
    least(mine(gemm, (row) => row.instructionSet === set && row.threads === 1 && /(256|512|1024)$/.test(row.case)).map(({ shareOfPeak }) => shareOfPeak)))),
  ...threads.flatMap((count) => [
    atLeast(`attention vs onnxruntime-node, threads: ${count}`, 1, 1.3, times, ({ attention }) => rivalled(attention, sets[0], count, false)),
    atLeast(`causal attention vs onnxruntime-node, threads: ${count}`, 1, 1.3, times, ({ attention }) => rivalled(attention, sets[0], count, true)),
  ]),
  atLeast('tiled vs own materialised path, N=512', 0.95, 1.05, times, materialised(512)),
  atLeast('tiled vs own materialised path, N=2048', 1.2, 1.5, times, materialised(2048)),
  atMost('backward ÷ forward', 3.2, 2.6, times, ({ backward = [] }) => (backward.length > 0 ? Math.max(...backward.map(({ ratio }) => ratio.median)) : undefined)),
  atMost('extra memory when N doubles, 4096 → 8192', 2.1, 2, times, growth),
  // Stretch: the three inputs and the output, and 8 MB.
  atMost('memory of a forward pass at N=16384', 256e6, 4 * 8 * 16384 * 64 * 4 + 8e6, megabytes, (result) => {
    const row = memoryAt(16384)(result);
    return row && row.given + row.extraBytes;
  }),
  atLeast('thread scaling, of the control’s', 0.92, 0.97, percent, ({ scaling = [] }) => least(scaling.map(({ share }) => share))),
  atMost('empty parallel_for while spinning', 0.01, 0.003, microseconds, ({ pool = [] }) => pool.find((row) => row.threads > 1)?.median),
];

export const nativeVerdicts = (report) => verdicts(report, goals(report));
