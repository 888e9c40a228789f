// Tensors: how they are made and read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../../dist/node.js';

const attn = await load({ threads: 1 });
const is = (tensor, expected, shape, dtype = 'float32') => {
  assert.deepEqual(tensor.toArray(), expected);
  if (shape) assert.deepEqual(tensor.shape, shape);
  assert.equal(tensor.dtype, dtype);
};

test('tensor takes nested numbers, typed arrays, scalars and tensors', () => {
  is(attn.tensor([[1, 2, 3], [4, 5, 6]]), [[1, 2, 3], [4, 5, 6]], [2, 3]);
  is(attn.tensor(7), 7, []);
  is(attn.tensor([]), [], [0]);
  is(attn.tensor([[], []]), [[], []], [2, 0]);
  is(attn.tensor([[[[1]]]]), [[[[1]]]], [1, 1, 1, 1]);
  const deep = Array.from({ length: 32 }).reduce((inner) => [inner], 1);
  is(attn.tensor(deep), deep, new Array(32).fill(1));
  for (const Type of [Float32Array, Float64Array, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]) {
    is(attn.tensor(Type.of(1, 2, 3)), [1, 2, 3], [3]);
    is(attn.tensor([Type.of(1, 2), Type.of(3, 4)]), [[1, 2], [3, 4]], [2, 2]);
  }
  is(attn.tensor([0.1, 1e300, NaN, -Infinity]), [Math.fround(0.1), Infinity, NaN, -Infinity]);
});

test('tensor takes a shape and a dtype', () => {
  is(attn.tensor([1, 2, 3, 4, 5, 6], { shape: [3, 2] }), [[1, 2], [3, 4], [5, 6]], [3, 2]);
  is(attn.tensor([[1, 2], [3, 4]], { shape: [4] }), [1, 2, 3, 4], [4]);
  is(attn.tensor([5], { shape: [] }), 5, []);
  is(attn.tensor([1, -2, 2 ** 31 - 1], { dtype: 'int32' }), [1, -2, 2 ** 31 - 1], [3], 'int32');
});

test('a copy is a copy: elements, shape and dtype of its own', () => {
  const x = attn.tensor([[1, 2], [3, 4]], { dtype: 'int32' });
  const copies = [attn.tensor(x), attn.tensor(x, { shape: [4] }), attn.tensor(x, { dtype: 'float32' })];
  x.dispose();
  is(copies[0], [[1, 2], [3, 4]], [2, 2], 'int32');
  is(copies[1], [1, 2, 3, 4], [4], 'int32');
  is(copies[2], [[1, 2], [3, 4]], [2, 2], 'float32');
  is(attn.tensor(attn.tensor([[1, 2, 3]]).transpose(0, 1)), [[1], [2], [3]], [3, 1]);
});

test('zeros, ones, full, arange, eye', () => {
  is(attn.zeros([2, 2]), [[0, 0], [0, 0]]);
  is(attn.zeros([2], { dtype: 'int32' }), [0, 0], [2], 'int32');
  is(attn.ones([3]), [1, 1, 1]);
  is(attn.ones([1, 2], { dtype: 'int32' }), [[1, 1]], [1, 2], 'int32');
  is(attn.full([2], -2.5), [-2.5, -2.5]);
  is(attn.full([], 3), 3, []);
  is(attn.arange(4), [0, 1, 2, 3]);
  is(attn.arange(1, 4), [1, 2, 3]);
  is(attn.arange(0, 1, 0.25), [0, 0.25, 0.5, 0.75]);
  is(attn.arange(3, 0, -2), [3, 1]);
  is(attn.arange(2, 9, 3, { dtype: 'int32' }), [2, 5, 8], [3], 'int32');
  is(attn.arange(0), [], [0]);
  is(attn.eye(2), [[1, 0], [0, 1]]);
});

test('item, toArray, data, size and shape', () => {
  const x = attn.tensor([[1, 2, 3], [4, 5, 6]]);
  assert.deepEqual(x.data(), Float32Array.of(1, 2, 3, 4, 5, 6));
  assert.deepEqual(x.transpose(0, 1).data(), Float32Array.of(1, 4, 2, 5, 3, 6));
  assert.deepEqual(attn.tensor([1, 2], { dtype: 'int32' }).data(), Int32Array.of(1, 2));
  assert.equal(x.size, 6);
  assert.ok(Object.isFrozen(x.shape));
  assert.equal(attn.tensor(2.5).item(), 2.5);
  assert.equal(attn.tensor([[2.5]]).item(), 2.5);
  const copy = x.data();
  copy.fill(0);
  assert.equal(x.slice(0, 0, 1).sum().item(), 6, 'data() is a copy');
});

/** Grows the memory by 64 MB while a large result is copied out: a view that outlived it would be empty or stale. */
test('elements are right after the memory has grown', () => {
  const x = attn.tensor([1, 2, 3]);
  const large = attn.full([2 ** 24], 7);
  is(x, [1, 2, 3]);
  const data = large.data();
  assert.ok(data.length === 2 ** 24 && data.every((value) => value === 7));
  large.dispose();
});
