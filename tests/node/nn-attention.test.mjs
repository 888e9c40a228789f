// Attention, positions and Transformers as layers: masks, probes, names. Their numbers are in golden.test.mjs.
import assert from 'node:assert/strict';
import { close, numbers, random } from './support/numbers.mjs';
import { attn, tidy } from './support/refusal.mjs';

const { nn } = attn;
const names = (module) => module.namedParameters().map(([name]) => name);
const mha = (options) => new nn.MultiheadAttention({ embedDim: 4, numHeads: 2, batchFirst: true, ...options });
const batch = () => attn.tensor(random([2, 3, 4], numbers(2)));

tidy('masks: booleans and int32 forbid, numbers are added', () => {
  const layer = mha();
  const x = batch();
  const weights = (options) => layer.forward(x, x, x, options)[1].toArray();
  const causal = weights({ isCausal: true });
  assert.deepEqual(weights({ attnMask: [[false, true, true], [false, false, true], [false, false, false]] }), causal);
  assert.deepEqual(weights({ attnMask: attn.tensor([[0, 1, 1], [0, 0, 1], [0, 0, 0]], { dtype: 'int32' }) }), causal);
  assert.deepEqual(weights({ attnMask: [[0, -Infinity, -Infinity], [0, 0, -Infinity], [0, 0, 0]] }), causal);
  const padded = weights({ keyPaddingMask: [[false, false, true], [false, false, false]] });
  assert.ok(padded[0].every((row) => row[2] === 0) && padded[1].every((row) => row[2] > 0));
});

tidy('the probe sees what it was promised, in order, and what it returns goes on', () => {
  const layer = mha();
  const x = batch();
  const seen = {};
  const [output] = layer.forward(x, x, x, { probe: (name, activation) => { seen[name] = activation; } });
  assert.deepEqual(Object.keys(seen), ['q', 'k', 'v', 'scores', 'scaled', 'masked', 'weights', 'z', 'out']);
  assert.deepEqual(seen.weights.shape, [2, 2, 3, 3]);
  assert.deepEqual(seen.out.toArray(), output.toArray());
  const [plain] = layer.forward(x, x, x);
  assert.deepEqual(plain.toArray(), output.toArray(), 'looking changes nothing');
  const [ablated] = layer.forward(x, x, x, { probe: (name, z) => (name === 'z' ? z.mul(0) : undefined) });
  const state = layer.stateDict();
  close(ablated.toArray()[0][0], state['out_proj.bias'].toArray(), 'only the bias is left');
  ablated.sum().backward();
  assert.deepEqual(layer.namedParameters().find(([name]) => name === 'in_proj_weight')[1].grad.sum().item(), 0);
});

tidy('what a probe throws comes out of forward as it is, and the core goes on', () => {
  const layer = mha();
  const x = batch();
  const [own, before] = [new Error('mine'), layer.forward(x, x, x)[0].toArray()];
  for (const thrown of [own, 'a string', undefined]) {
    let caught;
    let [done, calls] = [false, 0];
    try {
      layer.forward(x, x, x, { probe: (name) => { calls += 1; if (name === 'weights') throw thrown; } });
      done = true;
    } catch (error) {
      caught = error;
    }
    assert.deepEqual([done, calls], [false, 7], 'it stops there');
    assert.equal(caught, thrown);
  }
  assert.throws(() => layer.forward(x, x, x, { probe: () => x.matmul(x) }), { name: 'AttnError', code: 'SHAPE', op: 'matmul' });
  assert.throws(() => layer.forward(x, x, x, { probe: (name, q) => q.slice(0, 0, 1) }), { code: 'SHAPE', op: 'MultiheadAttention', message: /probe: q must stay/ });
  assert.throws(() => layer.forward(x, x, x, { probe: () => 3 }), { code: 'TYPE', op: 'MultiheadAttention', message: /must return a tensor or nothing for q, got 3/ });
  const inner = (name, activation) => { // a forward pass within one
    if (name === 'q') assert.deepEqual(layer.forward(x, x, x)[0].toArray(), before);
    return activation;
  };
  assert.deepEqual(layer.forward(x, x, x, { probe: inner })[0].toArray(), before);
});

tidy('transformers: stacks, masks by PyTorch’s names, names of activations', () => {
  const options = { dModel: 4, nhead: 2, dimFeedforward: 8, batchFirst: true };
  const encoder = new nn.TransformerEncoder({ ...options, numLayers: 2, norm: true }).eval();
  const x = batch();
  const seen = [];
  const y = encoder.forward(x, { probe: (name) => { seen.push(name); } });
  assert.deepEqual(y.shape, [2, 3, 4]);
  assert.ok(seen.includes('layers.1.self_attn.weights') && seen.includes('layers.0.ff') && seen.at(-1) === 'norm', seen.join());
  const changes = (module, forward, list) => {
    const usual = forward(module, {}).toArray();
    for (const given of list) assert.notDeepEqual(forward(module, given).toArray(), usual, Object.keys(given)[0]);
  };
  const [square, wide, rows] = [[[false, true, true], [false, false, true], [false, false, false]], [[false, true, false, false], [true, false, false, false], [true, true, true, false]], [[false, false, true], [false, false, true]]];
  changes(encoder, (module, given) => module.forward(x, given), [{ mask: square }, { srcKeyPaddingMask: rows }, { isCausal: true }]);
  changes(new nn.TransformerEncoderLayer(options).eval(), (module, given) => module.forward(x, given), [{ srcMask: square }, { srcKeyPaddingMask: rows }, { isCausal: true }]);
  const memory = attn.tensor(random([2, 4, 4], numbers(3)));
  for (const decoder of [new nn.TransformerDecoderLayer(options), new nn.TransformerDecoder({ ...options, numLayers: 1 })]) {
    changes(decoder.eval(), (module, given) => module.forward(x, memory, given), [
      { tgtMask: square }, { memoryMask: wide }, { tgtKeyPaddingMask: rows }, { memoryKeyPaddingMask: [[true, false, false, false], [true, false, false, false]] },
      { tgtIsCausal: true }, { memoryIsCausal: true },
    ]);
  }
  assert.deepEqual(new nn.Sequential(new nn.TransformerEncoderLayer(options), new nn.Linear({ inFeatures: 4, outFeatures: 1 })).forward(x).shape, [2, 3, 1], 'a layer in a chain');
});

tidy('positions', () => {
  const x = attn.zeros([3, 4]);
  const table = nn.learned({ numPositions: 5, embeddingDim: 4 });
  assert.deepEqual(table.forward(x, { first: 2 }).toArray(), table.weight.slice(0, 2, 5).toArray());
  const sines = nn.sinusoidal({ length: 5, dim: 4 });
  const fixed = new nn.SinusoidalPositions({ numPositions: 5, embeddingDim: 4 });
  assert.deepEqual(fixed.forward(x).toArray(), sines.slice(0, 0, 3).toArray());
  assert.deepEqual(fixed.forward(x, { first: 1 }).toArray(), sines.slice(0, 1, 4).toArray());
  assert.deepEqual(names(fixed), []);
  const turned = nn.rotary([[1, 0], [1, 0]], { base: 100 });
  close(turned.toArray(), [[1, 0], [Math.cos(1), Math.sin(1)]], 'rotary');
  close(nn.rotary([[1, 0, 0, 0]], { first: 2, base: 16 }).toArray(), [[Math.cos(2), 0, Math.sin(2), 0]], 'first and base');
  close(nn.alibi({ numHeads: 2, queries: 1, keys: 3 }).toArray(), [[[-2 / 16, -1 / 16, -0]], [[-2 / 256, -1 / 256, -0]]], 'slopes of 2⁻⁴ and 2⁻⁸');
});

tidy('dynamic and additive attention', () => {
  const dynamic = new nn.DynamicAttention({ embedDim: 4, numHeads: 2, batchFirst: true });
  const x = batch();
  const seen = [];
  const [output, weights] = dynamic.forward(x, x, x, { averageAttnWeights: false, probe: (name) => { seen.push(name); } });
  assert.deepEqual([output.shape, weights.shape], [[2, 3, 4], [2, 2, 3, 3]]);
  assert.ok(seen.includes('temperatures') && seen.includes('gates'));
  assert.equal(dynamic.forward(x, x, x, { needWeights: false })[1], null);
  const additive = new nn.AdditiveAttention({ queryDim: 4, keyDim: 4, attentionDim: 3 });
  const [context, alignment] = additive.forward(x, x, x, { keyPaddingMask: [[false, true, false], [false, false, false]] });
  assert.deepEqual([context.shape, alignment.shape], [[2, 3, 4], [2, 3, 3]]);
  assert.ok(alignment.toArray()[0].every((row) => row[1] === 0));
});
