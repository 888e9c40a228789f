// What a page computes without any of this: typed arrays and loops that run along the rows in memory. One thread.

/** Beyond this many operations a call takes seconds and says nothing that the smaller cases do not. */
const MOST_FLOPS = 1e9;

/**
 * Like every contestant: prepare(one, inputs) gives { run, output?, note?, dispose? }, or { without } with the reason for
 * which it does not take part.
 */
export function plainJs({ threads }) {
  if (threads > 1) throw new Error('it has one thread');
  return {
    name: 'plain JS',
    role: 'peer',
    prepare(one, inputs) {
      if (one.flops > MOST_FLOPS) return { without: 'too slow' };
      const out = new Float32Array(one.kind === 'gemm' ? one.m * one.n : one.heads * one.queries * one.dim);
      const run = one.kind === 'gemm' ? () => multiply(one, inputs, out) : () => attend(one, inputs, out);
      return { run, output() { run(); return out; } };
    },
  };
}

function multiply({ m, k, n }, { a, b }, out) {
  out.fill(0);
  for (let i = 0; i < m; i += 1) {
    const row = out.subarray(i * n, (i + 1) * n);
    for (let p = 0; p < k; p += 1) {
      const factor = a[i * k + p];
      for (let j = 0, at = p * n; j < n; j += 1, at += 1) row[j] += factor * b[at];
    }
  }
}

function attend({ heads, queries, keys, dim, causal }, { q, k, v }, out) {
  const scale = 1 / Math.sqrt(dim);
  const weights = new Float32Array(keys);
  out.fill(0); // here for Firefox 153, whose compiler gets out.subarray(…).fill(0) in the loop wrong
  for (let row = 0; row < heads * queries; row += 1) {
    const first = Math.floor(row / queries) * keys;
    const seen = causal ? (row % queries) + 1 : keys;
    let most = -Infinity;
    for (let s = 0; s < seen; s += 1) {
      let score = 0;
      for (let d = 0, at = row * dim, to = (first + s) * dim; d < dim; d += 1, at += 1, to += 1) score += q[at] * k[to];
      weights[s] = score * scale;
      most = Math.max(most, weights[s]);
    }
    let sum = 0;
    for (let s = 0; s < seen; s += 1) {
      weights[s] = Math.exp(weights[s] - most);
      sum += weights[s];
    }
    const result = out.subarray(row * dim, (row + 1) * dim);
    for (let s = 0; s < seen; s += 1) {
      const weight = weights[s] / sum;
      for (let d = 0, at = (first + s) * dim; d < dim; d += 1, at += 1) result[d] += weight * v[at];
    }
  }
}
