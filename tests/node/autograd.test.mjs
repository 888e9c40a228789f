// Gradients: that they are the slopes, what keeps them in memory, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, EPSILON, numbers, random } from './support/numbers.mjs';
import { attn, spell, threaded } from './support/refusal.mjs';

const { F } = attn;
const leaf = (data, core = attn) => core.tensor(data, { requiresGrad: true });

test('backward gives the gradient of every leaf, and adds it to what was there', () => attn.scope(() => {
  const [x, y] = [leaf([[1, 2], [3, 4]]), leaf([10, 20])];
  assert.deepEqual([x.requiresGrad, x.isLeaf, x.grad], [true, true, null]);
  const z = x.mul(x).add(y); // y is broadcast, so that its gradient is summed
  assert.deepEqual([z.requiresGrad, z.isLeaf, z.grad], [true, false, null]);
  z.sum().backward();
  assert.deepEqual(x.grad.toArray(), [[2, 4], [6, 8]]);
  assert.deepEqual(y.grad.toArray(), [2, 2]);
  x.mul(3).sum().backward();
  assert.deepEqual(x.grad.toArray(), [[5, 7], [9, 11]]);
  x.grad = null;
  assert.equal(x.grad, null);
  x.grad = attn.tensor([[1, 1], [1, 1]]);
  x.sum().backward();
  assert.deepEqual(x.grad.toArray(), [[2, 2], [2, 2]]);
}));

test('backward takes the gradient of a result of any shape, a tensor or numbers', () => attn.scope(() => {
  const x = leaf([1, 2, 3]);
  const y = x.mul(x);
  y.backward([1, 10, 100], { retainGraph: true });
  assert.deepEqual(x.grad.toArray(), [2, 40, 600]);
  y.backward(attn.ones([3]));
  assert.deepEqual(x.grad.toArray(), [4, 44, 606]);
}));

test('tensors are made with requiresGrad, or told so later', () => attn.scope(() => {
  for (const made of [
    attn.zeros([2], { requiresGrad: true }), attn.ones([2], { requiresGrad: true }), attn.full([2], 3, { requiresGrad: true }),
    attn.rand([2], { requiresGrad: true }), attn.randn([2], { requiresGrad: true }), attn.arange(0, 2, 1, { requiresGrad: true }),
    attn.tensor(leaf([1, 2]), { requiresGrad: true }),
  ]) assert.deepEqual([made.requiresGrad, made.isLeaf], [true, true]);
  const x = attn.tensor(leaf([1, 2])); // a copy knows nothing of gradients
  assert.equal(x.requiresGrad, false);
  x.requiresGrad = true;
  assert.equal(x.add(1).requiresGrad, true);
  x.requiresGrad = false;
  assert.equal(x.add(1).requiresGrad, false);
}));

test('noGrad records nothing, nests, gives back what its function does, and ends with an error too', () => attn.scope(() => {
  const x = leaf([1]);
  const flags = attn.noGrad(() => {
    const inner = attn.noGrad(() => x.mul(2).requiresGrad);
    return [inner, x.mul(2).requiresGrad];
  });
  assert.deepEqual(flags, [false, false]);
  const own = new Error('mine');
  assert.throws(() => attn.noGrad(() => { throw own; }), (error) => error === own);
  assert.equal(x.mul(2).requiresGrad, true);
}));

test('detach shares the elements and forgets where they came from', () => attn.scope(() => {
  const x = leaf([2]);
  const y = x.mul(x).detach();
  assert.deepEqual([y.requiresGrad, y.isLeaf, y.toArray()], [false, true, [4]]);
  y.mul(x).sum().backward();
  assert.deepEqual(x.grad.toArray(), [4]);
}));

/**
 * The slopes of Σ f(x)·g by central differences, the sums in double. Each output holds a few roundings, told by `terms`, so
 * that a difference is off by terms·ε·Σ|f·g| / h; and by h² · f‴/6, f‴ below 6 for all that is here.
 */
function slopesAgree(name, f, shape, { terms = 16, from = (v) => v } = {}) {
  attn.scope(() => {
    const h = 2 ** -8;
    const next = numbers(name.length);
    const start = attn.tensor(random(shape, () => from(next())));
    const run = (values) => attn.scope(() => f(attn.tensor(values, { shape })).data());
    const g = Float32Array.from(run(start.data()), () => next());
    const dot = (values) => values.reduce((sum, v, i) => sum + v * g[i], 0);
    const x = attn.tensor(start, { requiresGrad: true });
    const y = f(x);
    y.backward(attn.tensor(g, { shape: y.shape }));
    const gradient = x.grad.data();
    const [values, size] = [start.data(), run(start.data()).reduce((sum, v, i) => sum + Math.abs(v * g[i]), 0)];
    const tolerance = (terms * EPSILON * (1 + size)) / h + h * h;
    values.forEach((value, i) => {
      const at = (v) => dot(run(values.with(i, v)));
      const slope = (at(value + h) - at(value - h)) / (2 * h);
      assert.ok(Math.abs(slope - gradient[i]) <= tolerance, `${name} [${i}]: ${gradient[i]} is not ${slope} ± ${tolerance}`);
    });
  });
}

const weight = () => attn.tensor(random([4, 3], numbers(7)));
const positive = { from: (v) => 0.5 + Math.abs(v) };
for (const [name, f, shape, options] of [
  ['add', (x) => x.add([[1, 2, 3]]), [2, 3]], ['mul', (x) => x.mul(x.transpose(0, 1)), [3, 3]], ['div', (x) => attn.ones([2]).div(x), [2], positive],
  ['pow', (x) => x.pow(2.5), [4], positive], ['exp', (x) => x.exp(), [4]], ['log', (x) => x.log(), [4], positive], ['sqrt', (x) => x.sqrt(), [4], positive],
  ['tanh', (x) => x.tanh(), [4]], ['sigmoid', (x) => x.sigmoid(), [4]], ['gelu', (x) => x.gelu(), [4]], ['silu', (x) => x.silu(), [4]],
  ['matmul', (x) => x.matmul(weight()), [2, 4]], ['linear', (x) => F.linear(x, weight(), [1, 2, 3, 4]), [2, 3]], ['mean', (x) => x.mean(1), [2, 3]],
  ['slice', (x) => x.slice(1, 1), [2, 3]], ['index', (x) => x.index([1, 1, 0]), [2, 2]], ['cat', (x) => attn.cat([x, x.mul(2)]), [2, 2]],
  ['permute', (x) => x.permute(2, 0, 1).mul([[1], [2]]), [2, 2, 2]], ['maskedFill', (x) => x.maskedFill([1, 0, 0], 7), [3]],
  ['softmax', (x) => x.softmax(), [2, 4]], ['logSoftmax', (x) => x.logSoftmax(0), [4, 2]], ['layerNorm', (x) => F.layerNorm(x, { weight: [1, 2, 3, 4] }), [2, 4], { terms: 64 }],
  ['rmsNorm', (x) => F.rmsNorm(x), [2, 4], { terms: 64 }], ['embedding', (x) => F.embedding([1, 0, 1], x), [2, 3]],
  ['scaledDotProductAttention', (x) => F.scaledDotProductAttention(x, x.mul(0.5), x, { isCausal: true }), [1, 3, 2], { terms: 64 }],
  ['attend', (x) => attn.attend(x, x, x, { mask: 'causal' }).output, [3, 2], { terms: 64 }],
  ['crossEntropy', (x) => F.crossEntropy(x, [2, 0], { labelSmoothing: 0.2, weight: [1, 2, 3] }), [2, 3]],
  ['binaryCrossEntropyWithLogits', (x) => F.binaryCrossEntropyWithLogits(x, [1, 0, 0.5], { posWeight: [2, 2, 2] }), [3]], ['mseLoss', (x) => F.mseLoss(x, [1, 2], { reduction: 'sum' }), [2]],
]) test(`the gradient of ${name} is its slope`, () => slopesAgree(name, f, shape, options));

test('losses: every option counts', () => attn.scope(() => {
  const logits = attn.tensor([[1, 2, 3], [1, 0, -1]]);
  const rows = [[1, 2, 3], [1, 0, -1]].map((row) => row.map((v) => Math.log(row.reduce((sum, u) => sum + Math.exp(u), 0)) - v));
  const is = (tensor, expected) => close(tensor.toArray(), expected, 'loss');
  is(F.crossEntropy(logits, [0, 1]), (rows[0][0] + rows[1][1]) / 2);
  is(F.crossEntropy(logits, attn.tensor([0, 1], { dtype: 'int32' }), { reduction: 'sum' }), rows[0][0] + rows[1][1]);
  is(F.crossEntropy(logits, [0, 1], { reduction: 'none' }), [rows[0][0], rows[1][1]]);
  is(F.crossEntropy(logits, [0, 1], { ignoreIndex: 1 }), rows[0][0]);
  is(F.crossEntropy(logits, [0, 1], { weight: [3, 1, 1] }), (3 * rows[0][0] + rows[1][1]) / 4);
  is(F.crossEntropy(logits, [0, 1], { labelSmoothing: 0.3, reduction: 'none' }), rows.map((row, i) => 0.7 * row[i] + 0.1 * (row[0] + row[1] + row[2])));
  is(F.crossEntropy(logits, [[0.5, 0.5, 0], [0, 0, 1]], { reduction: 'none' }), [(rows[0][0] + rows[0][1]) / 2, rows[1][2]]);
  is(F.crossEntropy([1, 2, 3], 2), rows[0][2]);
  const soft = (x, t) => Math.log(1 + Math.exp(x)) - t * x;
  is(F.binaryCrossEntropyWithLogits([1, -2], [1, 0], { reduction: 'none' }), [soft(1, 1), soft(-2, 0)]);
  is(F.binaryCrossEntropyWithLogits([1, -2], [1, 0], { weight: [5, 7], reduction: 'sum' }), 5 * soft(1, 1) + 7 * soft(-2, 0));
  is(F.binaryCrossEntropyWithLogits([1, -2], [1, 0], { posWeight: 3 }), (3 * soft(1, 1) + soft(-2, 0)) / 2);
  is(F.mseLoss([1, 2], [3, 5]), 6.5);
  is(F.mseLoss([1, 2], [3, 5], { reduction: 'none' }), [4, 9]);
}));

test('dropout drops its share, keeps the mean, repeats with the seed, and rests outside of training', () => attn.scope(() => {
  const [n, p] = [10_000, 0.25];
  const x = attn.ones([n], { requiresGrad: true });
  attn.manualSeed(3);
  const y = F.dropout(x, { p });
  const dropped = y.data().filter((v) => v === 0).length;
  assert.ok(Math.abs(dropped - n * p) < 5 * Math.sqrt(n * p * (1 - p)), `${dropped} of ${n}`); // five standard deviations
  assert.ok(y.data().every((v) => v === 0 || v === Math.fround(1 / (1 - p))));
  y.sum().backward();
  assert.deepEqual(x.grad.data(), y.data(), 'the same elements backward');
  assert.notDeepEqual(F.dropout(x, { p }).data(), y.data());
  attn.manualSeed(3);
  assert.deepEqual(F.dropout(x, { p }).data(), y.data());
  assert.deepEqual(F.dropout(x, { p, training: false }).data(), x.data());
  assert.ok(F.dropout(x, { p: 1 }).data().every((v) => v === 0));
  assert.ok(F.dropout(x).data().some((v) => v === 2), 'p is 0.5 unless told');
}));

test('the row that embedding pads with gets no gradient', () => attn.scope(() => {
  const table = leaf([[1, 2], [3, 4], [5, 6]]);
  F.embedding([[0, 2], [2, 1]], table, { paddingIdx: 2 }).sum().backward();
  assert.deepEqual(table.grad.toArray(), [[1, 1], [1, 1], [0, 0]]);
}));

test('what a gradient needs stays, whoever disposes of it, and goes with the last of the graph', () => {
  const before = attn.memory();
  const x = leaf([1, 2, 3]);
  const gradient = () => attn.scope(() => x.grad.toArray());
  const loss = attn.scope(() => {
    const y = x.mul(x);
    const last = y.mul(y).sum();
    y.dispose();
    return last;
  });
  loss.backward();
  assert.deepEqual(gradient(), [4, 32, 108]);
  const kept = attn.scope(() => x.exp().mul(x).log().sum()); // its intermediates are freed for JavaScript, not for it
  x.grad = null;
  kept.backward();
  close(gradient(), [2, 1.5, 4 / 3], 'the slope of x + ln x');
  for (const tensor of [loss, kept, x]) tensor.dispose();
  assert.equal(attn.memory(), before);
});

test('a loss that is dropped without backward frees its graph', () => {
  const before = attn.memory();
  attn.scope(() => { leaf([1, 2, 3]).mul(2).exp().sum(); });
  assert.equal(attn.memory(), before);
});

const [x, whole, scalar] = [leaf([[1, 2], [3, 4]]), attn.tensor([[1, 2], [3, 4]], { dtype: 'int32' }), leaf(1)];
const spent = scalar.mul(2).mul(scalar);
spent.backward();
const freed = leaf([1]);
freed.dispose();
spell('gradients that cannot be had', [
  ['UNSUPPORTED', 'backward', () => spent.backward(), { message: /was freed by an earlier backward\(\)/ }],
  ['UNSUPPORTED', 'backward', () => attn.scope(() => attn.tensor(1).backward()), { message: /no input of this tensor \[\] requires a gradient/ }],
  ['SHAPE', 'backward', () => x.backward(), { message: 'backward: without a gradient this must hold one element, got [2,2]', shapes: [[2, 2]] }],
  ['SHAPE', 'backward', () => x.backward([1, 2]), { shapes: [[2, 2], [2]] }],
  ['TYPE', 'backward', () => x.backward(x, { retain: true })],
  ['TYPE', 'backward', () => x.backward(x, { retainGraph: 1 })],
  ['TYPE', 'backward', () => x.backward(whole)],
  ['TYPE', 'backward', () => freed.backward(), { message: /used after dispose/ }],
  ['TYPE', 'grad', () => freed.grad],
  ['TYPE', 'grad', () => { x.grad = [[1, 2], [3, 4]]; }],
  ['SHAPE', 'grad', () => attn.scope(() => { x.grad = attn.ones([2]); }), { shapes: [[2, 2], [2]] }],
  ['TYPE', 'grad', () => { x.grad = whole; }],
  ['TYPE', 'requiresGrad', () => { whole.requiresGrad = true; }, { message: /only tensors of float32/ }],
  ['TYPE', 'requiresGrad', () => { x.requiresGrad = 1; }],
  ['UNSUPPORTED', 'requiresGrad', () => attn.scope(() => { x.mul(2).requiresGrad = true; })],
  ['TYPE', 'tensor', () => attn.tensor([1], { dtype: 'int32', requiresGrad: true })],
  ['TYPE', 'ones', () => attn.ones([1], { requiresGrad: 'yes' })],
  ['TYPE', 'noGrad', () => attn.noGrad(async () => {}), { message: /must not be asynchronous/ }],
  ['TYPE', 'noGrad', () => attn.noGrad(3)],
  ['TYPE', 'detectAnomaly', () => attn.detectAnomaly('on')],
]);

spell('losses that cannot be had', [
  ['SHAPE', 'crossEntropy', () => F.crossEntropy(x, [0, 1, 1])],
  ['RANGE', 'crossEntropy', () => F.crossEntropy(x, [0, 2]), { message: /class from 0 to 1 or ignoreIndex -100, got 2/ }],
  ['RANGE', 'crossEntropy', () => F.crossEntropy(x, [0, 0.5])],
  ['SHAPE', 'crossEntropy', () => F.crossEntropy(x, [0, 1], { weight: [1] })],
  ['RANGE', 'crossEntropy', () => F.crossEntropy(x, [0, 1], { labelSmoothing: 2 })],
  ['TYPE', 'crossEntropy', () => F.crossEntropy(x, [0, 1], { reduction: 'batchmean' })],
  ['TYPE', 'crossEntropy', () => F.crossEntropy(x, [0, 1], { smoothing: 0.1 })],
  ['TYPE', 'crossEntropy', () => F.crossEntropy(whole, 1)],
  ['SHAPE', 'mseLoss', () => F.mseLoss(x, [1, 2])],
  ['SHAPE', 'binaryCrossEntropyWithLogits', () => F.binaryCrossEntropyWithLogits(x, 1)],
  ['SHAPE', 'binaryCrossEntropyWithLogits', () => F.binaryCrossEntropyWithLogits(x, x, { weight: [1, 2, 3] })],
  ...[-0.1, 1.1, NaN].map((p) => ['RANGE', 'dropout', () => F.dropout(x, { p, training: false }), { message: /p must be from 0 to 1/ }]),
  ['RANGE', 'embedding', () => F.embedding([2], x), { message: /every index must be from 0 to 1, got 2/ }],
  ['RANGE', 'embedding', () => F.embedding([1], x, { paddingIdx: 2 })],
  ['TYPE', 'embedding', () => F.embedding(x, x), { message: /indices must be int32, got float32/ }],
  ['SHAPE', 'embedding', () => F.embedding([0], [1, 2])],
]);

test('asked to, the core names the first operator that made a NaN, forward and backward, and goes on', () => attn.scope(() => {
  const [y, zero] = [leaf([-1, 1]), leaf(0)];
  const poison = () => y.log().mul(2).sum();
  assert.ok(Number.isNaN(poison().item()), 'not asked');
  attn.detectAnomaly(true);
  try {
    assert.throws(poison, { name: 'AttnError', code: 'RANGE', op: 'log', message: 'log: here the first NaN appears, in its result [2]' });
    const loss = zero.sqrt().mul(0); // the slope of the root at 0 is infinite, times 0
    assert.throws(() => loss.backward(), {
      name: 'AttnError', code: 'RANGE', op: 'backward', message: 'backward: sqrt: here the first NaN appears, in the gradient of an input []',
    });
    assert.equal(zero.grad, null);
    y.mul(y).sum().backward();
    assert.deepEqual(y.grad.toArray(), [-2, 2]);
  } finally {
    attn.detectAnomaly(false);
  }
  assert.ok(Number.isNaN(poison().item()), 'no longer asked');
}));

test('a gradient that does not fit in memory is refused, and the core goes on', () => {
  const before = threaded.memory();
  threaded.scope(() => {
    const wide = threaded.ones([2 ** 26], { requiresGrad: true }); // 256 MB of 1 GB
    const y = wide.mul(wide); // another, and each of the two gradients one more
    assert.throws(() => y.backward(y), { name: 'AttnError', code: 'OOM', op: 'backward', message: 'backward: no memory for a tensor of shape [67108864]' });
    assert.deepEqual(threaded.tensor([1, 2]).add(1).toArray(), [2, 3]);
  });
  assert.equal(threaded.memory(), before);
});
