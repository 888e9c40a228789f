// Checkpoints: weights as bytes and back, files of others, and malformed ones.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from '../../dist/node.js';
import { numbers } from './support/numbers.mjs';
import { attn, refuses, spell, x } from './support/refusal.mjs';

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
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(file({ a: one }, [0, 0, 192, 127])), { message: /element 0 of "a" is nan; .*allowNonfinite: true/ }],
  ['FORMAT', 'loadSafetensors', () => attn.loadSafetensors(new Uint8Array(16).fill(255))],
]);

const torch = [...'torch'].map((c) => c.charCodeAt(0));
const zeros = Array(64).fill(0);
for (const [what, bytes, message] of [
  ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', /Git LFS pointer.*'git lfs pull'/],
  ['an HTML page', '\ufeff\n<!DOCTYPE html><html><title>404</title>', /HTML page.*address/],
  ['what torch.save writes', [0x50, 0x4b, 3, 4, 0, 0, 8, 8, ...zeros], /zip archive.*safetensors\.torch/],
  ['a pickle', [0x80, 2, 0x8a, 10, ...torch, ...zeros], /pickle.*safetensors\.torch/],
  ['a pickle of protocol 5', [0x80, 5, 0x95, 3, 0, 0, 0, 0, ...zeros], /pickle/],
  ['a gzip archive', [0x1f, 0x8b, 8, 0, ...zeros], /gzip.*unpack/],
  ['a NumPy array', [0x93, ...'NUMPY'].map((c) => (typeof c === 'string' ? c.charCodeAt(0) : c)).concat(1, 0, zeros), /NumPy.*safetensors\.numpy/],
]) {
  spell(`${what} is called by its name`, ['loadSafetensors', 'loadCheckpoint'].map((op) => ['FORMAT', op, () => {
    const content = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : Uint8Array.from(bytes);
    return op === 'loadSafetensors' ? attn.loadSafetensors(content) : attn.loadCheckpoint(content, layer);
  }, { message }]));
}

test('NaN is read where it is allowed', () => attn.scope(() => {
  const { tensors } = attn.loadSafetensors(file({ a: one }, [0, 0, 192, 127]), { allowNonfinite: true });
  assert.deepEqual(tensors.a.toArray(), [NaN]);
}));

const layer = new nn.Linear({ inFeatures: 1, outFeatures: 1 });
const optimizer = new optim.SGD(layer.parameters());
const bytes = attn.saveCheckpoint(layer);
const half = 'a\ud83d.weight';
spell('what no file can hold is not written', [
  ['FORMAT', 'saveSafetensors', () => attn.saveSafetensors({ [half]: [1] }), { message: /a tensor's name must not have half a surrogate pair, got "a\\ud83d\.weight"/ }],
  ['FORMAT', 'saveSafetensors', () => attn.saveSafetensors({}, { [half]: '' }), { message: /half a surrogate pair/ }],
  ['FORMAT', 'saveSafetensors', () => attn.saveSafetensors({}, { note: '\udc00\ud800' }), { message: /'note' must not have half/ }],
  ['FORMAT', 'saveCheckpoint', () => attn.saveCheckpoint(layer, { metadata: { note: half } }), { message: /half a surrogate pair/ }],
  ['FORMAT', 'saveSafetensors', () => attn.saveSafetensors({ __metadata__: [1] }), { message: /__metadata__ is kept/ }],
  ['TYPE', 'saveSafetensors', () => attn.saveSafetensors(new Map([['a', x]])), { message: /an object of tensors, got a Map/ }],
  ['TYPE', 'saveSafetensors', () => attn.saveSafetensors({}, new Map([['a', 'b']])), { message: /an object of texts, got a Map/ }],
  ['TYPE', 'saveCheckpoint', () => attn.saveCheckpoint(layer, { metadata: ['a'] }), { message: /an object of texts, got an array/ }],
]);

/** The names, dtypes, shapes and bytes of a file, by a reader of its own. */
function parsed(bytes) {
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + size)));
  const tensors = Object.entries(entries).map(([name, { dtype, shape, data_offsets: [from, to] }]) =>
    [name, dtype, shape, [...bytes.subarray(8 + size + from, 8 + size + to)]]);
  return { metadata, tensors: tensors.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

test('random tensors of any bits, under any names, come back as they were', () => attn.scope(() => {
  const next = numbers(11);
  const below = (n) => Math.floor((next() + 2) / 4 * n);
  const pick = (list) => list[below(list.length)];
  const pieces = ['', 'a', 'weight', '.', '"', '\\', "'", '\n', '\t', '\u0000', '\u0001', '\u007f', '\u2028', '\ufeff', '\uffff', '😀', '\u{10ffff}', '重み', '__proto__', 'constructor', '7', 'optimizer.x'];
  const text = () => Array.from({ length: below(4) }, () => pick(pieces)).join('');
  const words = [0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001, 1, 0];
  for (let round = 0; round < 200; round++) {
    const entries = [];
    let total = 0;
    const names = [...new Set(Array.from({ length: below(6) }, text))];
    const elements = [];
    for (const name of names) {
      const shape = Array.from({ length: below(4) }, () => below(4));
      const begin = total;
      for (let n = shape.reduce((a, b) => a * b, 1); n > 0; n--) {
        const word = below(2) ? pick(words) : below(2 ** 16) * 2 ** 16 + below(2 ** 16);
        elements.push(word & 255, word >>> 8 & 255, word >>> 16 & 255, word >>> 24);
        total += 4;
      }
      entries.push([name, { dtype: pick(['F32', 'I32']), shape, data_offsets: [begin, total] }]);
    }
    const metadata = Object.fromEntries(Array.from({ length: below(4) }, () => [text(), text()]));
    const bytes = file(Object.fromEntries([['__metadata__', metadata], ...entries]), elements);
    const read = attn.loadSafetensors(bytes, { allowNonfinite: true });
    assert.deepEqual(read.metadata, metadata);
    const written = attn.saveSafetensors(read.tensors, read.metadata);
    assert.deepEqual(parsed(written), parsed(bytes), `round ${round}`);
  }
}));

const small = { dModel: 8, numHeads: 2, numLayers: 1 };
const trainees = {
  GRU: () => new nn.GRU({ inputSize: 2, hiddenSize: 2, bidirectional: true }),
  DynamicAttention: () => new nn.DynamicAttention({ embedDim: 4, numHeads: 2, addBiasKv: true }),
  'TransformerDecoder': () => new nn.TransformerDecoder({ dModel: 4, nhead: 2, dimFeedforward: 3, numLayers: 1, norm: true }),
  'Sequential of one layer twice': () => { const twice = new nn.Linear({ inFeatures: 2, outFeatures: 2 }); return new nn.Sequential(twice, twice); },
  GPT: () => new attn.models.GPT({ vocabSize: 5, maxLength: 4, ...small, tieWeights: true }),
  Classifier: () => new attn.models.Classifier({ vocabSize: 5, maxLength: 4, numClasses: 2, ...small, pooling: 'attention' }),
  ViT: () => new attn.models.ViT({ imageSize: 4, patchSize: 2, numClasses: 2, ...small }),
  Seq2Seq: () => new attn.models.Seq2Seq({ sourceVocab: 5, targetVocab: 5, embeddingDim: 2, hiddenSize: 2, tieEmbeddings: true }),
  Transformer: () => new attn.models.Transformer({ sourceVocab: 5, targetVocab: 5, maxLength: 4, ...small, tieEmbeddings: true }),
};
const optimizers = [
  (parameters) => new optim.SGD(parameters, { lr: 1 / 3 }),
  (parameters) => new optim.SGD(parameters, { lr: 1e-300, momentum: 0.9, dampening: 0.1 }),
  (parameters) => new optim.Adam(parameters, { lr: 5e-324, betas: [0.1, 1 - 2 ** -53] }),
  (parameters) => new optim.AdamW(parameters, { lr: 0.1, eps: 0, amsgrad: true }),
];
test('whatever is trained is loaded as it was saved, infinite moments too', () => {
  for (const [name, make] of Object.entries(trainees)) for (const makeOptimizer of optimizers) attn.scope(() => {
    const [model, other] = [make(), make()];
    const [own, others] = [model, other].map((one) => makeOptimizer(one.parameters()));
    for (const [i, scale] of [1, 1e24, -3e38].entries()) {
      own.zeroGrad();
      model.parameters().forEach((x, j) => { if (j % 3 !== i) x.mul(attn.randn(x.shape)).mul(scale).sum().backward(); });
      own.step();
    }
    const metadata = { step: '3', config: '\u0000😀' };
    const bytes = attn.saveCheckpoint(model, { optimizer: own, metadata });
    assert.deepEqual(attn.loadCheckpoint(bytes, other, { optimizer: others }), metadata, name);
    assert.deepEqual(attn.saveCheckpoint(other, { optimizer: others, metadata }), bytes, name);
  });
});

test('a refusal of what is not finite names the option, and changes nothing', () => attn.scope(() => {
  const make = () => { const model = new nn.Linear({ inFeatures: 1, outFeatures: 1 }); return [model, new optim.Adam(model.parameters())]; };
  const [[model, own], [other, others]] = [make(), make()];
  model.parameters()[0].mul(1e24).sum().backward();
  own.step();
  const bytes = attn.saveCheckpoint(model, { optimizer: own });
  const before = attn.saveCheckpoint(other, { optimizer: others });
  const refusal = { code: 'FORMAT', message: /"optimizer\.state\.0\.exp_avg_sq" is inf; .*allowNonfinite: true/ };
  assert.throws(() => attn.loadSafetensors(bytes), refusal);
  assert.throws(() => attn.loadCheckpoint(bytes, other, { optimizer: others, allowNonfinite: false }), refusal);
  assert.deepEqual(attn.saveCheckpoint(other, { optimizer: others }), before);
  assert.deepEqual(attn.loadCheckpoint(bytes, other, { optimizer: others }), {});
  assert.deepEqual(attn.saveCheckpoint(other, { optimizer: others }), bytes);
}));

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
  ['TYPE', 'loadCheckpoint', () => attn.loadCheckpoint(bytes, layer, { allowNonfinite: 1 })],
]);
