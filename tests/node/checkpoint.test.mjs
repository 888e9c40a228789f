// Checkpoints: weights as bytes and back, files of others, and malformed ones.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from '../../dist/node.js';
import { attn, refuses, spell } from './support/refusal.mjs';

const { nn, optim, F } = attn;
const golden = (name) => new Uint8Array(readFileSync(new URL(`../golden/${name}.safetensors`, import.meta.url)));

/** The bytes of a file with this header before these elements. */
function file(header, elements = []) {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + elements.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(elements, 8 + text.length);
  return bytes;
}

test('tensors and texts come back as they were, in one core or another', async () => {
  const other = await load({ threads: 1 });
  attn.scope(() => other.scope(() => {
    const tensors = { 'a.weight': attn.randn([2, 3]), 'größe': attn.tensor([1, -2], { dtype: 'int32' }), scalar: attn.tensor(7), none: attn.zeros([0, 4]), view: attn.randn([2, 3]).transpose(0, 1) };
    const metadata = { config: '{"layers":2}', note: '注意' };
    const bytes = attn.saveSafetensors(tensors, metadata);
    assert.ok(bytes instanceof Uint8Array && bytes.buffer.byteLength === bytes.length, 'a copy of its own');
    for (const core of [attn, other]) {
      const read = core.loadSafetensors(bytes);
      assert.deepEqual(read.metadata, metadata);
      assert.deepEqual(Object.keys(read.tensors).sort(), Object.keys(tensors).sort());
      for (const [name, x] of Object.entries(tensors)) {
        assert.deepEqual([read.tensors[name].toArray(), read.tensors[name].dtype, read.tensors[name].shape], [x.toArray(), x.dtype, x.shape], name);
      }
    }
    assert.deepEqual(Object.keys(attn.loadSafetensors(attn.saveSafetensors({})).tensors), []);
    assert.deepEqual(attn.loadSafetensors(attn.saveSafetensors({ x: [[1, 2]] })).tensors.x.toArray(), [[1, 2]], 'numbers are tensors');
  }));
});

test('files that an independent writer made are read', () => attn.scope(() => {
  for (const name of ['written', 'dtypes']) {
    const bytes = golden(name);
    const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
    const { tensors, metadata } = attn.loadSafetensors(bytes);
    assert.deepEqual(metadata, header.__metadata__ ?? {});
    delete header.__metadata__;
    assert.deepEqual(Object.keys(tensors).sort(), Object.keys(header).sort());
    for (const [key, { dtype, shape, data_offsets: [from, to] }] of Object.entries(header)) {
      assert.deepEqual(tensors[key].shape, shape, key);
      if (dtype !== 'F32') continue;
      const at = bytes.slice(8 + size + from, 8 + size + to);
      assert.deepEqual(tensors[key].data(), new Float32Array(at.buffer), key);
    }
  }
}));

test('a checkpoint of a GPT gives the logits that PyTorch computed, as natively and in browsers', () => attn.scope(() => {
  const models = JSON.parse(readFileSync(new URL('../golden/models.json', import.meta.url), 'utf8'));
  const { inputs: { tokens }, outputs: { logits } } = models.find(({ layer }) => layer === 'gpt');
  const file = golden('gpt');
  const model = new attn.models.GPT(JSON.parse(attn.loadSafetensors(file).metadata.config));
  attn.loadCheckpoint(file, model);
  const found = model.forward(attn.tensor(tokens.values, { shape: tokens.shape, dtype: 'int32' }));
  const largest = Math.max(...logits.values.map(Math.abs));
  found.data().forEach((logit, i) => assert.ok(Math.abs(logit - logits.values[i]) <= 1e-5 * largest, `logit ${i}`));
}));

test('training goes on from a checkpoint as if it had never stopped', () => attn.scope(() => {
  const make = () => {
    const model = new nn.Sequential(new nn.Linear({ inFeatures: 2, outFeatures: 4 }), new nn.GELU(), new nn.Linear({ inFeatures: 4, outFeatures: 1 }));
    return { model, optimizer: new optim.AdamW(model.parameters(), { lr: 0.01 }) };
  };
  const step = ({ model, optimizer }) => {
    optimizer.zeroGrad();
    F.mseLoss(model.forward([[1, 2], [3, 4]]), [[1], [0]]).backward();
    optimizer.step();
  };
  const one = make();
  for (let i = 0; i < 3; i++) step(one);
  const bytes = attn.saveCheckpoint(one.model, { optimizer: one.optimizer, metadata: { step: '3' } });
  const other = make();
  other.optimizer.lr = 1;
  const metadata = attn.loadCheckpoint(bytes, other.model, { optimizer: other.optimizer });
  assert.equal(metadata.step, '3');
  assert.equal(other.optimizer.lr, 0.01);
  for (let i = 0; i < 3; i++) for (const run of [one, other]) step(run);
  assert.deepEqual(other.model.forward([[1, 2]]).toArray(), one.model.forward([[1, 2]]).toArray());
  const weights = make().model; // without the optimiser, and as plain safetensors
  attn.loadCheckpoint(attn.saveCheckpoint(one.model), weights);
  assert.deepEqual(weights.forward([[1, 2]]).toArray(), one.model.forward([[1, 2]]).toArray());
  const plain = make().model;
  plain.loadStateDict(attn.loadSafetensors(attn.saveSafetensors(one.model.stateDict())).tensors);
  assert.deepEqual(plain.forward([[1, 2]]).toArray(), one.model.forward([[1, 2]]).toArray());
}));

test('any file that is cut off is refused', () => {
  const bytes = attn.saveSafetensors({ a: [1, 2], b: [[3]] }, { c: 'd' });
  for (let size = 0; size < bytes.length; size++) {
    refuses(() => attn.loadSafetensors(bytes.subarray(0, size)), { code: 'FORMAT', op: 'loadSafetensors' });
  }
});

const one = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
const four = [0, 0, 128, 63];
spell('malformed files', [
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file('{"a":', four))],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file('[]'))],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file('['.repeat(100_000)))],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file({ a: { ...one, dtype: 'F8' } }, four)), { message: /F8/ }],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file({ a: { ...one, shape: [2] } }, four))],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file({ a: { ...one, shape: [-1] } }, four))],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file({ a: { ...one, data_offsets: [4, 0] } }, four))],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file({ a: one, b: one }, four))],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file({ a: one }, [...four, 0]))],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file({ a: one }, [0, 0, 192, 127])), { message: /element 0 of "a" is nan/ }],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(new Uint8Array(16).fill(255))],
]);

test('NaN is read where it is allowed', () => attn.scope(() => {
  const { tensors } = attn.loadSafetensors(file({ a: one }, [0, 0, 192, 127]), { allowNonfinite: true });
  assert.deepEqual(tensors.a.toArray(), [NaN]);
}));

const layer = new nn.Linear({ inFeatures: 1, outFeatures: 1 });
const optimizer = new optim.SGD(layer.parameters());
const bytes = attn.saveCheckpoint(layer);
spell('uses that are refused', [
  ['TYPE', 'loadSafetensors', () => attn.loadSafetensors('file'), { message: /expected the bytes of a file, a Uint8Array, got 'file'/ }],
  ['TYPE', 'loadSafetensors', () => attn.loadSafetensors([1, 2])],
  ['TYPE', 'loadSafetensors', () => attn.loadSafetensors(bytes, { allowNaN: true })],
  ['TYPE', 'saveSafetensors', () => attn.saveSafetensors(layer)],
  ['TYPE', 'saveSafetensors', () => attn.saveSafetensors({ a: 'x' })],
  ['TYPE', 'saveSafetensors', () => attn.saveSafetensors({}, { step: 3 }), { message: /'step' must be a string, got 3/ }],
  ['TYPE', 'saveCheckpoint', () => attn.saveCheckpoint({})],
  ['TYPE', 'saveCheckpoint', () => attn.saveCheckpoint(layer, { optimizer: layer })],
  ['FORMAT', 'saveCheckpoint', () => attn.saveCheckpoint(layer, { optimizer, metadata: { optimizer: 'x' } })],
  ['FORMAT', 'loadCheckpoint', () => attn.loadCheckpoint(bytes, layer, { optimizer }), { message: /there is no optimizer/ }],
  ['FORMAT', 'loadCheckpoint', () => attn.scope(() => attn.loadCheckpoint(bytes, new nn.Linear({ inFeatures: 2, outFeatures: 1 }))), { message: /weight must be \[1,2\], got \[1,1\]/ }],
  ['TYPE', 'loadCheckpoint', () => attn.loadCheckpoint(bytes)],
]);
