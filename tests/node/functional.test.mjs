// attn.F and attn.nn against the formulae in double precision.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as reference from '../reference.mjs';
import { close, loadBoth, numbers, random, sameBits } from './support/numbers.mjs';

const [attn, threaded] = await loadBoth();

test('the fused attention agrees with attend, each of its options having an effect', () => {
  const next = numbers(1);
  const [q, k, v, attnMask] = [[9, 5], [12, 5], [12, 3], [9, 12]].map((shape) => random(shape, next));
  attnMask[3].fill(-Infinity);
  const plain = attn.F.scaledDotProductAttention(q, k, v).toArray();
  for (const [options, meant] of [
    [{}, {}],
    [{ isCausal: true }, { mask: 'causal' }],
    [{ scale: 0.3 }, { scale: 0.3 }],
    [{ attnMask }, { mask: { additive: attnMask } }],
    [{ attnMask: attn.tensor(attnMask), isCausal: true, scale: 2 }, { mask: { additive: attnMask, causal: true }, scale: 2 }],
  ]) {
    const actual = attn.F.scaledDotProductAttention(q, k, v, options).toArray();
    close(actual, reference.attend(q, k, v, meant).output, JSON.stringify(meant), 200);
    if (Object.keys(options).length > 0) assert.notDeepEqual(actual, plain);
  }
});

test('grouped queries: each head of keys serves several of queries', () => {
  const next = numbers(11);
  const heads = (n, rows, columns) => Array.from({ length: n }, () => random([rows, columns], next));
  const [q, k, v] = [heads(4, 3, 5), heads(2, 6, 5), heads(2, 6, 2)];
  const [actual] = attn.F.scaledDotProductAttention([q], [k], [v], { enableGqa: true }).toArray();
  for (let h = 0; h < 4; h += 1) close(actual[h], reference.attend(q[h], k[h >> 1], v[h >> 1], {}).output, `head ${h}`, 200);
  assert.throws(() => attn.F.scaledDotProductAttention([q], [k], [v]), { code: 'SHAPE' });
  assert.throws(() => attn.F.scaledDotProductAttention([q], [heads(3, 6, 5)], [heads(3, 6, 2)], { enableGqa: true }), { code: 'SHAPE' });
});

test('layer norm and RMS norm are their formulae, weight and bias or not', () => {
  const next = numbers(12);
  const [x, weight, bias] = [[7, 33], [33], [33]].map((shape) => random(shape, next));
  const mean = (row) => row.reduce((sum, a) => sum + a, 0) / row.length;
  const square = (row) => mean(row.map((a) => a * a));
  for (const eps of [1e-5, 0.1]) {
    const centred = x.map((row) => row.map((a) => a - mean(row)));
    const normed = centred.map((row) => row.map((a) => a / Math.sqrt(square(row) + eps)));
    const scaled = x.map((row) => row.map((a) => a / Math.sqrt(square(row) + eps)));
    const affine = (rows, b) => rows.map((row) => row.map((a, i) => a * weight[i] + (b ? b[i] : 0)));
    close(attn.F.layerNorm(x, { eps }).toArray(), normed, 'layerNorm', 50);
    close(attn.F.layerNorm(x, { weight, bias, eps }).toArray(), affine(normed, bias), 'layerNorm, affine', 50);
    close(attn.F.rmsNorm(x, { eps }).toArray(), scaled, 'rmsNorm', 50);
    close(attn.F.rmsNorm(x, { weight, eps }).toArray(), affine(scaled), 'rmsNorm, weight', 50);
  }
  assert.throws(() => attn.F.layerNorm(x, { weight: [1, 2] }), { code: 'SHAPE' });
  assert.throws(() => attn.F.rmsNorm(x, { bias }), { code: 'TYPE' });
});

test('a mask that broadcasts over queries works in both paths', () => {
  const next = numbers(2);
  const [q, k, v, row] = [[4, 5], [6, 5], [6, 3], [6]].map((shape) => random(shape, next));
  const expected = reference.attend(q, k, v, { mask: { additive: q.map(() => row) } }).output;
  for (const mask of [row, [row]]) {
    close(attn.F.scaledDotProductAttention(q, k, v, { attnMask: mask }).toArray(), expected, 'fused', 200);
    close(attn.attend(q, k, v, { mask: { additive: mask } }).output.toArray(), expected, 'plain', 200);
  }
});

test('multi-head attention with projections, self and cross, with and without biases and mask', () => {
  const next = numbers(3);
  const [E, T, S] = [6, 4, 5];
  const [q, k, v] = [[T, E], [S, E], [S, E]].map((shape) => random(shape, next));
  const weights = { inProjWeight: random([3 * E, E], next), outProjWeight: random([E, E], next) };
  const biases = { inProjBias: random([3 * E], next), outProjBias: random([E], next) };
  // Two projections of 6 terms each under the exponential.
  for (const numHeads of [1, 2, 3]) {
    for (const extra of [{}, biases, { mask: 'causal' }, { ...biases, mask: { window: 1 } }]) {
      for (const args of [[q, k, v], [q, q, q]]) {
        const options = { numHeads, ...weights, ...extra };
        const [output, perHead] = attn.F.multiHeadAttentionForward(...args, options);
        const [expected, expectedWeights] = reference.multiHead(...args, { mask: 'none', ...options });
        assert.deepEqual(perHead.shape, [numHeads, T, args[1].length]);
        close(perHead.toArray(), expectedWeights, 'weights', 1000);
        close(output.toArray(), expected, 'output', 4000);
      }
    }
  }
  const [output, perHead] = attn.F.multiHeadAttentionForward([q, q], [k, k], [v, v], { numHeads: 2, ...weights });
  assert.deepEqual([output.shape, perHead.shape], [[2, T, E], [2, 2, T, S]]);
});

test('linear is x Wᵀ + b, with or without b', () => {
  const next = numbers(4);
  const [x, weight, bias] = [[3, 5], [4, 5], [4]].map((shape) => random(shape, next));
  close(attn.F.linear(x, weight).toArray(), reference.linear(x, weight), 'linear');
  close(attn.F.linear(x, weight, null).toArray(), reference.linear(x, weight), 'linear, null');
  close(attn.F.linear([x, x], weight, bias).toArray(), [x, x].map((one) => reference.linear(one, weight, bias)), 'with bias');
});

test('conv1d with bias, stride and padding', () => {
  const next = numbers(5);
  const [input, weight, bias] = [[3, 11], [2, 3, 4], [2]].map((shape) => random(shape, next));
  for (const options of [{}, { bias }, { stride: 2 }, { padding: 3 }, { bias, stride: 3, padding: 2 }]) {
    close(attn.F.conv1d([input, input], weight, options).toArray(), [0, 1].map(() => reference.conv1d(input, weight, options)), JSON.stringify(options), 64);
  }
});

test('entropy of rows, in nats', () => {
  const rows = [[0.5, 0.5, 0, 0], [1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]];
  close(attn.F.entropy(rows).toArray(), rows.map(reference.entropy), 'entropy');
  close(attn.F.entropy([rows, rows]).toArray(), [rows, rows].map((all) => all.map(reference.entropy)), 'entropy, batched');
});

test('sinusoidal positions, odd widths too', () => {
  for (const [length, dim] of [[7, 6], [3, 5], [1, 1], [200, 16]]) {
    // Position 199's angle is rounded once, by at most 199·epsilon/2.
    close(attn.nn.sinusoidal({ length, dim }).toArray(), reference.sinusoidal(length, dim), `${length} × ${dim}`, 200);
  }
});

test('gelu is exact, or of the tanh form, in each of its three places', () => {
  const x = [1, -1, 3];
  const layer = (options) => new attn.nn.GELU(options).forward(x);
  for (const f of [(options) => attn.tensor(x).gelu(options), (options) => attn.F.gelu(x, options), layer]) {
    for (const options of [undefined, {}, { approximate: 'none' }]) sameBits(f(options), attn.tensor(x).gelu(), 'exact');
    close(f().toArray(), [0.8413447, -0.1586553, 2.9959502], 'exact');
    close(f({ approximate: 'tanh' }).toArray(), [0.8411920, -0.1588080, 2.9963627], 'tanh'); // PyTorch's
    assert.throws(() => f({ approximate: 'erf' }), { code: 'TYPE', message: /approximate must be one of 'none', 'tanh', got 'erf'/ });
    assert.throws(() => f('tanh'), { code: 'TYPE', message: /options must be an object, got 'tanh'/ });
  }
  const leaf = attn.tensor(x, { requiresGrad: true });
  leaf.gelu({ approximate: 'tanh' }).sum().backward();
  close(leaf.grad.toArray(), x.map((v) => {
    const f = (at) => (at / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (at + 0.044715 * at ** 3)));
    return (f(v + 1e-5) - f(v - 1e-5)) / 2e-5;
  }), 'its slope');
});

test('functions that are methods too do the same', () => {
  const next = numbers(6);
  const x = random([3, 4], next);
  for (const name of ['softmax', 'logSoftmax', 'relu', 'gelu', 'silu']) sameBits(attn.F[name](x), attn.tensor(x)[name](), name);
  for (const dim of [0, 1, -1, -2]) {
    sameBits(attn.F.softmax(x, dim), attn.tensor(x).softmax(dim), `softmax ${dim}`);
    sameBits(attn.F.logSoftmax(x, dim), attn.tensor(x).logSoftmax(dim), `logSoftmax ${dim}`);
  }
});

test('one thread and two give the same bits on larger problems', () => {
  const results = [attn, threaded].map((core) => {
    core.manualSeed(3);
    const x = core.randn([4, 70, 32]);
    return {
      linear: core.F.linear(x, core.randn([90, 32]), core.randn([90])),
      conv1d: core.F.conv1d(x, core.randn([16, 70, 5]), { padding: 2 }),
      entropy: core.F.entropy(x.softmax()),
      multiHead: core.F.multiHeadAttentionForward(x, x, x, { numHeads: 4, inProjWeight: core.randn([96, 32]), outProjWeight: core.randn([32, 32]) })[0],
      sinusoidal: core.nn.sinusoidal({ length: 300, dim: 64 }),
    };
  });
  for (const name of Object.keys(results[0])) sameBits(results[0][name], results[1][name], name);
});
