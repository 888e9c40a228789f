// Runs attn_bench, the native program, and reads what Google Benchmark found. Each turn starts the program anew: it takes
// turns with a peer that lives in this process, and threads that spin on one side cannot disturb the other. Inputs and
// outputs go through files, so that there is one generator of numbers and not two that have to agree.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromRoot } from '../../../tools/lib/paths.mjs';
import { run } from '../../../tools/lib/run.mjs';

const program = fromRoot('build', 'bench-native', 'tests', 'bench', 'native', 'attn_bench');
const folder = fromRoot('build', 'bench', 'native');

/** Best first. */
export const instructionSets = async () => (await run(program, ['list'])).stdout.trim().split('\n');

/** What the program calls a case: [name, ...sizes]. */
export function argumentsOf({ kind, m, k, n, heads, queries, keys, dim, causal }, pass = 'forward') {
  if (kind === 'gemm') return ['gemm', m, k, n];
  const name = pass === 'backward' ? (causal ? 'causal_backward' : 'backward') : causal ? 'causal' : 'attention';
  return [name, heads, queries, keys, dim];
}

/** One measurement of at least `seconds`: { ms, flops, bytes, extraBytes }, the middle two a second. */
export async function measure(args, { instructionSet, threads = 1, seconds = 0, files = {} }) {
  const { stdout } = await run(program, [
    ...args.map(String),
    `--threads=${threads}`,
    ...(instructionSet ? [`--isa=${instructionSet}`] : []),
    ...Object.entries(files).map(([name, file]) => `--${name}=${file}`),
    `--benchmark_min_time=${seconds}`,
    '--benchmark_format=json',
  ]);
  const [found] = JSON.parse(stdout).benchmarks;
  return { ms: found.real_time / 1e6, flops: found.items_per_second, bytes: found.bytes_per_second, extraBytes: found.extra_bytes };
}

export function temporary(name) {
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

export function readFloats(file) {
  const { buffer, byteOffset, byteLength } = readFileSync(file);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Writes a case's inputs, one array behind another; returns the file. */
export function writeInputs(inputs) {
  const file = temporary('inputs.f32');
  writeFileSync(file, Buffer.concat(Object.values(inputs).map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))));
  return file;
}

/** Ours as a contestant. args: a form of the case other than its usual one. */
export function ours(one, { name, role = 'ours', instructionSet, threads, inputs, args = argumentsOf(one) }) {
  const files = { inputs };
  return {
    name: name ?? `ours, ${instructionSet}`,
    role,
    instructionSet,
    threads,
    async output() {
      const output = temporary('output.f32');
      const { ms } = await measure(args, { instructionSet, threads, files: { ...files, output } });
      return { ms, numbers: readFloats(output) };
    },
    turn: async (seconds) => (await measure(args, { instructionSet, threads, seconds, files })).ms,
  };
}
