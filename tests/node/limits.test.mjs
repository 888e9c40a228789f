// Numbers out of range, sizes past memory, tensors that are gone or not ours, and settings that cannot be loaded.
import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { AttnError, load } from '../../dist/node.js';
import { attn, MHA, mha, q, refuses, SDPA, spell, threaded, x } from './support/refusal.mjs';

const { F } = attn;
const attend = (options) => () => attn.attend(q, q, q, options);

spell('numbers out of range', [
  ...[NaN, Infinity, 0, -1].map((temperature) => ['RANGE', 'attend', attend({ temperature }), { message: /temperature must be above 0/ }]),
  ...[NaN, Infinity, -Infinity].map((scale) => ['RANGE', 'attend', attend({ scale }), { message: /scale must be finite/ }]),
  ...[NaN, -Infinity].map((scale) => ['RANGE', SDPA, () => F.scaledDotProductAttention(q, q, q, { scale })]),
  ...[NaN, -1, 1.5, Infinity].map((window) => ['RANGE', 'attend', attend({ mask: { window } }), { message: /window must be/ }]),
  ...[NaN, 0, -1, 1.5, 2 ** 40].map((heads) => ['RANGE', 'attend', attend({ heads }), { message: /heads must be/ }]),
  ...[NaN, 0, 1.5].map((numHeads) => ['RANGE', MHA, () => F.multiHeadAttentionForward(q, q, q, { ...mha, numHeads })]),
  ...[-1, 4, 1.5, NaN].map((length) => ['RANGE', 'attend', attend({ mask: { padding: [length] } })]),
  ...[0, -1, 0.5, NaN].map((stride) => ['RANGE', 'conv1d', () => F.conv1d([[[1]]], [[[1]]], { stride })]),
  ...[2, -3, 1.5, NaN].map((dim) => ['RANGE', 'softmax', () => x.softmax(dim), { message: /dim must be/ }]),
  ...[2, -3].map((dim) => ['RANGE', 'mean', () => x.mean(dim), { message: 'mean: dim must be from -2 to 1, got ' + dim }]),
  ...[2, -1].map((i) => ['RANGE', 'index', () => x.index([i]), { message: `index: every index must be from 0 to 1, got ${i}` }]),
  ...[1.5, NaN, 2 ** 31].map((i) => ['RANGE', 'index', () => x.index([i]), { message: /int32 holds whole numbers/ }]),
  ...[-1, 1.5, NaN, 2 ** 53, Infinity].map((seed) => ['RANGE', 'manualSeed', () => attn.manualSeed(seed)]),
  ...[[0, 1, 0], [0, 1, -1], [NaN], [0, Infinity]].map((args) => ['RANGE', 'arange', () => attn.arange(...args)]),
  ...[-1, 1.5, NaN].map((size) => ['RANGE', 'zeros', () => attn.zeros([2, size])]),
  ['RANGE', 'attend', attend({ temperature: 1e-60 }), { message: /scale \/ temperature must be finite/ }],
  ['RANGE', SDPA, () => F.scaledDotProductAttention(q, q, q, { scale: 1e300 })],
  ...[2 ** 31 - 1, 2 ** 30].map((padding) => ['RANGE', 'conv1d', () => F.conv1d([[[1]]], [[[1]]], { padding })]),
  ['SHAPE', 'conv1d', () => F.conv1d([[[1]]], new Array(24).fill([[1]]), { bias: 5 }), { message: /bias must be \[24\]/ }],
  ['RANGE', 'arange', () => attn.arange(3e9, 3e9 + 2, 1, { dtype: 'int32' })],
  ['RANGE', 'permute', () => x.permute(0, 0)],
  ['RANGE', 'reshape', () => x.reshape(-1, -1)],
  ['RANGE', 'eye', () => attn.eye(-1)],
  ['RANGE', 'sinusoidal', () => attn.nn.sinusoidal({ length: -1, dim: 2 })],
]);

test('the sum normaliser refuses a row whose scores cancel, and names it', () => {
  for (const core of [attn, threaded]) {
    refuses(() => core.attend([[1, 1], [1, -1]], [[1, 0], [0, 1]], [[1], [2]], { score: 'dot', normalizer: 'sum' }), {
      code: 'RANGE', op: 'attend', message: /row 1 of \[2,2\] sum to 0.*softmax/, shapes: [[2, 2]],
    });
  }
});

test('NaN and infinity among the data stay data', () => {
  assert.deepEqual(attn.tensor([NaN, 1]).add(1).toArray(), [NaN, 2]);
  assert.deepEqual(attn.attend([[NaN]], [[1], [2]], [[3], [4]]).weights.toArray(), [[NaN, NaN]]);
  assert.deepEqual(attn.attend([[1]], [[1], [NaN]], [[3], [NaN]], { mask: { padding: [1] } }).output.toArray(), [[3]], 'masked away');
});

const long = [0];
long.length = 2 ** 32 - 1;
const rows = new Array(2 ** 16).fill(new Array(2 ** 16).fill(0)); // few in JavaScript, 2^32 in a tensor
spell('sizes past memory', [
  ['OOM', 'zeros', () => attn.zeros([1e6, 1e6]), { message: 'zeros: a tensor of shape [1000000,1000000] does not fit in memory', shapes: [[1e6, 1e6]] }],
  ['OOM', 'zeros', () => attn.zeros([2 ** 53])],
  ['OOM', 'ones', () => threaded.ones([2 ** 28]), { message: 'ones: no memory for a tensor of shape [268435456]', shapes: [[2 ** 28]] }],
  ['OOM', 'eye', () => attn.eye(2 ** 31 - 1)],
  ...[2 ** 31, 1e12].map((end) => ['OOM', 'arange', () => attn.arange(end)]),
  ['OOM', 'tensor', () => attn.tensor(long), { shapes: [[2 ** 32 - 1]] }],
  ['OOM', 'tensor', () => attn.tensor(rows), { shapes: [[2 ** 16, 2 ** 16]] }],
  ['OOM', 'add', () => x.add(rows)],
  ['OOM', 'attend', () => attn.scope(() => attn.attend(attn.zeros([2 ** 17, 1]), attn.zeros([2 ** 17, 1]), attn.zeros([2 ** 17, 1])))],
]);

/** Sizes whose products do not fit 32 bits although no tensor is large: the scratch for them is refused, not overrun. */
spell('intermediates past memory', [
  ['OOM', 'attend', () => attn.scope(() => attn.attend(attn.ones([1, 1]), attn.ones([65536, 1]), attn.ones([65536, 1]), {
    score: 'additive', queryWeight: attn.ones([65536, 1]), keyWeight: attn.ones([65536, 1]), scoreVector: attn.ones([65536]),
  }))],
]);

test('a bilinear score into a great many features needs scratch for a few queries at a time', () => {
  threaded.scope(() => {
    const [q1, k1] = [threaded.ones([8192, 1]), threaded.ones([1, 32768])];
    const { output } = threaded.attend(q1, k1, [[2]], { score: 'general', weight: k1 });
    assert.equal(output.sum().item(), 2 * 8192);
  });
});

test('a stride past everything takes the first window', () => {
  for (let i = 0; i < 100; i++) {
    assert.deepEqual(F.conv1d([[[1, 2]]], [[[1, 10]]], { padding: 1, stride: 2 ** 31 - 1 }).toArray(), [[[10]]]);
  }
});

test('tensors beyond 2 GB are read where they are', async () => {
  const roomy = await load({ threads: 1 });
  const ballast = [1, 2, 3, 4].map(() => roomy.zeros([2 ** 27])); // 512 MB each
  const x2 = roomy.full([1000], 7);
  assert.equal(x2.data()[999], 7);
  assert.deepEqual(roomy.tensor([1, 2]).add([3, 4]).toArray(), [4, 6]);
  for (const tensor of ballast) tensor.dispose();
});

test('a result for which memory runs out half-way is refused, and all of it freed', () => {
  threaded.scope(() => {
    const column = threaded.zeros([8300, 1]); // each of four intermediates takes 275 MB of 1 GB
    refuses(() => threaded.attend(column, column, column), { code: 'OOM', op: 'attend', message: /no memory for a tensor of shape \[8300,8300\]/ });
  });
});

test('a freed tensor is refused wherever it is used; freeing it again is harmless', () => {
  const gone = attn.tensor([[1, 2], [3, 4]]);
  assert.equal(gone.disposed, false);
  gone.dispose();
  gone.dispose();
  gone[Symbol.dispose]();
  assert.equal(gone.disposed, true);
  assert.deepEqual([gone.shape, gone.dtype, gone.size], [[2, 2], 'float32', 4], 'what it was can still be told');
  const used = { code: 'TYPE', message: /a tensor \[2,2\] was used after dispose\(\)/ };
  for (const [op, f] of [
    ['data', () => gone.data()], ['exp', () => gone.exp()], ['add', () => x.add(gone)], ['add', () => gone.add([1, 2])], ['softmax', () => F.softmax(gone)],
    ['reshape', () => gone.reshape(4)], ['cat', () => attn.cat([q, gone])], ['attend', () => attn.attend(q, gone, q)], ['attend', () => attn.attend(q, q, q, { mask: gone })],
    [SDPA, () => F.scaledDotProductAttention(gone, q, q)],
  ]) refuses(f, { ...used, op });
});

test('a tensor of another load() is refused, but can be copied', () => {
  const foreign = threaded.tensor([[1, 2, 3], [4, 5, 6]]);
  for (const [op, f] of [
    ['add', () => x.add(foreign)], ['softmax', () => F.softmax(foreign)], ['relu', () => F.relu(foreign)], ['stack', () => attn.stack([x, foreign])],
    ['attend', () => attn.attend(foreign, x, x)], ['attend', () => attn.attend(x, x, x, { mask: foreign })], ['entropy', () => F.entropy(foreign)],
  ]) refuses(f, { code: 'TYPE', op, message: /belongs to another load\(\)/ });
  assert.deepEqual(attn.tensor(foreign).toArray(), foreign.toArray());
  foreign.dispose();
});

test('load takes the folder of the binaries as a path or a URL, and leaves the globals of Node alone', async () => {
  const folder = new URL('../../dist/wasm', import.meta.url);
  const cores = await Promise.all([load({ baseUrl: relative(process.cwd(), fileURLToPath(folder)), threads: 2 }), load({ baseUrl: folder })]);
  for (const core of cores) assert.deepEqual(core.tensor([1]).toArray(), [1]);
  assert.equal(globalThis.Worker, undefined);
});

test('load refuses what it cannot give', async () => {
  const refusals = {
    RANGE: [{ threads: 0 }, { threads: -1 }, { threads: 1.5 }, { threads: NaN }, { threads: 65 }],
    TYPE: [{ threads: '2' }, { threads: null, simd: 1 }, { threads: Symbol('2') }, { simd: 'scalar' }, { thread: 1 }, null, 3, 'auto'],
    UNSUPPORTED: [{ baseUrl: new URL('./nowhere/', import.meta.url), threads: 1 }, { baseUrl: 'no address' }],
  };
  for (const [code, all] of Object.entries(refusals)) {
    for (const options of all) {
      await assert.rejects(load(options), (error) => error instanceof AttnError && error.code === code && error.op === 'load', inspect(options));
    }
  }
});
