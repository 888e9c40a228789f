// Memory while the core waits for a function of the user's, a probe or onToken: what it disposes, and what it leaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../../dist/node.js';
import { attn, tidy } from './support/refusal.mjs';

const { nn, models } = attn;
const sizes = { dModel: 8, numHeads: 2, numLayers: 2 };
const seeded = (make) => {
  attn.manualSeed(7);
  return make();
};
const gpt = () => seeded(() => new models.GPT({ vocabSize: 9, maxLength: 10, ...sizes }).eval());
const random = (...shape) => seeded(() => attn.randn(shape));
const [q, k, v] = [random(1, 3, 4), random(1, 5, 4), random(1, 5, 4)];
const tokens = [[1, 2, 3]];

/** Each makes [what a callback may dispose, a call with a probe that returns one tensor]. */
const calls = {
  GPT: () => { const model = gpt(); return [{ model, ...Object.fromEntries(model.namedParameters()) }, (probe) => model.forward(tokens, { probe })]; },
  Classifier: () => {
    const model = seeded(() => new models.Classifier({ vocabSize: 9, maxLength: 5, numClasses: 3, pooling: 'attention', ...sizes }));
    const mask = attn.tensor([[0, 0, 1]], { dtype: 'int32' });
    return [{ model, mask }, (probe) => model.forward(tokens, { keyPaddingMask: mask, probe })];
  },
  ViT: () => {
    const model = seeded(() => new models.ViT({ imageSize: 4, patchSize: 2, numClasses: 3, numChannels: 1, ...sizes }));
    const images = random(1, 1, 4, 4);
    return [{ model, images }, (probe) => model.forward(images, { probe })];
  },
  Seq2Seq: () => {
    const model = seeded(() => new models.Seq2Seq({ sourceVocab: 9, targetVocab: 9, embeddingDim: 4, hiddenSize: 4 }));
    const [source, target] = [attn.tensor(tokens, { dtype: 'int32' }), attn.tensor([[1, 4]], { dtype: 'int32' })];
    return [{ model, source, target }, (probe) => model.forward(source, target, { probe })[0]];
  },
  Transformer: () => {
    const model = seeded(() => new models.Transformer({ sourceVocab: 9, targetVocab: 9, maxLength: 5, ...sizes }).eval());
    const [source, target] = [attn.tensor(tokens, { dtype: 'int32' }), attn.tensor([[1, 4]], { dtype: 'int32' })];
    return [{ model, source, target }, (probe) => model.forward(source, target, { probe })];
  },
  MultiheadAttention: () => {
    const layer = seeded(() => new nn.MultiheadAttention({ embedDim: 4, numHeads: 2, batchFirst: true }));
    const [query, key, value, mask] = [q.add(0), k.add(0), v.add(0), attn.zeros([3, 5])];
    return [{ layer, query, key, value, mask }, (probe) => layer.forward(query, key, value, { attnMask: mask, probe })[0]];
  },
  AdditiveAttention: () => {
    const layer = seeded(() => new nn.AdditiveAttention({ queryDim: 4, keyDim: 4, attentionDim: 4 }));
    const [query, key, value] = [q.add(0), k.add(0), v.add(0)];
    return [{ layer, query, key, value }, (probe) => layer.forward(query, key, value, { probe })[0]];
  },
  TransformerDecoder: () => {
    const layer = seeded(() => new nn.TransformerDecoder({ dModel: 4, nhead: 2, dimFeedforward: 8, dropout: 0, numLayers: 2, batchFirst: true }));
    const [target, memory] = [q.add(0), k.add(0)];
    return [{ layer, target, memory }, (probe) => layer.forward(target, memory, { probe })];
  },
  GRU: () => {
    const layer = seeded(() => new nn.GRU({ inputSize: 4, hiddenSize: 3, numLayers: 2 }));
    const [x, h0] = [q.add(0), random(2, 3, 3)];
    return [{ layer, x, h0 }, (probe) => layer.forward(x, h0, { probe })[0]];
  },
};

for (const [name, make] of Object.entries(calls)) {
  tidy(`${name}: whatever its probe disposes is in use until the call ends, and then gone`, () => {
    const [, plain] = make();
    const expected = plain(() => {}).toArray();
    const [held, call] = make();
    const result = call(() => {
      for (const one of Object.values(held)) one.dispose();
      attn.zeros([50, 50]).dispose(); // memory that was freed would be taken again
      random(300);
    });
    assert.deepEqual(result.toArray(), expected);
    for (const one of Object.values(held)) assert.equal(one.disposed, true);
    assert.throws(() => call(() => {}), { code: 'TYPE', message: /was used after dispose\(\)/ });
  });
}

tidy('generation goes on to its end though onToken disposes the model', () => {
  const expected = gpt().generate([1, 2], { maxNewTokens: 6 });
  const model = gpt();
  assert.deepEqual(model.generate([1, 2], { maxNewTokens: 6, onToken: () => model.dispose() }), expected);
  assert.throws(() => model.generate([1]), { code: 'TYPE', message: 'generate: the GPT was used after dispose()' });
});

tidy('calls within callbacks within calls: each frees what no call below it can be using', () => {
  const layer = new nn.MultiheadAttention({ embedDim: 4, numHeads: 2, batchFirst: true });
  const [query, expected] = [q.add(0), layer.forward(q, k, v)[0].toArray()];
  const inner = (name) => {
    if (name !== 'scores') return;
    const [own] = layer.forward(query, k, v, { probe: () => { query.dispose(); own2.dispose(); } });
    assert.deepEqual(own.toArray(), expected);
    own.dispose();
    assert.throws(() => query.add(1), { code: 'TYPE' });
  };
  const own2 = attn.ones([1]);
  assert.deepEqual(layer.forward(query, k, v, { probe: inner })[0].toArray(), expected);
});

/** Calls f many times within one call of the core; the bytes of tensors at the end of each. */
function during(f) {
  const bytes = [];
  gpt().generate([1], { maxNewTokens: 8, onToken: () => { f(); bytes.push(attn.memory()); } });
  return bytes;
}
const numbers = new Float32Array(1000).fill(1);
tidy('what a callback makes for its own calls is gone when they end, and what it disposes or leaves to a scope at once', () => {
  for (const f of [
    () => attn.F.softmax(numbers).dispose(),
    () => attn.scope(() => { attn.F.softmax(numbers).add(numbers); }),
    () => { const x = attn.tensor(numbers); x.add(x).dispose(); x.dispose(); },
    () => { const model = gpt(); model.forward([[1]], { probe: (_, x) => attn.scope(() => void x.add(1)) }).dispose(); model.dispose(); attn.scope(() => {}); },
  ]) {
    // The caches of keys and values grow within the same memory; nothing else may.
    const bytes = attn.scope(() => during(() => attn.scope(f)));
    assert.ok(Math.max(...bytes) - bytes[1] < 1000, `${f}: ${bytes}`);
  }
});

tidy('a probe may keep what it sees and what it makes', () => {
  const layer = new nn.MultiheadAttention({ embedDim: 4, numHeads: 2, batchFirst: true });
  const seen = {};
  const [, weights] = layer.forward(q, k, v, { averageAttnWeights: false, probe: (name, x) => { seen[name] = x; seen[`${name} · 2`] = x.mul(2); } });
  assert.deepEqual(seen.weights.toArray(), weights.toArray());
  assert.deepEqual(seen['weights · 2'].div(2).toArray(), weights.toArray());
});

tidy('what one getter of the options makes and another disposes lasts as long as the call', () => {
  let weight;
  let reads = 0;
  const options = {
    score: 'general',
    get weight() { return (weight ??= attn.tensor([[1, 2], [3, 4]])); },
    get bias() { // asked for twice: whether it is given, and for its value
      reads += 1;
      if (reads === 2) weight.dispose();
      return undefined;
    },
  };
  const [q2, k2, v2] = [[[1, 1]], [[1, 0], [0, 1]], [[1], [2]]];
  assert.deepEqual(attn.attend(q2, k2, v2, options).scores.toArray(), [[4, 6]]);
  assert.deepEqual([reads, weight.disposed], [2, true]);
});

tidy('functions that return promises are refused, and what becomes of these stays quiet', () => {
  const failing = () => Promise.reject(new Error('late'));
  const model = gpt();
  assert.throws(() => model.generate([1], { onToken: async () => false }), { code: 'TYPE', op: 'generate', message: /^generate: onToken must not be asynchronous/ });
  assert.throws(() => model.generate([1], { onToken: failing }), { code: 'TYPE', message: /asynchronous/ });
  assert.throws(() => model.forward([[1]], { probe: async () => {} }), { code: 'TYPE', op: 'GPT', message: /^GPT: the probe must not be asynchronous/ });
  assert.throws(() => model.forward([[1]], { probe: failing }), { code: 'TYPE', message: /asynchronous/ });
  assert.throws(() => attn.noGrad(failing), { code: 'TYPE', op: 'noGrad', message: /the function must not be asynchronous/ });
  assert.equal(model.generate([1], { maxNewTokens: 3 }).length, 3);
});

tidy('an error of a callback within a callback comes out where it was thrown', () => {
  const [outer, inner] = [new Error('outer'), new Error('inner')];
  const model = gpt();
  assert.throws(() => model.generate([1], {
    onToken() {
      assert.throws(() => model.forward([[1]], { probe() { throw inner; } }), (error) => error === inner);
      throw outer;
    },
  }), (error) => error === outer);
  assert.throws(() => model.forward([[1]], { probe() { throw undefined; } }), (error) => error === undefined);
});

tidy('a parameter that was disposed is another object when it is asked for again, and the layer has lost nothing', () => {
  const layer = new nn.Linear({ inFeatures: 2, outFeatures: 2 });
  const [weight, bias] = layer.parameters();
  const values = weight.toArray();
  weight.dispose();
  assert.deepEqual(layer.parameters()[0].toArray(), values);
  assert.deepEqual(layer.weight.toArray(), values);
  assert.equal(layer.parameters()[1], bias);
  assert.equal(layer.weight, layer.parameters()[0]);
  new attn.optim.SGD(layer.parameters()).step();
  layer.dispose();
  assert.equal(bias.disposed, true);
});

tidy('a scope keeps tensors that are keys of a Map', () => {
  const map = attn.scope(() => new Map([[attn.ones([2]), { deep: attn.ones([3]) }]]));
  const [[key, { deep }]] = map;
  assert.deepEqual([key.toArray(), deep.toArray()], [[1, 1], [1, 1, 1]]);
});

test('a core that is ended in a callback ends when the call has', async () => {
  const own = await load({ threads: 2 });
  own.manualSeed(7);
  const model = new own.models.GPT({ vocabSize: 9, maxLength: 10, ...sizes }).eval();
  const refused = { code: 'TYPE', message: /the core was ended by attn\.dispose\(\); load\(\) a new one/ };
  const inUse = [];
  const found = model.generate([1, 2], {
    maxNewTokens: 6,
    onToken() {
      own.dispose();
      inUse.push(!model.disposed);
      assert.throws(() => own.ones([1]), refused);
    },
  });
  assert.deepEqual([...inUse, model.disposed], [true, true, true, true, true, true, true], 'the core is there until the end');
  assert.deepEqual(found, gpt().generate([1, 2], { maxNewTokens: 6 }));
  assert.throws(() => model.generate([1]), refused);
  const other = await load({ threads: 1 });
  const layer = new other.nn.GRU({ inputSize: 1, hiddenSize: 1 });
  assert.throws(() => layer.forward([[1]], null, { probe: () => other.dispose() }), refused, 'its result went with it');
});
