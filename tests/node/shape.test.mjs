// Changes of shape, reductions and random numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relaxedSimdFlags } from '../../tools/toolchain/emscripten.mjs';
import { transpose } from '../reference.mjs';
import { close, loadBoth, numbers, random, sameBits } from './support/numbers.mjs';
import { node, root } from './support/package.mjs';

const [attn, threaded] = await loadBoth();
const cube = random([2, 3, 4], numbers(1));
const x = attn.tensor(cube);
const is = (tensor, expected, shape) => {
  assert.deepEqual(tensor.toArray(), expected);
  if (shape) assert.deepEqual(tensor.shape, shape);
};

test('reshape, with one size left to find', () => {
  const flat = cube.flat(2);
  is(x.reshape(24), flat, [24]);
  is(x.reshape([24]), flat, [24]);
  is(x.reshape(-1), flat, [24]);
  assert.deepEqual(x.reshape(6, -1).shape, [6, 4]);
  assert.deepEqual(x.reshape([-1, 2, 2]).shape, [6, 2, 2]);
  is(x.reshape(6, 4), cube.flat(1), [6, 4]);
  is(attn.tensor([[1, 2], [3, 4]]).transpose(0, 1).reshape(4), [1, 3, 2, 4], [4]);
  is(attn.tensor(5).reshape(1, 1), [[5]], [1, 1]);
  is(attn.zeros([0, 3]).reshape(3, 0), [[], [], []], [3, 0]);
});

test('transpose and permute, also by negative dimensions', () => {
  is(x.transpose(1, 2), cube.map(transpose), [2, 4, 3]);
  is(x.transpose(-1, -2), cube.map(transpose), [2, 4, 3]);
  is(x.permute(0, 2, 1), cube.map(transpose), [2, 4, 3]);
  is(x.permute([2, 0, 1]), Array.from({ length: 4 }, (_, k) => cube.map((plane) => plane.map((row) => row[k]))), [4, 2, 3]);
  is(x.permute(-3, -1, -2), cube.map(transpose), [2, 4, 3]);
});

test('slice counts negative places from the end, clamps, and may be empty', () => {
  const y = attn.arange(10);
  for (const [start, end] of [[2, 5], [0, 10], [-3, 10], [-3, -1], [4, -4], [0, 99], [-99, 2], [7, 3], [10, 10], [3]]) {
    is(y.slice(0, start, end), Array.from({ length: 10 }, (_, i) => i).slice(start, end));
  }
  is(x.slice(1, 1), cube.map((plane) => plane.slice(1)), [2, 2, 4]);
  is(x.slice(-1, 1, 3), cube.map((plane) => plane.map((row) => row.slice(1, 3))), [2, 3, 2]);
});

test('index picks rows, repeated and in any order, in any shape', () => {
  is(x.index([1, 0, 1]), [cube[1], cube[0], cube[1]], [3, 3, 4]);
  is(x.index([[0], [1]]), [[cube[0]], [cube[1]]], [2, 1, 3, 4]);
  is(x.index(1), cube[1], [3, 4]);
  is(x.index(attn.tensor([1], { dtype: 'int32' })), [cube[1]], [1, 3, 4]);
  is(x.index(Int32Array.of(0)), [cube[0]], [1, 3, 4]);
});

test('cat and stack along any dimension, tensors and numbers mixed', () => {
  is(attn.cat([x, cube]), [...cube, ...cube], [4, 3, 4]);
  is(attn.cat([x, x.slice(1, 0, 1)], 1), cube.map((plane) => [...plane, plane[0]]), [2, 4, 4]);
  is(attn.cat([[[1], [2]], [[3, 4], [5, 6]]], -1), [[1, 3, 4], [2, 5, 6]], [2, 3]);
  is(attn.stack([[1, 2], [3, 4]]), [[1, 2], [3, 4]], [2, 2]);
  is(attn.stack([[1, 2], [3, 4]], 1), [[1, 3], [2, 4]], [2, 2]);
  is(attn.stack([attn.tensor([1, 2]), [3, 4]], -1), [[1, 3], [2, 4]], [2, 2]);
  assert.equal(attn.cat([attn.zeros([1], { dtype: 'int32' }), attn.ones([1], { dtype: 'int32' })]).dtype, 'int32');
});

test('maskedFill puts the value wherever the mask is not 0', () => {
  is(attn.tensor([[1, 2], [3, 4]]).maskedFill([[0, 1], [0, 0]], -Infinity), [[1, -Infinity], [3, 4]]);
  is(attn.tensor([[1, 2], [3, 4]]).maskedFill([2, 0], 0), [[0, 2], [0, 4]]);
  is(attn.tensor([[NaN, 2]]).maskedFill([[1, 0]], 9), [[9, 2]]);
});

const reductions = {
  sum: (list) => list.reduce((a, b) => a + b, 0),
  mean: (list) => list.reduce((a, b) => a + b, 0) / list.length,
  max: (list) => Math.max(...list),
};
for (const [name, f] of Object.entries(reductions)) {
  test(`${name} over one dimension, over all, and with keepdim`, () => {
    close(x[name]().toArray(), f(cube.flat(2)), 'all', 24);
    close(x[name](2).toArray(), cube.map((plane) => plane.map(f)), 'last');
    close(x[name](-2).toArray(), cube.map((plane) => transpose(plane).map(f)), 'middle');
    close(x[name](0).toArray(), cube[0].map((row, i) => row.map((_, j) => f([cube[0][i][j], cube[1][i][j]]))), 'first');
    close(x[name](1, { keepdim: true }).toArray(), cube.map((plane) => [transpose(plane).map(f)]), 'keepdim');
    assert.deepEqual(x[name](undefined, { keepdim: true }).shape, [1, 1, 1]);
    assert.deepEqual(x[name](0, { keepdim: false }).shape, [3, 4]);
    close(x.transpose(0, 2)[name](0).toArray(), transpose(cube.map((plane) => plane.map(f))), 'transposed');
  });
}

test('reductions of nothing: a sum is 0, a mean NaN', () => {
  assert.equal(attn.zeros([0]).sum().item(), 0);
  assert.equal(attn.zeros([0]).mean().item(), NaN);
  is(attn.zeros([2, 0]).sum(1), [0, 0]);
});

test('the same seed gives the same numbers again, another seed others', () => {
  for (const make of ['rand', 'randn']) {
    const draw = (core, seed) => {
      core.manualSeed(seed);
      return [core[make]([3, 5]), core[make]([4])];
    };
    const [first, again, threads] = [draw(attn, 7), draw(attn, 7), draw(threaded, 7)];
    for (const i of [0, 1]) {
      sameBits(first[i], again[i], `${make} again`);
      sameBits(first[i], threads[i], `${make} with two threads`);
    }
    assert.notDeepEqual(draw(attn, 8)[0].data(), first[0].data());
    assert.notDeepEqual(attn[make]([4]).data(), attn[make]([4]).data(), 'a stream goes on');
  }
});

test('rand is uniform on [0, 1), randn standard normal', () => {
  attn.manualSeed(1);
  const n = 1e5;
  const moments = (data) => [1, 2].map((power) => data.reduce((sum, value) => sum + value ** power, 0) / n);
  const uniform = attn.rand([n]).data();
  assert.ok(uniform.every((value) => value >= 0 && value < 1));
  // Five standard errors of each moment.
  const near = (actual, expected, variance) => assert.ok(Math.abs(actual - expected) < 5 * Math.sqrt(variance / n), `${actual}, ${expected}`);
  const [mean, square] = moments(uniform);
  near(mean, 1 / 2, 1 / 12);
  near(square, 1 / 3, 4 / 45);
  const [normalMean, normalSquare] = moments(attn.randn([n]).data());
  near(normalMean, 0, 1);
  near(normalSquare, 1, 2);
});

test('both kinds of SIMD draw the same numbers', async () => {
  const program = `
    const { load } = await import('./dist/node.js');
    for (const simd of ['fixed', 'relaxed']) {
      const attn = await load({ threads: 1, simd });
      attn.manualSeed(2 ** 53 - 1);
      console.log(Buffer.from(attn.cat([attn.rand([500]), attn.randn([501])]).data().buffer).toString('hex'));
    }`;
  const { stdout, stderr } = await node([...relaxedSimdFlags, '--input-type=module', '--eval', program], { cwd: root });
  const [fixed, relaxed] = stdout.trim().split('\n');
  assert.equal(fixed?.length, 1001 * 8, stderr);
  assert.equal(relaxed, fixed);
});
