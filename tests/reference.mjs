// Attention in plain double precision on nested arrays, written from the formulae alone: what the core must agree with.
// A matrix is an array of rows. Shape letters: T queries, S keys, D features.

export const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
export const transpose = (a) => a[0].map((_, j) => a.map((row) => row[j]));
export const matmul = (a, b) => a.map((row) => transpose(b).map((column) => dot(row, column)));
const apply = (matrix, vector) => matrix.map((row) => dot(row, vector));
const norm = (a) => Math.sqrt(dot(a, a));

/** e_s of one query q and key k_s; weights as attend's options name them. */
const scores = {
  dot,
  scaledDot: dot,
  sqrtNorm: (q, k) => dot(q, k) / Math.sqrt(norm(q) * norm(k)),
  cosine: (q, k) => dot(q, k) / (norm(q) * norm(k)),
  general: (q, k, s, { weight }) => dot(q, apply(weight, k)),
  additive: (q, k, s, { queryWeight, keyWeight, scoreVector }) => {
    const fromKey = apply(keyWeight, k);
    return dot(scoreVector, apply(queryWeight, q).map((x, a) => Math.tanh(x + fromKey[a])));
  },
  location: (q, k, s, { weight, bias }) => dot(weight[s], q) + (bias?.[s] ?? 0),
};

export function softmax(row) {
  const most = Math.max(...row);
  if (most === -Infinity) return row.map(() => 0);
  const powers = row.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

/** Rows in which −Infinity stands for a masked key; none but masked keys gives zeros. */
const normalizers = {
  softmax,
  doubleSoftmax: (row) => softmax(softmax(row).map((x, s) => (row[s] === -Infinity ? -Infinity : x))),
  sum: (row) => {
    const kept = row.map((x) => (x === -Infinity ? 0 : x));
    const sum = kept.reduce((a, b) => a + b, 0);
    return row.every((x) => x === -Infinity) ? kept : kept.map((x) => x / sum);
  },
  sparsemax: (row) => {
    const sorted = row.filter((x) => x !== -Infinity).sort((a, b) => b - a);
    let [sum, threshold] = [0, 0];
    sorted.forEach((x, i) => {
      sum += x;
      if (1 + (i + 1) * x > sum) threshold = (sum - 1) / (i + 1);
    });
    return row.map((x) => Math.max(x - threshold, 0));
  },
};

/** What the mask adds to the score of query t and key s of one sequence. */
function added(mask, t, s) {
  const { causal = mask === 'causal', window = Infinity, known = Infinity, additive } = mask;
  return (causal && s > t) || Math.abs(s - t) > window || s >= known ? -Infinity : additive?.[t][s] ?? 0;
}

/** One head on one sequence: q [T,D], k [S,D], v [S,Dv]. mask: as in attend, with `known`, a number of keys, for `padding`. */
export function attend(q, k, v, { score = 'scaledDot', normalizer = 'softmax', mask = 'none', scale, temperature = 1, ...weights } = {}) {
  const factor = (scale ?? (score === 'scaledDot' ? 1 / Math.sqrt(q[0].length) : 1)) / temperature;
  const raw = q.map((query) => k.map((key, s) => scores[score](query, key, s, weights)));
  const scaled = raw.map((row) => row.map((x) => x * factor));
  const masked = scaled.map((row, t) => row.map((x, s) => x + added(mask, t, s)));
  const rows = masked.map(normalizers[normalizer]);
  return { scores: raw, scaled, masked, weights: rows, output: matmul(rows, v) };
}

/** H heads, each on its share of the features; intermediates [H,T,S], output [T,Dv]. */
export function attendHeads(heads, q, k, v, options) {
  const part = (matrix, h) => matrix.map((row) => row.slice((h * row.length) / heads, ((h + 1) * row.length) / heads));
  const results = Array.from({ length: heads }, (_, h) => attend(part(q, h), part(k, h), part(v, h), options));
  const collected = ['scores', 'scaled', 'masked', 'weights'].map((name) => [name, results.map((result) => result[name])]);
  return { ...Object.fromEntries(collected), output: q.map((_, t) => results.flatMap(({ output }) => output[t])) };
}

/** x Wᵀ + b */
export const linear = (x, weight, bias) => matmul(x, transpose(weight)).map((row) => row.map((value, o) => value + (bias?.[o] ?? 0)));

export function multiHead(q, k, v, { numHeads, inProjWeight, inProjBias, outProjWeight, outProjBias, mask }) {
  const e = q[0].length;
  const project = (x, i) => linear(x, inProjWeight.slice(i * e, (i + 1) * e), inProjBias?.slice(i * e, (i + 1) * e));
  const { output, weights } = attendHeads(numHeads, project(q, 0), project(k, 1), project(v, 2), { mask });
  return [linear(output, outProjWeight, outProjBias), weights];
}

/** input [Cin][L], weight [Cout][Cin][K] */
export function conv1d(input, weight, { bias, stride = 1, padding = 0 } = {}) {
  const padded = input.map((row) => [...new Array(padding).fill(0), ...row, ...new Array(padding).fill(0)]);
  const taps = weight[0][0].length;
  return weight.map((kernels, o) => Array.from({ length: Math.floor((padded[0].length - taps) / stride) + 1 }, (_, l) =>
    kernels.reduce((sum, kernel, c) => sum + dot(kernel, padded[c].slice(l * stride, l * stride + taps)), bias?.[o] ?? 0)));
}

export const entropy = (row) => -row.reduce((sum, w) => sum + (w === 0 ? 0 : w * Math.log(w)), 0);

export const sinusoidal = (length, dim) => Array.from({ length }, (_, p) => Array.from({ length: dim }, (__, i) => {
  const angle = p / 10000 ** ((i - (i % 2)) / dim);
  return i % 2 ? Math.cos(angle) : Math.sin(angle);
}));

/** Row p of x with the pairs (x_i, x_{i+D/2}) turned by p · base^(−2i/D). */
export const rotary = (x, base = 10000) => x.map((row, p) => {
  const half = row.length / 2;
  const angle = (i) => p * base ** (-i / half);
  return row.map((value, i) => (i < half
    ? value * Math.cos(angle(i)) - row[i + half] * Math.sin(angle(i))
    : value * Math.cos(angle(i - half)) + row[i - half] * Math.sin(angle(i - half))));
});

/** What a head's slope, of a number of heads that is a power of two, takes off for distance. */
export const alibi = (heads, head, length) => Array.from({ length }, (_, t) =>
  Array.from({ length }, (__, s) => -(2 ** ((-8 * (head + 1)) / heads)) * Math.abs(t - s)));
