// Layers: parameters, state dicts, modes, probes, scopes, and what is refused. Their numbers are in golden.test.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tensor } from '../../dist/node.js';
import { close, numbers, random } from './support/numbers.mjs';
import { attn, refuses, spell, threaded, tidy } from './support/refusal.mjs';

const { nn, F } = attn;
const linear = (inFeatures, outFeatures, rest) => new nn.Linear({ inFeatures, outFeatures, ...rest });
const names = (module) => module.namedParameters().map(([name]) => name);

tidy('parameters are the same objects at every call, share their gradients, and can be asked for by name', () => {
  const layer = linear(2, 3);
  assert.ok(layer.weight instanceof Tensor && layer instanceof nn.Linear && layer instanceof nn.Module && !(layer instanceof nn.GELU));
  assert.equal(layer.weight, layer.weight);
  assert.deepEqual([layer.weight.shape, layer.bias.shape, layer.weight.requiresGrad, layer.weight.isLeaf], [[3, 2], [3], true, true]);
  assert.deepEqual(layer.parameters(), [layer.weight, layer.bias]);
  assert.deepEqual(names(layer), ['weight', 'bias']);
  assert.equal(layer.namedParameters()[0][1], layer.weight);
  assert.equal(layer.weight.grad, null);
  layer.forward([[1, 2]]).sum().backward();
  assert.deepEqual(layer.weight.grad.toArray(), [[1, 2], [1, 2], [1, 2]]);
  assert.equal(linear(2, 3, { bias: false }).bias, null);
  attn.scope(() => layer.parameters());
  assert.equal(layer.weight.disposed, false, 'no scope but its layer’s own frees a parameter');
});

tidy('a chain names its parts by their places and shares their parameters', () => {
  const first = linear(2, 4);
  const chain = new nn.Sequential(first, new nn.Tanh(), linear(4, 1));
  assert.deepEqual(names(chain), ['0.weight', '0.bias', '2.weight', '2.bias']);
  const x = [[1, -1], [0.5, 2]];
  close(chain.forward(x).toArray(), attn.scope(() => {
    const state = chain.stateDict();
    return F.linear(F.linear(x, state['0.weight'], state['0.bias']).tanh(), state['2.weight'], state['2.bias']).toArray();
  }), 'by hand');
  chain.forward(x).sum().backward();
  assert.deepEqual(first.weight.grad.toArray(), chain.parameters()[0].grad.toArray());
  first.dispose();
  assert.deepEqual(chain.forward(x).shape, [2, 1], 'it lives on in the chain');
  assert.deepEqual(new nn.Sequential().forward(x).toArray(), x);
});

tidy('each option counts', () => {
  assert.deepEqual(names(new nn.LayerNorm({ normalizedShape: 3, bias: false })), ['weight']);
  assert.deepEqual(names(new nn.LayerNorm({ normalizedShape: 3, elementwiseAffine: false })), []);
  assert.deepEqual(names(new nn.RMSNorm({ normalizedShape: 3, elementwiseAffine: false })), []);
  const row = [[1, 2, 4]];
  close(new nn.LayerNorm({ normalizedShape: 3, eps: 0.5 }).forward(row).toArray(), F.layerNorm(row, { eps: 0.5 }).toArray(), 'eps');
  close(new nn.LayerNorm({ normalizedShape: 3 }).forward(row).toArray(), F.layerNorm(row).toArray(), 'eps');
  close(new nn.RMSNorm({ normalizedShape: 3, eps: 0.5 }).forward(row).toArray(), F.rmsNorm(row, { eps: 0.5 }).toArray(), 'eps');
  close(new nn.RMSNorm({ normalizedShape: 3 }).forward(row).toArray(), F.rmsNorm(row).toArray(), 'eps');
  const table = new nn.Embedding({ numEmbeddings: 4, embeddingDim: 2, paddingIdx: -1 });
  assert.deepEqual(table.forward([[3], [3]]).toArray(), [[[0, 0]], [[0, 0]]], 'numbers are indices');
  table.forward([0, 3]).sum().backward();
  assert.deepEqual(table.weight.grad.toArray(), [[1, 1], [0, 0], [0, 0], [0, 0]]);
  assert.deepEqual(new nn.Sequential(table, linear(2, 1)).forward([[1, 2]]).shape, [1, 2, 1], 'in a chain too');
  for (const [Layer, f] of [[nn.ReLU, 'relu'], [nn.GELU, 'gelu'], [nn.SiLU, 'silu'], [nn.Tanh, 'tanh'], [nn.Sigmoid, 'sigmoid']]) {
    assert.deepEqual(new Layer().forward([-1, 2]).toArray(), attn.tensor([-1, 2])[f]().toArray());
  }
});

tidy('dropout drops while training alone, in every part', () => {
  const layer = new nn.Sequential(new nn.Dropout({ p: 0.5 }), new nn.Sequential(new nn.Dropout({ p: 1 })));
  const x = attn.ones([64]);
  assert.equal(layer.training, true);
  assert.equal(layer.forward(x).sum().item(), 0);
  assert.equal(layer.eval(), layer);
  assert.equal(layer.training, false);
  assert.equal(layer.forward(x).sum().item(), 64);
  layer.train();
  assert.equal(layer.training, true);
  assert.ok(new nn.Dropout().forward(x).data().includes(2), 'p is 0.5 unless told');
});

tidy('state dicts move weights between models', () => {
  const make = () => new nn.Sequential(linear(2, 3), new nn.GELU(), linear(3, 1));
  const [one, other] = [make(), make()];
  const x = [[1, 2]];
  assert.notDeepEqual(one.forward(x).toArray(), other.forward(x).toArray());
  other.loadStateDict(one.stateDict());
  assert.deepEqual(one.forward(x).toArray(), other.forward(x).toArray());
  const state = one.stateDict();
  assert.deepEqual(Object.keys(state), ['0.weight', '0.bias', '2.weight', '2.bias']);
  assert.equal(state['0.weight'].requiresGrad, false);
  other.loadStateDict({ '2.bias': [7], other: 1 }, { strict: false });
  assert.deepEqual(other.stateDict()['2.bias'].toArray(), [7]);
});

test('a model that leaves its scope survives with its parameters; one that does not is freed', () => {
  const before = attn.memory();
  let dropped;
  const { model } = attn.scope(() => {
    dropped = linear(5, 5);
    dropped.parameters();
    return { model: linear(2, 2), optimizer: null };
  });
  assert.deepEqual([dropped.disposed, model.disposed], [true, false]);
  assert.equal(attn.memory() - before, 4 * (4 + 2));
  const { weight } = model;
  model.dispose();
  model.dispose();
  assert.ok(weight.disposed);
  assert.equal(attn.memory(), before);
});

tidy('the same seed makes the same layers, on any number of threads', () => {
  const weights = (core) => core.scope(() => {
    core.manualSeed(5);
    return new core.nn.TransformerEncoderLayer({ dModel: 8, nhead: 2, dimFeedforward: 16 }).parameters().map((x) => x.toArray());
  });
  assert.deepEqual(weights(attn), weights(attn));
  assert.deepEqual(weights(attn), weights(threaded));
});

tidy('GRU runs over a sequence and back, from a state or none', () => {
  const gru = new nn.GRU({ inputSize: 3, hiddenSize: 4, numLayers: 2, bidirectional: true, batchFirst: true });
  const [output, hn] = gru.forward(random([2, 5, 3], numbers(1)));
  assert.deepEqual([output.shape, hn.shape], [[2, 5, 8], [4, 2, 4]]);
  const [again] = gru.forward(random([2, 5, 3], numbers(1)), attn.zeros([4, 2, 4]));
  assert.deepEqual(again.toArray(), output.toArray());
  const seen = [];
  gru.forward(attn.ones([2, 5, 3]), null, { probe: (name) => { seen.push(name); } });
  assert.deepEqual(seen, ['output_l0', 'output_l0_reverse', 'output_l1', 'output_l1_reverse']);
});

const layer = linear(2, 3);
const gone = linear(1, 1);
gone.dispose();
const attention = new nn.MultiheadAttention({ embedDim: 4, numHeads: 2, batchFirst: true });
const adam = new attn.optim.Adam(layer.parameters());
const three = attn.ones([2, 3, 4]);
spell('layers that cannot be made', [
  ['TYPE', 'Linear', () => new nn.Linear()],
  ['TYPE', 'Linear', () => linear(2), { message: /outFeatures must be a number, got undefined/ }],
  ['TYPE', 'Linear', () => linear(2, 3, { biass: true }), { message: /there is no option 'biass'; the options are 'inFeatures'/ }],
  ['TYPE', 'Linear', () => linear(2, 3, { bias: 1 })],
  ['RANGE', 'Linear', () => linear(0, 3), { message: 'Linear: inFeatures must be at least 1, got 0' }],
  ['RANGE', 'Linear', () => linear(1.5, 3)],
  ['OOM', 'Linear', () => linear(2 ** 20, 2 ** 20)],
  ['RANGE', 'Embedding', () => new nn.Embedding({ numEmbeddings: 2, embeddingDim: 2, paddingIdx: 2 })],
  ['RANGE', 'LayerNorm', () => new nn.LayerNorm({ normalizedShape: 0 })],
  ['TYPE', 'LayerNorm', () => new nn.LayerNorm({ normalizedShape: [2] })],
  ['RANGE', 'Dropout', () => new nn.Dropout({ p: 2 })],
  ['TYPE', 'Sequential', () => new nn.Sequential(layer, 3), { message: /expected layers of one tensor, got 3/ }],
  ['TYPE', 'Sequential', () => new nn.Sequential(new nn.GRU({ inputSize: 1, hiddenSize: 1 }))],
  ['TYPE', 'Sequential', () => new nn.Sequential(gone), { message: /the Linear was used after dispose/ }],
  ['TYPE', 'Sequential', () => new threaded.nn.Sequential(layer), { message: /belongs to another load/ }],
  ['RANGE', 'GRU', () => new nn.GRU({ inputSize: 0, hiddenSize: 1 })],
  ['RANGE', 'MultiheadAttention', () => new nn.MultiheadAttention({ embedDim: 4, numHeads: 3 })],
  ['TYPE', 'MultiheadAttention', () => new nn.MultiheadAttention({ embedDim: 4, heads: 2 })],
  ['TYPE', 'TransformerEncoderLayer', () => new nn.TransformerEncoderLayer({ dModel: 4, nhead: 2, activation: 'silu' })],
  ['TYPE', 'TransformerEncoder', () => new nn.TransformerEncoder({ dModel: 4, nhead: 2 })],
  ['RANGE', 'TransformerDecoder', () => new nn.TransformerDecoder({ dModel: 4, nhead: 2, numLayers: 0 })],
].map(([code, op, f, rest]) => [code, op, () => attn.scope(f), rest]));

spell('uses that are refused', [
  ['SHAPE', 'Linear', () => layer.forward([1, 2, 3]), { message: /Linear: linear: / }],
  ['TYPE', 'Linear', () => gone.forward([1])],
  ['TYPE', 'Linear', () => gone.parameters()],
  ['TYPE', 'Linear', () => gone.weight],
  ['TYPE', 'Linear', () => layer.forward('x')],
  ['TYPE', 'Linear', () => layer.forward()],
  ['TYPE', 'Linear', () => layer.train(1)],
  ['TYPE', 'loadStateDict', () => gone.loadStateDict({})],
  ['FORMAT', 'loadStateDict', () => layer.loadStateDict({ weight: [[1, 2]], other: 1 }), { message: /weight must be \[3,2\], got \[1,2\]; bias is missing; other is unknown/ }],
  ['FORMAT', 'loadStateDict', () => attention.loadStateDict({ 'out_proj.my_own': 1 }), { message: /^loadStateDict: in_proj_weight is missing; .*; out_proj\.my_own is unknown$/ }],
  ['FORMAT', 'loadStateDict', () => layer.loadStateDict({ 'b\x02\n': 1 }), { message: /; b\\x02\\x0a is unknown$/ }],
  ['FORMAT', 'loadStateDict', () => adam.loadStateDict({ ...adam.stateDict(), name: 'my_own' }), { message: 'loadStateDict: expected the state of Adam, got that of my_own' }],
  ['FORMAT', 'loadStateDict', () => adam.loadStateDict({ ...adam.stateDict(), options: { a_b: 1 } }), { message: /amsgrad beta1 beta2 eps lr weight_decay, got a_b$/ }],
  ['FORMAT', 'loadStateDict', () => adam.loadStateDict({ ...adam.stateDict(), tensors: { some_thing: [1] } }), { message: 'loadStateDict: some_thing is unknown' }],
  ['TYPE', 'loadStateDict', () => layer.loadStateDict(layer.weight)],
  ['TYPE', 'loadStateDict', () => layer.loadStateDict({ weight: 'x' })],
  ['TYPE', 'loadStateDict', () => layer.loadStateDict({}, { strictly: true })],
  ['TYPE', 'MultiheadAttention', () => attention.forward(three, three, three, { mask: 1 })],
  ['TYPE', 'MultiheadAttention', () => attention.forward(three, three)],
  ['SHAPE', 'MultiheadAttention', () => attention.forward(three, three, three, { attnMask: [[false]] })],
  ['SHAPE', 'MultiheadAttention', () => attention.forward(three, three, three, { attnMask: [[true, false], [true]] })],
  ['TYPE', 'MultiheadAttention', () => attention.forward(three, three, three, { probe: 'scores' }), { message: /probe must be a function, got 'scores'/ }],
  ['RANGE', 'rotary', () => nn.rotary([[1, 2]], { base: 0 })],
  ['SHAPE', 'rotary', () => nn.rotary([[1, 2, 3]])],
  ['RANGE', 'alibi', () => nn.alibi({ numHeads: 0, queries: 1, keys: 1 })],
]);

test('a forward pass that does not fit in memory is refused, and all of it freed', () => {
  threaded.scope(() => {
    const wide = new threaded.nn.Linear({ inFeatures: 1, outFeatures: 2 ** 15 });
    const x = threaded.ones([2 ** 13, 1]);
    refuses(() => wide.forward(x), { code: 'OOM', op: 'Linear', message: 'Linear: no memory for a tensor of shape [8192,32768]' });
  });
});
