// Attention through the module against the formulae in double precision.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as reference from '../reference.mjs';
import { close, loadBoth, numbers, random, sameBits } from './support/numbers.mjs';

const [attn, threaded] = await loadBoth();
const [T, S, D, A] = [5, 7, 6, 4];
/** Up to 2·2·6 under an exponential: a score's 8 roundings count by its size. */
const TERMS = 8 * 24;

const scoreNames = ['dot', 'scaledDot', 'sqrtNorm', 'cosine', 'general', 'additive', 'location'];
const normalizerNames = ['softmax', 'sum', 'doubleSoftmax', 'sparsemax'];
const parts = ['scores', 'scaled', 'masked', 'weights', 'output'];

/** positive: so that no row's sum comes near 0. d: a head's features. */
function inputs(seed, { positive = false, d = D } = {}) {
  const next = numbers(seed);
  const value = positive ? () => Math.abs(next()) + 0.125 : next;
  const [q, k, v] = [[T, D], [S, D], [S, D]].map((shape) => random(shape, value));
  const weights = {
    dot: {}, scaledDot: {}, sqrtNorm: {}, cosine: {},
    general: { weight: random([d, d], value) },
    additive: { queryWeight: random([A, d], value), keyWeight: random([A, d], value), scoreVector: random([A], value) },
    location: { weight: random([S, d], value), bias: random([S], value) },
  };
  const additive = random([T, S], value).map((row, t) => row.map((x, s) => ((t + s) % 4 === 0 ? -Infinity : x)));
  additive[2].fill(-Infinity);
  return { q, k, v, weights, additive };
}

/** [for attend, for the reference] of each kind. */
const masks = ({ additive }) => ({
  none: ['none', 'none'],
  causal: ['causal', 'causal'],
  window: [{ window: 1 }, { window: 1 }],
  padding: [{ padding: [4] }, { known: 4 }],
  'padding of all': [{ padding: [0] }, { known: 0 }],
  additive: [{ additive }, { additive }],
  tensor: [attn.tensor(additive), { additive }],
  'all of them': [{ causal: true, window: 2, padding: [3], additive }, { causal: true, window: 2, known: 3, additive }],
});

function compare(attention, expected, what) {
  for (const part of parts) close(attention[part].toArray(), expected[part], `${what}, ${part}`, TERMS);
}

for (const score of scoreNames) {
  for (const normalizer of normalizerNames) {
    test(`${score} and ${normalizer} under every mask`, () => {
      const given = inputs(1, { positive: normalizer === 'sum' });
      const { q, k, v, weights } = given;
      for (const [name, [mask, meant]] of Object.entries(masks(given))) {
        const options = { score, normalizer, ...weights[score] };
        const actual = attn.attend(q, k, v, { ...options, mask });
        const expected = reference.attend(q, k, v, { ...options, mask: meant });
        compare(actual, expected, name);
        if (name !== 'none') assert.notDeepEqual(expected.output, reference.attend(q, k, v, options).output, `${name} has an effect`);
      }
    });
  }
}

test('heads split the features of query, key and value, whatever the score', () => {
  for (const heads of [2, 3, 6]) {
    const { q, k, v, weights } = inputs(2, { d: D / heads });
    for (const score of scoreNames) {
      const options = { score, ...weights[score], mask: 'causal' };
      const actual = attn.attend(q, k, v, { ...options, heads });
      assert.deepEqual(actual.weights.shape, [heads, T, S]);
      compare(actual, reference.attendHeads(heads, q, k, v, options), `${heads} heads, ${score}`);
    }
  }
});

test('scale and temperature multiply and divide, and each has an effect', () => {
  const { q, k, v } = inputs(3);
  const plain = reference.attend(q, k, v).output;
  for (const options of [{ scale: 0.3 }, { scale: -1 }, { scale: 0 }, { temperature: 0.25 }, { temperature: 8 }, { scale: 2, temperature: 3 }]) {
    const expected = reference.attend(q, k, v, options);
    compare(attn.attend(q, k, v, options), expected, JSON.stringify(options));
    assert.notDeepEqual(expected.output, plain);
  }
  close(attn.attend(q, k, v, { score: 'dot', scale: 0.5 }).output.toArray(), reference.attend(q, k, v, { scale: 0.5 }).output, 'dot', TERMS);
});

test('a location score works without its bias', () => {
  const { q, k, v, weights: { location: { weight } } } = inputs(4);
  compare(attn.attend(q, k, v, { score: 'location', weight }), reference.attend(q, k, v, { score: 'location', weight }), 'no bias');
});

test('batches and heads of their own are independent, each batch with its padding', () => {
  const [B, H] = [3, 2];
  const problems = Array.from({ length: B }, (_, b) => Array.from({ length: H }, (__, h) => inputs(10 + b * H + h)));
  const stacked = (name, pick) => problems.map((heads) => pick(heads.map((given) => given[name])));
  const padding = [7, 2, 0];
  for (const [shape, pick] of [['[B,T,D]', ([first]) => first], ['[B,H,T,D]', (all) => all]]) {
    const [q, k, v] = ['q', 'k', 'v'].map((name) => stacked(name, pick));
    const actual = attn.attend(q, k, v, { mask: { padding, causal: true } });
    for (const part of parts) {
      const expected = problems.map((heads, b) => pick(heads.map((given) =>
        reference.attend(given.q, given.k, given.v, { mask: { causal: true, known: padding[b] } })[part])));
      close(actual[part].toArray(), expected, `${shape}, ${part}`, TERMS);
    }
    const fused = attn.F.scaledDotProductAttention(q, k, v, { isCausal: true, scale: 0.5 });
    close(fused.toArray(), attn.attend(q, k, v, { mask: 'causal', scale: 0.5 }).output.toArray(), `fused ${shape}`, TERMS);
  }
});

test('nested numbers, typed arrays, tensors and transposed tensors give the same', () => {
  const { q, k, v } = inputs(5);
  const plain = attn.attend(q, k, v).output;
  sameBits(attn.attend(attn.tensor(q), attn.tensor(k), attn.tensor(v)).output, plain, 'tensors');
  const across = attn.tensor(reference.transpose(q)).transpose(0, 1);
  sameBits(attn.attend(across, k.map((row) => Float32Array.from(row)), v).output, plain, 'transposed, rows typed');
});

test('one thread and two give the same bits, plain and fused, on larger problems', () => {
  const make = (core) => {
    core.manualSeed(11);
    return [core.randn([2, 65, 48]), core.randn([2, 129, 48]), core.randn([2, 129, 48])];
  };
  for (const options of [{}, { heads: 4, mask: 'causal' }, { score: 'cosine', normalizer: 'sparsemax' }, { mask: { window: 9 }, normalizer: 'doubleSoftmax' }]) {
    const [one, two] = [attn, threaded].map((core) => core.attend(...make(core), options));
    for (const part of parts) sameBits(one[part], two[part], `${JSON.stringify(options)}, ${part}`);
  }
  const [one, two] = [attn, threaded].map((core) => core.F.scaledDotProductAttention(...make(core), { isCausal: true }));
  sameBits(one, two, 'fused');
});

test('a mask of plain numbers, nested or typed, is additive, as a tensor is', () => {
  const { q, k, v } = inputs(3);
  const mask = q.map((_, t) => k.map((_, s) => (s > t ? -Infinity : 0.25 * s)));
  const expected = attn.attend(q, k, v, { mask: attn.tensor(mask) });
  sameBits(attn.attend(q, k, v, { mask }).output, expected.output, 'nested');
  sameBits(attn.attend(q, k, v, { mask: Float32Array.from(mask.at(-1)) }).output,
    attn.attend(q, k, v, { mask: { additive: [mask.at(-1)] } }).output, 'typed, one row for all');
});
