// Attention in plain double precision, written from the formulae alone: what the lab must show.
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const norm = (a) => Math.sqrt(dot(a, a));
const apply = (matrix, vector) => matrix.map((row) => dot(row, vector));
export const multiply = (a, b) => a.map((row) => b[0].map((_, j) => dot(row, b.map((line) => line[j]))));

const scores = {
  dot: (q, k) => dot(q, k),
  scaledDot: (q, k) => dot(q, k),
  sqrtNorm: (q, k) => dot(q, k) / Math.sqrt(norm(q) * norm(k)),
  cosine: (q, k) => dot(q, k) / (norm(q) * norm(k)),
  general: (q, k, _, { general }) => dot(q, apply(general, k)),
  additive: (q, k, _, { additiveQ, additiveK, additiveV }) => {
    const fromKey = apply(additiveK, k);
    return dot(additiveV[0], apply(additiveQ, q).map((x, a) => Math.tanh(x + fromKey[a])));
  },
  location: (q, _, s, { location, locationB }) => dot(location[s], q) + locationB[0][s],
};

function softmax(row) {
  const most = Math.max(...row);
  if (most === -Infinity) return row.map(() => 0);
  const powers = row.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

const normalizers = {
  softmax,
  sum: (row) => {
    const visible = row.map((x) => (x === -Infinity ? 0 : x));
    const sum = visible.reduce((a, b) => a + b, 0);
    return visible.map((x) => x / sum);
  },
  doubleSoftmax: (row) => softmax(softmax(row).map((x, s) => (row[s] === -Infinity ? -Infinity : x))),
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

/** hides(t, s): whether the mask keeps key s from query t. Returns what the lab shows, one matrix a head. */
export function attend({ q, k, v }, {
  score = 'scaledDot', normalizer = 'softmax', hides = () => false, heads = 1, scale, temperature = 1, weights = {},
} = {}) {
  const part = (matrix, h) => matrix.map((row) => row.slice((h * row.length) / heads, ((h + 1) * row.length) / heads));
  const results = Array.from({ length: heads }, (_, h) => {
    const [Q, K, V] = [part(q, h), part(k, h), part(v, h)];
    const factor = (scale ?? (score === 'scaledDot' ? 1 / Math.sqrt(Q[0].length) : 1)) / temperature;
    const raw = Q.map((query) => K.map((key, s) => scores[score](query, key, s, weights)));
    const scaled = raw.map((row) => row.map((x) => x * factor));
    const masked = scaled.map((row, t) => row.map((x, s) => (hides(t, s) ? -Infinity : x)));
    const rows = masked.map(normalizers[normalizer]);
    return { scores: raw, scaled, masked, weights: rows, output: multiply(rows, V) };
  });
  const collect = (name) => results.map((result) => result[name]);
  return {
    scores: collect('scores'), scaled: collect('scaled'), masked: collect('masked'), weights: collect('weights'),
    entropy: collect('weights').map((rows) => rows.map((row) => -row.reduce((sum, w) => sum + (w === 0 ? 0 : w * Math.log(w)), 0))),
    output: q.map((_, t) => results.flatMap((result) => result.output[t])),
  };
}
