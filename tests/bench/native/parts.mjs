// What `npm run bench:native` measures, part by part. A part resolves with { tables: [{ title, text }], results }, and
// adds to `context`, which begins as { sets, threads, rounds, seconds, quick }: the instruction sets (best first) and the
// numbers of threads to measure with.

import { fileURLToPath } from 'node:url';
import { run } from '../../../tools/lib/run.mjs';
import { groups, isMaterialisedToo, memory as memoryCases, scaling as scalingCases } from '../lib/cases.mjs';
import { inputsOf } from '../lib/inputs.mjs';
import { requireClose } from '../lib/interleave.mjs';
import { milliseconds, percent, rowsTable, table, times, withRatios } from '../lib/report.mjs';
import { summary } from '../lib/statistics.mjs';
import { onnxruntimeNode } from '../peers/onnxruntime-node.mjs';
import { argumentsOf, measure, ours, readFloats, temporary, writeInputs } from './program.mjs';
import { sample, takeTurns } from './turns.mjs';

const peerMemory = fileURLToPath(new URL('peer-memory.mjs', import.meta.url));

const onThreads = (n) => `${n} thread${n === 1 ? '' : 's'}`;
const megabytes = (bytes) => (bytes === undefined ? 'unknown' : `${(bytes / 1e6).toFixed(1)} MB`);
const spread = ({ low, high }, scale, digits = 1) => `${(low * scale).toFixed(digits)} – ${(high * scale).toFixed(digits)}`;

/** The yardsticks. Shares of the peak are of the best sample here, since a neighbour only ever takes away: they never flatter. */
export async function machine(context) {
  const yardsticks = [
    ...context.sets.flatMap((set) => context.threads.map((threads) =>
      ({ name: `multiply-add, ${set}`, args: ['fma'], instructionSet: set, threads, unit: 'GFLOP/s', of: 'flops' }))),
    ...context.threads.map((threads) => ({ name: 'triad, 3 × 67 MB a thread', args: ['triad'], threads, unit: 'GB/s', of: 'bytes' })),
  ];
  const contestants = yardsticks.map((one) => ({ turn: async (seconds) => (await measure(one.args, { ...one, seconds }))[one.of] }));
  const samples = await sample(contestants, { rounds: Math.min(context.rounds, 7), seconds: context.seconds });
  const results = yardsticks.map(({ name, instructionSet, threads, unit }, i) =>
    ({ name, instructionSet, threads, unit, ...summary(samples[i]), best: Math.max(...samples[i]) }));
  context.peak = (set, threads) => results.find((one) => one.instructionSet === set && one.threads === threads).best / 1e9;
  const lines = results.map((one) =>
    [one.name, one.unit, `${one.threads}`, (one.best / 1e9).toFixed(1), (one.median / 1e9).toFixed(1), spread(one, 1e-9)]);
  const text = table(['yardstick', 'unit', 'threads', 'best', 'median', 'quartiles'], lines);
  return { tables: [{ title: 'What this machine can do', text }], results };
}

/** A group of lib/cases.mjs: ours under each instruction set (with more threads the best alone) beside the peer. */
const group = (name) => async (context) => {
  const results = [];
  for (const threads of context.threads) {
    const sets = threads === context.threads[0] ? context.sets : context.sets.slice(0, 1);
    const peer = await onnxruntimeNode({ threads });
    const overhead = await peer.overhead();
    for (const one of groups[name].filter((candidate) => !context.quick || candidate.flops < 1e9)) {
      const inputs = inputsOf(one);
      const file = writeInputs(inputs);
      const rival = await peer.prepare(one, inputs);
      const mine = sets.map((instructionSet) => ours(one, { instructionSet, threads, inputs: file }));
      const rows = await takeTurns(one, [...mine, rival], context);
      await rival.dispose();
      results.push(...rows.map((row) => ({ case: one.name, causal: one.causal, flops: one.flops, ...row, note: noteOf(row, overhead) })));
    }
  }
  const rows = withRatios(results).map((row) => ({
    ...row, shareOfPeak: row.gflops / context.peak(row.instructionSet ?? context.sets[0], row.threads),
  }));
  const tables = context.threads.map((threads) =>
    ({ title: `${name}, ${onThreads(threads)}`, text: rowsTable(rows.filter((row) => row.threads === threads)) }));
  return { tables, results: rows };
};

/** Where the call itself weighs, a ratio says little of the kernel. */
function noteOf({ role, median, note }, overhead) {
  const share = role === 'peer' ? overhead / median : 0;
  return [note, share > 0.1 && `${percent(share)} is the call from Node`].filter(Boolean).join('; ') || undefined;
}

/** The fused path against the library's own operators one by one, which hold every score. */
async function tiled(context) {
  const [instructionSet] = context.sets;
  const [threads] = context.threads;
  const results = [];
  for (const one of groups.attention.filter(isMaterialisedToo).filter(({ flops }) => !context.quick || flops < 1e9)) {
    const shared = { instructionSet, threads, inputs: writeInputs(inputsOf(one)) };
    const whole = ours(one, { ...shared, name: 'materialised', role: 'peer', args: ['materialised', one.heads, one.queries, one.keys, one.dim] });
    const rows = await takeTurns(one, [ours(one, { ...shared, name: 'tiled' }), whole], context);
    results.push(...rows.map((row) => ({ case: one.name, flops: one.flops, ...row })));
  }
  const rows = withRatios(results, context.peak(instructionSet, threads));
  return { tables: [{ title: `Tiled against materialised, ${onThreads(threads)}`, text: rowsTable(rows) }], results: rows };
}

/** The gradients of query, key and value against the output, in turns. */
async function backward(context) {
  const [instructionSet] = context.sets;
  const [threads] = context.threads;
  const results = [];
  for (const one of groups.attention.filter(({ flops }) => !context.quick || flops < 1e9)) {
    const inputs = writeInputs(inputsOf(one));
    const turnOf = (pass) => ({
      turn: async (seconds) => (await measure(argumentsOf(one, pass), { instructionSet, threads, seconds, files: { inputs } })).ms,
    });
    const [forward, backward] = await sample([turnOf('forward'), turnOf('backward')], context);
    const ratio = summary(backward.map((ms, round) => ms / forward[round]));
    results.push({ case: one.name, forward: summary(forward), backward: summary(backward), ratio });
  }
  const lines = results.map(({ case: name, forward, backward, ratio }) =>
    [name, milliseconds(forward.median), milliseconds(backward.median), times(ratio.median), spread(ratio, 1, 2)]);
  const text = table(['case', 'forward, ms', 'backward, ms', 'backward ÷ forward', 'quartiles'], lines, 1);
  return { tables: [{ title: `Backward, ${onThreads(threads)}`, text }], results };
}

/** Most threads against one, beside a loop that shares nothing: what the loop does not reach is not our pool's doing. */
async function scaling(context) {
  const [instructionSet] = context.sets;
  const counts = [1, Math.max(...context.threads)];
  if (counts[1] === 1) return { tables: [{ title: 'Scaling', text: 'One thread only: nothing to compare.' }], results: [] };
  const results = [];
  for (const one of scalingCases.filter(({ flops }) => !context.quick || flops < 1e9)) {
    const inputs = writeInputs(inputsOf(one));
    const mine = counts.map((threads) => ours(one, { instructionSet, threads, inputs }));
    const loops = counts.map((threads) => ({ turn: async (seconds) => (await measure(['fma'], { instructionSet, threads, seconds })).flops }));
    const samples = await sample([...mine, ...loops], context);
    // Speed-ups within a round: what slowed the machine down then slowed both down.
    const quotients = (over, under) => summary(samples[over].map((x, round) => x / samples[under][round]));
    const [speedUp, control] = [quotients(0, 1), quotients(3, 2)];
    results.push({ case: one.name, threads: counts[1], speedUp, control, share: speedUp.median / control.median });
  }
  const lines = results.map(({ case: name, speedUp, control, share }) => [
    name, times(speedUp.median), spread(speedUp, 1, 2), times(control.median), spread(control, 1, 2), percent(share),
  ]);
  const text = table(['case', 'speed-up', 'quartiles', 'control', 'quartiles', 'of control'], lines, 1);
  return { tables: [{ title: `${onThreads(counts[1])} against 1`, text }], results };
}

/** One forward pass each, by the peak of resident memory (VmHWM) above what inputs and outputs took; Linux tells it. */
async function memory(context) {
  const [instructionSet] = context.sets;
  const threads = Math.max(...context.threads);
  const results = [];
  for (const one of memoryCases.slice(0, context.quick ? 1 : undefined)) {
    const files = { inputs: writeInputs(inputsOf(one)), output: temporary('output.f32') };
    const { ms, extraBytes } = await measure(argumentsOf(one), { instructionSet, threads, files });
    const expected = temporary('expected.f32');
    const its = JSON.parse((await run(process.execPath, [peerMemory, JSON.stringify(one), `${threads}`, expected])).stdout);
    requireClose(one, { name: 'onnxruntime-node', numbers: readFloats(expected) }, { name: 'ours', numbers: readFloats(files.output) });
    const given = 4 * (2 * one.queries + 2 * one.keys) * one.heads * one.dim;
    results.push({ case: one.name, n: one.queries, threads, given, ms, extraBytes, peer: its });
  }
  const lines = results.map(({ case: name, given, ms, extraBytes, peer: its }, i) => [
    name, megabytes(given), megabytes(extraBytes), i === 0 ? '' : times(extraBytes / results[i - 1].extraBytes), milliseconds(ms),
    megabytes(its.extraBytes), milliseconds(its.ms),
  ]);
  const text = table(['case', 'inputs and output', 'ours, extra', 'to the last', 'ms', 'onnxruntime-node, extra', 'ms'], lines, 1);
  return { tables: [{ title: `Memory, ${onThreads(threads)}`, text }], results };
}

/** The price of asking all threads for nothing, while they still spin from the last time. */
async function pool(context) {
  const results = [];
  for (const threads of context.threads) {
    const turn = async (seconds) => (await measure(['parallel_for'], { threads, seconds })).ms;
    const [samples] = await sample([{ turn }], context);
    results.push({ threads, ...summary(samples) });
  }
  const lines = results.map((one) => ['empty parallel_for', `${one.threads}`, (1000 * one.median).toFixed(2), spread(one, 1000, 2)]);
  return { tables: [{ title: 'Thread pool', text: table(['call', 'threads', 'µs', 'quartiles'], lines, 1) }], results };
}

export const parts = {
  gemm: group('gemm'), gemv: group('gemv'), attention: group('attention'), decode: group('decode'), backward, tiled, scaling, memory, pool,
};
