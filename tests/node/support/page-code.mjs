// The lab's settings from which programs are written, and what each of these has to compute.
import { attendHeads, matmul } from '../../reference.mjs';
import { numbers, random } from './numbers.mjs';
import { pageSource } from '../../../tools/lib/page-source.mjs';

const { programs } = await pageSource("export { programs } from './src/views/lab/equation/code/code.js'");
export const code = (language, request) => programs(request)[language]();

const scores = ['scaledDot', 'dot', 'sqrtNorm', 'cosine', 'general', 'additive', 'location'];
const normalizers = ['softmax', 'sum', 'doubleSoftmax', 'sparsemax'];
const masks = ['none', 'causal', 'window', 'padding', 'free'];
/** Of key s from query t, where there are 5 keys; the painted mask leaves the second query nothing. */
const hides = {
  none: () => false, causal: (t, s) => s > t, window: (t, s) => Math.abs(s - t) > 1, padding: (_, s, { padding }) => s >= padding,
  free: (t, s) => t === 1 || (t + 2 * s) % 3 === 1,
};

const [T, S, D, A] = [4, 5, 4, 3];
const next = numbers(11);
/** In (0, 1], so that no sum is near 0 and every digit counts; a second decimal keeps programs short. */
const positive = (...shape) => random(shape, () => Math.round(25 * next() + 51) / 100);
const signed = (...shape) => random(shape, () => Math.round(50 * next()) / 100);

function requestOf({ heads, score, normalizer, mask, source, scale, temperature, padding = 3 }) {
  // Weights by the sum of scores mean something for positive scores only.
  const some = normalizer === 'sum' ? positive : signed;
  const rows = source === 'qkv' ? S : T;
  return {
    source, score, normalizer, mask, heads, scale, temperature, window: 1, padding,
    q: some(T, D), k: some(S, D), v: signed(S, 2 * heads), x: some(T, 3), wq: some(3, D), wk: some(3, D), wv: signed(3, 2 * heads),
    general: some(D / heads, D / heads), additiveQ: some(A, D / heads), additiveK: some(A, D / heads), additiveV: some(1, A),
    location: some(rows, D / heads), locationB: some(1, rows),
    painted: Array.from({ length: T }, (_, t) => Array.from({ length: rows }, (__, s) => Number(hides.free(t, s)))),
  };
}

function expected(r) {
  const [q, k, v] = r.source === 'qkv' ? [r.q, r.k, r.v] : [r.wq, r.wk, r.wv].map((w) => matmul(r.x, w));
  const weights = {
    general: { weight: r.general }, additive: { queryWeight: r.additiveQ, keyWeight: r.additiveK, scoreVector: r.additiveV[0] },
    location: { weight: r.location, bias: r.locationB[0] },
  }[r.score];
  return attendHeads(r.heads, q, k, v, {
    score: r.score, normalizer: r.normalizer, scale: r.scale ?? undefined, temperature: r.temperature, ...weights,
    mask: { additive: q.map((_, t) => k.map((__, s) => (hides[r.mask](t, s, r) ? -Infinity : 0))) },
  });
}

const rests = [
  { source: 'qkv', heads: 1, scale: null, temperature: 1 },
  { source: 'x', heads: 2, scale: null, temperature: 2.5 },
  { source: 'qkv', heads: 2, scale: -0.5, temperature: 1 },
  { source: 'qkv', heads: 1, scale: 0.75, temperature: 0.5 },
];

/** Every score, normaliser and mask together, each in turn with the rest of what there is; and no key for anyone. */
export const cases = [
  ...scores.flatMap((score) => normalizers.flatMap((normalizer) => masks.flatMap((mask) => rests.map((rest) => ({ score, normalizer, mask, ...rest }))))),
  ...normalizers.map((normalizer) => ({ score: 'dot', normalizer, mask: 'padding', padding: 0, ...rests[0] })),
].map((settings) => {
  const request = requestOf(settings);
  return { name: JSON.stringify(settings), request, expected: expected(request) };
});
