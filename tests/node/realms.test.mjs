// What is made elsewhere: numbers and bytes of other realms and memories, and what others' tools make of our objects.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { isReactive, reactive, ref } from '@vue/reactivity';
import { attn, tidy } from './support/refusal.mjs';

const context = createContext({});
const elsewhere = (code) => runInContext(code, context);

const arrays = {
  'a typed array of another realm': () => elsewhere('new Float32Array([1, 2, 3])'),
  'integers of another realm': () => elsewhere('new Int16Array([1, 2, 3])'),
  'an array of another realm': () => elsewhere('[1, 2, 3]'),
  'a view of a part of another realm’s memory': () => elsewhere('new Float64Array(new Float64Array([0, 1, 2, 3]).buffer, 8)'),
  'a view of shared memory': () => { const x = new Float32Array(new SharedArrayBuffer(12)); x.set([1, 2, 3]); return x; },
  'a BigInt64Array': () => new BigInt64Array([1n, 2n, 3n]),
  'a BigUint64Array of another realm': () => elsewhere('new BigUint64Array([1n, 2n, 3n])'),
  'a Node Buffer': () => Buffer.from([1, 2, 3]),
};
for (const [what, make] of Object.entries(arrays)) {
  tidy(`${what} is taken for numbers and for indices`, () => {
    assert.deepEqual(attn.tensor(make()).toArray(), [1, 2, 3]);
    assert.deepEqual(attn.tensor(make(), { dtype: 'int32', shape: [3, 1] }).toArray(), [[1], [2], [3]]);
    assert.deepEqual(attn.tensor([make(), make()]).toArray(), [[1, 2, 3], [1, 2, 3]]);
    assert.deepEqual(attn.ones([3]).add(make()).toArray(), [2, 3, 4]);
    assert.deepEqual(attn.arange(4).index(make()).toArray(), [1, 2, 3]);
    assert.deepEqual(attn.F.embedding(make(), [[0], [1], [2], [3]]).toArray(), [[1], [2], [3]]);
  });
}

tidy('what does not fit an index is refused, of any width', () => {
  for (const far of [new BigInt64Array([2n ** 40n]), [2 ** 31], new Float64Array([0.5])]) {
    assert.throws(() => attn.tensor(far, { dtype: 'int32' }), { code: 'RANGE', message: /int32 holds whole numbers/ });
  }
  for (const none of [new DataView(new ArrayBuffer(4)), new ArrayBuffer(4), elsewhere('new ArrayBuffer(4)'), elsewhere('({})')]) {
    assert.throws(() => attn.tensor(none), { code: 'TYPE', message: /expected numbers, nested arrays of them or a typed array/ });
  }
});

tidy('the bytes of a file come as whatever holds bytes', () => {
  const file = attn.saveSafetensors({ x: [1, 2] });
  const copied = (into) => { into.set(file); return into; };
  const wider = copied(new Uint8Array(file.length + 8).subarray(3, file.length + 3));
  context.length = file.length;
  const forms = {
    'Uint8Array': file, 'a part of a larger one': wider, 'Buffer': Buffer.from(file), 'ArrayBuffer': file.slice().buffer, 'DataView': new DataView(file.slice().buffer),
    'shared view': copied(new Uint8Array(new SharedArrayBuffer(file.length))), 'SharedArrayBuffer': copied(new Uint8Array(new SharedArrayBuffer(file.length))).buffer,
    'Uint8Array of another realm': copied(elsewhere('new Uint8Array(length)')), 'ArrayBuffer of another realm': copied(elsewhere('new Uint8Array(length)')).buffer,
  };
  for (const [what, bytes] of Object.entries(forms)) assert.deepEqual(attn.loadSafetensors(bytes).tensors.x.toArray(), [1, 2], what);
  const layer = new attn.nn.Linear({ inFeatures: 1, outFeatures: 1 });
  attn.loadCheckpoint(Buffer.from(attn.saveCheckpoint(layer)), layer);
  for (const no of ['text', [1], new Float32Array(9), {}, null]) {
    assert.throws(() => attn.loadSafetensors(no), { code: 'TYPE', message: /expected the bytes of a file, a Uint8Array, got/ });
  }
});

tidy('structuredClone refuses what lives in the core', () => {
  const layer = new attn.nn.Linear({ inFeatures: 1, outFeatures: 1 });
  const gone = attn.ones([1]);
  gone.dispose();
  for (const one of [attn.ones([2]), gone, layer, new attn.optim.SGD(layer.parameters()), new attn.optim.EarlyStopping({ patience: 1 }), attn, { deep: [attn.ones([1])] }]) {
    assert.throws(() => structuredClone(one), { name: 'DataCloneError' });
  }
});

tidy('tensors and layers are equal to deepStrictEqual where their numbers are', () => {
  const x = (values, options) => attn.tensor(values, options);
  assert.deepStrictEqual(x([1, NaN]), x([1, NaN]));
  assert.deepStrictEqual({ a: [x([[1], [2]])] }, { a: [x([[1], [2]])] });
  for (const [a, b] of [[x([1, 2]), x([1, 3])], [x([[1, 2]]), x([1, 2])], [x([1]), x([1], { dtype: 'int32' })], [x([0]), x([-0])]]) {
    assert.throws(() => assert.deepStrictEqual(a, b), assert.AssertionError);
    assert.notDeepStrictEqual(a, b);
  }
  const layer = (seed) => {
    attn.manualSeed(seed);
    return new attn.nn.Linear({ inFeatures: 2, outFeatures: 1 });
  };
  assert.deepStrictEqual(layer(1), layer(1));
  assert.notDeepStrictEqual(layer(1), layer(2));
});

tidy('the console shows shape, dtype and the first elements', () => {
  const text = inspect(attn.tensor([[1, 2], [3, 4.5]]));
  assert.match(text, /^Tensor \{/);
  for (const part of ['shape: [ 2, 2 ]', "dtype: 'float32'", '1, 2, 3, 4.5']) assert.ok(text.includes(part), text);
  const large = inspect(attn.arange(0, 1e6, 1, { dtype: 'int32' }).reshape(10, 1000, 100));
  assert.ok(/shape: \[ 10, 1000, 100 \]/.test(large) && /first: Int32Array\(100\) \[\s+0,\s+1,\s+2,/.test(large) && large.length < 1000, large);
  assert.match(inspect(attn.arange(1000).reshape(10, 100).transpose(0, 1)), /first: Float32Array\(100\) \[\s+0,\s+100,\s+200,/);
  assert.match(inspect(attn.zeros([0, 3])), /shape: \[ 0, 3 \]/);
  assert.match(inspect(attn.tensor(5)), /shape: \[\].*5/s);
  assert.match(inspect(new attn.nn.Linear({ inFeatures: 1, outFeatures: 2 }), { depth: 5 }), /^Linear \{\s*weight: Tensor \{\s*shape: \[ 2, 1 \]/);
  const gone = attn.ones([1]);
  gone.dispose();
  assert.equal(inspect(gone), 'Tensor { disposed: true }');
  assert.equal(`${attn.ones([2, 3])}`, 'Tensor [2,3] float32');
  assert.equal(JSON.stringify({ x: attn.tensor([[1, 2]]) }), '{"x":[[1,2]]}');
});

tidy('Vue’s ref and reactive leave what lives in the core as it is', () => {
  const x = attn.tensor([1, 2]);
  const layer = new attn.nn.Linear({ inFeatures: 2, outFeatures: 1 });
  const state = reactive({ x, list: [x], layer, attn });
  assert.equal(ref(x).value, x);
  assert.equal(state.list[0], x);
  assert.deepEqual(ref(x).value.add(state.x).toArray(), [2, 4]);
  assert.deepEqual(state.layer.forward(state.x).shape, [1]);
  assert.deepEqual(new state.attn.nn.ReLU().forward(x).toArray(), [1, 2]);
  assert.ok(isReactive(state.list) && !isReactive(state.x) && !isReactive(state.layer));
});

tidy('tools that walk all properties of an object, as React’s do, meet no error', () => {
  const gone = attn.ones([1]);
  gone.dispose();
  for (const one of [attn.ones([2]), gone, new attn.nn.ReLU(), new attn.models.GPT({ vocabSize: 2, maxLength: 2, dModel: 2, numHeads: 1, numLayers: 1 })]) {
    for (const name of ['$$typeof', 'then', 'nodeType', 'tagName', Symbol.iterator, Symbol.toStringTag, 'constructor', 'hasOwnProperty', 'toJSON']) void one[name];
    for (const key of Reflect.ownKeys(one)) void one[key];
    assert.equal(String(Object.prototype.toString.call(one)), '[object Object]');
  }
});
