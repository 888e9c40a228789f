// Values of the wrong type in every place that takes one.
import { test } from 'node:test';
import { attn, MHA, mha, q, refuses, SDPA, x } from './support/refusal.mjs';

const { F } = attn;
const symbol = Symbol('2');

const wrongTypes = ['1', null, undefined, 1n, () => 1, { a: 1 }, symbol, true, ['1'], [null], [[undefined]], [1n], [{}], new Date(0),
  new DataView(new ArrayBuffer(8)), new ArrayBuffer(8), new Map(), Promise.resolve(1)];
test('tensors and what can stand for one', () => {
  for (const wrong of wrongTypes) {
    const calls = {
      tensor: () => attn.tensor(wrong), add: () => x.add(wrong), matmul: () => x.matmul(wrong), softmax: () => F.softmax(wrong),
      attend: () => attn.attend(q, wrong, q), linear: () => F.linear(x, wrong), index: () => x.index(wrong),
      cat: () => attn.cat([x, wrong]), [SDPA]: () => F.scaledDotProductAttention(q, q, wrong),
      [MHA]: () => F.multiHeadAttentionForward(q, q, q, { ...mha, outProjWeight: wrong }), conv1d: () => F.conv1d(wrong, [[[1]]]),
      maskedFill: () => x.maskedFill(wrong, 0),
    };
    for (const [op, f] of Object.entries(calls)) refuses(f, { code: 'TYPE', op });
  }
});

/** f is called with each value, of which none is of the type that the place takes. */
const places = (name, values, rows) => test(name, () => {
  for (const wrong of values) for (const [op, f] of rows) refuses(() => f(wrong), { code: 'TYPE', op });
});
const attendWith = (name) => ['attend', (wrong) => attn.attend(q, q, q, { [name]: wrong })];

places('numbers', ['2', null, 1n, () => 1, {}, symbol, [1], true], [
  ['eye', (wrong) => attn.eye(wrong)],
  ['full', (wrong) => attn.full([1], wrong)],
  ['arange', (wrong) => attn.arange(wrong)],
  ['arange', (wrong) => attn.arange(0, 1, wrong)],
  ['manualSeed', (wrong) => attn.manualSeed(wrong)],
  ['zeros', (wrong) => attn.zeros([wrong])],
  ['rand', (wrong) => attn.rand([2, wrong])],
  ['tensor', (wrong) => attn.tensor([1], { shape: [wrong] })],
  ['sum', (wrong) => x.sum(wrong)],
  ['softmax', (wrong) => x.softmax(wrong)],
  ['transpose', (wrong) => x.transpose(0, wrong)],
  ['slice', (wrong) => x.slice(0, wrong)],
  ['maskedFill', (wrong) => x.maskedFill([1, 0, 0], wrong)],
  ['stack', (wrong) => attn.stack([x], wrong)],
  ['sinusoidal', (wrong) => attn.nn.sinusoidal({ length: wrong, dim: 2 })],
  ['attend', (wrong) => attn.attend(q, q, q, { mask: { window: wrong } })],
  [MHA, (wrong) => F.multiHeadAttentionForward(q, q, q, { ...mha, numHeads: wrong })],
]);

places('numbers whose null stands for the default', ['2', 1n, () => 1, {}, symbol, [1], true], [
  attendWith('temperature'),
  attendWith('heads'),
  attendWith('scale'),
  [SDPA, (wrong) => F.scaledDotProductAttention(q, q, q, { scale: wrong })],
  ['conv1d', (wrong) => F.conv1d([[[1]]], [[[1]]], { stride: wrong })],
  ['conv1d', (wrong) => F.conv1d([[[1]]], [[[1]]], { padding: wrong })],
]);

places('names', ['2', 1, 1n, () => 1, {}, symbol, ['dot'], true], [
  attendWith('score'),
  attendWith('normalizer'),
  ['attend', (wrong) => attn.attend(q, q, q, { mask: typeof wrong === 'object' && !Array.isArray(wrong) ? 'x' : wrong })],
  ['zeros', (wrong) => attn.zeros([1], { dtype: wrong })],
  ['tensor', (wrong) => attn.tensor([1], { dtype: wrong })],
]);

places('yes and no', ['false', 0, 1, 1n, () => true, {}, symbol, [true]], [
  ['sum', (wrong) => x.sum(0, { keepdim: wrong })],
  ['attend', (wrong) => attn.attend(q, q, q, { mask: { causal: wrong } })],
  [SDPA, (wrong) => F.scaledDotProductAttention(q, q, q, { isCausal: wrong })],
]);

places('lists of sizes and of tensors', ['12', 3, null, undefined, 1n, () => 1, {}, symbol, new Set([1])], [
  ['zeros', (wrong) => attn.zeros(wrong)],
  ['randn', (wrong) => attn.randn(wrong)],
  ['full', (wrong) => attn.full(wrong, 1)],
  ['cat', (wrong) => attn.cat(wrong)],
  ['stack', (wrong) => attn.stack(wrong)],
]);

places('functions', ['f', 3, null, undefined, 1n, {}, symbol, [() => 1]], [
  ['scope', (wrong) => attn.scope(wrong)],
]);
