// The numbers that a case computes with: the same on every platform, of mean 0 and variance 1, so that the scores of
// attention are neither flat nor all on one key.

/** mulberry32, by Tommy Ettinger: 32 bits of state are enough to fill an array. */
function* uniform(seed) {
  for (let state = seed; ;) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    yield ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}

function random(size, seed) {
  const numbers = uniform(seed);
  return Float32Array.from({ length: size }, () => Math.sqrt(12) * (numbers.next().value - 0.5));
}

/** { a, b } of a matrix product, { q, k, v } of attention; row-major. */
export function inputsOf(one) {
  if (one.kind === 'gemm') return { a: random(one.m * one.k, 1), b: random(one.k * one.n, 2) };
  const { heads, queries, keys, dim } = one;
  return { q: random(heads * queries * dim, 1), k: random(heads * keys * dim, 2), v: random(heads * keys * dim, 3) };
}
