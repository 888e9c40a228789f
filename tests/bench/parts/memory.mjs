// What one forward pass of attention needs beyond its inputs, at lengths where the scores would not fit.

import { memory } from '../lib/cases.mjs';
import { inputsOf } from '../lib/inputs.mjs';
import { forward, tensorsOf } from '../peers/ours.mjs';
import { loadWithExactHeap } from './exact-heap.mjs';

/** Resolves with rows { case, ms, inputs, output, extra, heap }, in bytes: extra is the growth of the heap, output in it. */
export async function measureMemory(platform, { longest }, tell) {
  const simd = 'relaxed' in platform.probes ? 'relaxed' : 'fixed';
  const rows = [];
  for (const one of memory.filter(({ queries }) => queries <= longest)) {
    tell(`memory, ${one.name}`);
    rows.push(await measure(platform, one, simd));
  }
  return { simd, rows };
}

async function measure({ load }, one, simd) {
  const { attn, heapBytes } = await loadWithExactHeap(load, { simd }); // fresh: a heap never shrinks
  const inputs = inputsOf(one);
  const tensors = tensorsOf(attn, one, inputs);
  const inputBytes = attn.memory();
  const before = heapBytes();
  const begin = performance.now();
  const result = forward(attn, one, tensors);
  const ms = performance.now() - begin;
  const extra = heapBytes() - before;
  const data = result.data();
  requireRows(one, inputs, data);
  return { case: one.name, n: one.queries, ms, inputs: inputBytes, output: data.byteLength, extra, heap: before + extra };
}

/** Some rows against float64: all of them would take a minute. */
function requireRows(one, inputs, data) {
  const { heads, queries } = one;
  for (const [head, row] of [[0, 0], [0, queries - 1], [heads >> 1, queries >> 1], [heads - 1, 0], [heads - 1, queries - 1]]) {
    const expected = exactRow(one, inputs, head, row);
    const found = data.subarray((head * queries + row) * one.dim);
    const largest = Math.max(...expected.map(Math.abs));
    const at = expected.findIndex((x, d) => !(Math.abs(x - found[d]) <= 2 ** -23 * one.terms * largest));
    if (at >= 0) throw new Error(`${one.name}: head ${head}, row ${row}, column ${at} is ${found[at]} instead of ${expected[at]}`);
  }
}

function exactRow({ queries, keys, dim }, { q, k, v }, head, row) {
  const query = q.subarray((head * queries + row) * dim);
  const scores = Float64Array.from({ length: keys }, (_, s) => {
    let sum = 0;
    for (let d = 0; d < dim; d += 1) sum += query[d] * k[(head * keys + s) * dim + d];
    return sum / Math.sqrt(dim);
  });
  const most = scores.reduce((a, b) => Math.max(a, b));
  const weights = scores.map((score) => Math.exp(score - most));
  const total = weights.reduce((a, b) => a + b);
  return Array.from({ length: dim }, (_, d) => weights.reduce((sum, w, s) => sum + w * v[(head * keys + s) * dim + d], 0) / total);
}
