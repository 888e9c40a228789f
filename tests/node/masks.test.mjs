// Masks: what they are made of tells boolean from additive, and PyTorch's sense tells what a true says. Of what they do beside
// that, attend.test.mjs and nn-attention.test.mjs speak.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import { load } from '../../dist/node.js';
import { numbers, random } from './support/numbers.mjs';
import { attn, mha, MHA, q, refuses, SDPA, tidy } from './support/refusal.mjs';

const { nn, F } = attn;
const allowed = [[1, 0, 1], [1, 1, 0], [0, 0, 1]];
const forbidden = allowed.map((row) => row.map((flag) => 1 - flag));
const added = (flags) => flags.map((row) => row.map((flag) => (flag ? 0 : -Infinity)));

const integers = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array];
const bigs = [BigInt64Array, BigUint64Array];
const floats = [Float32Array, Float64Array];
/** A mask of zeros and ones in each way that makes it boolean. */
const booleans = (flags) => [
  flags.map((row) => row.map(Boolean)),
  ...integers.map((Type) => flags.map((row) => Type.from(row))),
  ...bigs.map((Type) => flags.map((row) => Type.from(row, BigInt))),
  flags.map((row) => Buffer.from(row)),
  vm.runInNewContext(`[${flags.map((row) => `Uint8Array.of(${row})`)}]`),
  vm.runInNewContext(JSON.stringify(flags.map((row) => row.map(Boolean)))),
  flags.map((row) => Uint32Array.from(row, (flag) => flag * 4e9)), // as non-zero as 1
  flags.map((row) => BigInt64Array.from(row, (flag) => BigInt(flag) << 40n)),
  attn.tensor(flags, { dtype: 'int32' }),
  attn.tensor(flags, { dtype: 'int32' }).transpose(0, 1).reshape(-1).reshape(3, 3).transpose(0, 1),
];
/** What a mask lets through, in each place that takes one. */
const attending = {
  attend: (mask) => attn.attend(q, q, q, { mask }).masked,
  'attend, additive': (mask) => attn.attend(q, q, q, { mask: { additive: mask } }).masked,
  [SDPA]: (mask) => F.scaledDotProductAttention(q, q, q, { attnMask: mask }),
  [MHA]: (mask) => F.multiHeadAttentionForward(q, q, q, { ...mha, mask })[1],
  [`${MHA}, additive`]: (mask) => F.multiHeadAttentionForward(q, q, q, { ...mha, mask: { additive: mask } })[1],
};
const sizes = { dModel: 4, nhead: 2, dimFeedforward: 4, dropout: 0, batchFirst: true };
const heads = { embedDim: 2, numHeads: 1, batchFirst: true };
const y = random([3, 4], numbers(1));
const made = {
  MultiheadAttention: new nn.MultiheadAttention(heads), DynamicAttention: new nn.DynamicAttention(heads),
  AdditiveAttention: new nn.AdditiveAttention({ queryDim: 2, keyDim: 2, attentionDim: 2 }),
  TransformerEncoderLayer: new nn.TransformerEncoderLayer(sizes), TransformerEncoder: new nn.TransformerEncoder({ ...sizes, numLayers: 1 }),
  TransformerDecoderLayer: new nn.TransformerDecoderLayer(sizes), TransformerDecoder: new nn.TransformerDecoder({ ...sizes, numLayers: 1 }),
  Classifier: new attn.models.Classifier({ vocabSize: 4, maxLength: 3, numClasses: 2, dModel: 2, numHeads: 1, numLayers: 1, pooling: 'mean' }),
};
const tokens = [[1, 2, 3], [3, 2, 1], [1, 1, 2]];
const forbidding = {
  'MultiheadAttention: attnMask': (mask) => made.MultiheadAttention.forward(q, q, q, { attnMask: mask })[1],
  'DynamicAttention: attnMask': (mask) => made.DynamicAttention.forward(q, q, q, { attnMask: mask })[1],
  'TransformerEncoderLayer: srcMask': (mask) => made.TransformerEncoderLayer.forward(y, { srcMask: mask }),
  'TransformerEncoder: mask': (mask) => made.TransformerEncoder.forward(y, { mask }),
  'TransformerDecoderLayer: tgtMask': (mask) => made.TransformerDecoderLayer.forward(y, y, { tgtMask: mask }),
  'TransformerDecoder: memoryMask': (mask) => made.TransformerDecoder.forward(y, y, { memoryMask: mask }),
};
const padding = {
  'MultiheadAttention: keyPaddingMask': (mask) => made.MultiheadAttention.forward([q, q, q], [q, q, q], [q, q, q], { keyPaddingMask: mask })[0],
  'AdditiveAttention: keyPaddingMask': (mask) => made.AdditiveAttention.forward([q, q, q], [q, q, q], [q, q, q], { keyPaddingMask: mask })[1],
  'TransformerEncoderLayer: srcKeyPaddingMask': (mask) => made.TransformerEncoderLayer.forward([y, y, y], { srcKeyPaddingMask: mask }),
  'TransformerDecoder: tgtKeyPaddingMask': (mask) => made.TransformerDecoder.forward([y, y, y], [y, y, y], { tgtKeyPaddingMask: mask }),
  'TransformerDecoderLayer: memoryKeyPaddingMask': (mask) => made.TransformerDecoderLayer.forward([y, y, y], [y, y, y], { memoryKeyPaddingMask: mask }),
};

tidy('of functions, true may be attended to, in every way to say it', () => {
  for (const [place, run] of Object.entries(attending)) {
    const want = run(added(allowed)).toArray();
    assert.notDeepEqual(run(added(forbidden)).toArray(), want, place);
    for (const mask of booleans(allowed)) assert.deepEqual(run(mask).toArray(), want, `${place}: ${mask}`);
  }
});

tidy('of layers, true may not be attended to, in every way to say it', () => {
  for (const [place, run] of Object.entries({ ...forbidding, ...padding })) {
    const want = run(added(allowed)).toArray();
    assert.notDeepEqual(run(added(forbidden)).toArray(), want, place);
    for (const mask of booleans(forbidden)) assert.deepEqual(run(mask).toArray(), want, `${place}: ${mask}`);
  }
  // A classifier's padding is boolean alone.
  const run = (mask) => made.Classifier.forward(tokens, { keyPaddingMask: mask }).toArray();
  const [want, ...others] = booleans([[0, 0, 1], [0, 0, 0], [0, 1, 1]]).map(run);
  for (const other of others) assert.deepEqual(other, want);
  assert.notDeepEqual(run([[false, false, false], [false, false, false], [false, false, false]]), want);
  assert.deepEqual(made.MultiheadAttention.forward(q, q, q, { keyPaddingMask: Uint8Array.of(0, 0, 1) })[1].toArray().map((row) => row[2]), [0, 0, 0]);
});

tidy('float arrays are added, whatever they hold', () => {
  const biases = [[0.5, -1, 2], [0, 0.25, 1], [-3, 0, 0]];
  const ways = [biases, ...floats.map((Type) => biases.map((row) => Type.from(row))), attn.tensor(biases)];
  const scores = attn.attend(q, q, q).scaled.add(biases).toArray();
  for (const mask of ways) assert.deepEqual(attending.attend(mask).toArray(), scores);
  for (const run of [...Object.values(attending), ...Object.values(forbidding)]) {
    const [want, ...others] = ways.map((mask) => run(mask).toArray());
    for (const other of others) assert.deepEqual(other, want);
  }
});

tidy('maskedFill fills where a mask is true, or not 0', () => {
  const x = attn.tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
  for (const mask of [...booleans(allowed), allowed, attn.tensor(allowed)]) {
    assert.deepEqual(x.maskedFill(mask, 0).toArray(), [[0, 2, 0], [0, 0, 6], [7, 8, 0]]);
  }
  assert.deepEqual(x.maskedFill([true, false, false], -1).toArray(), [[-1, 2, 3], [-1, 5, 6], [-1, 8, 9]]);
});

test('what is both, or neither, is refused', () => {
  const both = /must hold booleans \(or rows of integers\), or numbers, not both/;
  const row = attn.ones([3]);
  for (const mixed of [[[true, 1, 0]], [[1, 0, true]], [[true, false, true], [0, 1, 0]], [Uint8Array.of(1, 0, 1), [0, 0, 1]], [Float32Array.of(0, 0, 1), Uint8Array.of(1, 0, 1)]]) {
    refuses(() => attn.attend(q, q, q, { mask: mixed }), { code: 'TYPE', op: 'attend', message: both });
    refuses(() => F.scaledDotProductAttention(q, q, q, { attnMask: mixed }), { code: 'TYPE', op: SDPA, message: both });
    refuses(() => made.MultiheadAttention.forward(q, q, q, { attnMask: mixed }), { code: 'TYPE', op: 'MultiheadAttention', message: both });
    refuses(() => row.maskedFill(mixed, 0), { code: 'TYPE', op: 'maskedFill', message: both });
  }
  for (const wrong of ['causal', [['a']], [[null]], [[{}]], [[true, false], [true]]]) {
    const code = wrong[1] ? /SHAPE|TYPE/ : /TYPE/;
    assert.throws(() => F.scaledDotProductAttention(q, q, q, { attnMask: wrong }), { name: 'AttnError', code });
    assert.throws(() => made.MultiheadAttention.forward(q, q, q, { attnMask: wrong }), { name: 'AttnError', code });
  }
  const endless = [];
  endless.push(endless, endless);
  refuses(() => F.scaledDotProductAttention(q, q, q, { attnMask: endless }), { code: 'RANGE', op: SDPA, message: /32 dimensions/ });
});

/** What f says by console.warn. */
function warnings(f) {
  const [{ warn }, said] = [console, []];
  console.warn = (...args) => { said.push(args.join(' ')); };
  try {
    f();
  } finally {
    console.warn = warn;
  }
  return said;
}

test('floats that are all 0 or 1 draw a warning that names both ways, once for each place of each core', async () => {
  const fresh = await load({ threads: 1 });
  const layer = new fresh.nn.MultiheadAttention(heads);
  const sdpa = (attnMask) => fresh.F.scaledDotProductAttention(q, q, q, { attnMask });
  const zeros = [[0, 0, 0]];
  const silent = [null, undefined, zeros, [[1, 1, 1]], [[0, 1, -Infinity]], [[0, 1, 0.5]], [[0, 1, NaN]], [[false, true, true]], [Uint8Array.of(0, 1, 1)],
    fresh.tensor([[0, 1, 1]], { dtype: 'int32' }), fresh.zeros([3, 3])];
  assert.deepEqual(warnings(() => silent.forEach(sdpa)), []);
  assert.deepEqual(warnings(() => fresh.ones([3]).maskedFill([0, 1, 0], 1)), []);
  const [first, ...more] = warnings(() => { for (let i = 0; i < 3; i++) sdpa([[0, 1, 1]]); });
  assert.deepEqual(more, []);
  assert.match(first, /^scaledDotProductAttention: attnMask .* booleans.*true: may be attended to.*-Infinity/);
  for (const mask of [fresh.tensor([[0, 1, 1]]), [Float32Array.of(0, -0, 1)]]) assert.deepEqual(warnings(() => sdpa(mask)), [], 'said once');
  const places = [
    [/^attend: mask /, () => fresh.attend(q, q, q, { mask: fresh.eye(3) })],
    [/^attend: mask\.additive /, () => fresh.attend(q, q, q, { mask: { additive: [Float64Array.of(0, 1, 1)] } })],
    [/^multiHeadAttentionForward: mask /, () => fresh.F.multiHeadAttentionForward(q, q, q, { numHeads: 1, inProjWeight: fresh.ones([6, 2]), outProjWeight: fresh.eye(2), mask: [[0, 1, 1]] })],
    [/^MultiheadAttention: keyPaddingMask .*true: may not be attended to/, () => layer.forward([q], [q], [q], { keyPaddingMask: [[0, 0, 1]] })],
    [/^MultiheadAttention: attnMask .*true: may not be attended to/, () => layer.forward(q, q, q, { attnMask: fresh.eye(3).slice(0, 0, 3).transpose(0, 1) })],
  ];
  // A classifier refuses floats, so it has nothing to say of adding them.
  const said = warnings(() => assert.throws(() => made.Classifier.forward(tokens, { keyPaddingMask: [[0, 0, 1], [0, 0, 1], [0, 0, 1]] }), { code: 'TYPE' }));
  assert.deepEqual(said, []);
  for (const [message, f] of places) {
    const said = warnings(f);
    assert.equal(said.length, 1, String(said));
    assert.match(said[0], message);
    assert.deepEqual(warnings(f), []);
  }
  const again = await load({ threads: 1 });
  assert.equal(warnings(() => again.attend(q, q, q, { mask: [[0, 1, 1]] })).length, 1, 'another core');
});
