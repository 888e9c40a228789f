// Whole models: what they take, what they say of themselves, generation, decoding, probes. Their numbers are in
// golden.test.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close } from './support/numbers.mjs';
import { attn, refuses, spell } from './support/refusal.mjs';

const { models, optim, F } = attn;
const sizes = { dModel: 16, numHeads: 2, numLayers: 2 };
const gpt = (rest) => {
  attn.manualSeed(3);
  return new models.GPT({ vocabSize: 11, maxLength: 12, ...sizes, ...rest });
};
const tidy = (name, f) => test(name, () => {
  const before = attn.memory();
  attn.scope(f);
  assert.equal(attn.memory(), before, 'bytes of tensors');
});

tidy('a model tells its config with every default, as plain data, and counts its parameters', () => {
  const model = gpt();
  assert.deepEqual(model.config, {
    vocabSize: 11, maxLength: 12, dModel: 16, numHeads: 2, numLayers: 2, numKvHeads: 0, dimFeedforward: 0, dropout: 0,
    activation: 'gelu', norm: 'layer', positions: 'learned', bias: true, tieWeights: false, initializerRange: 0,
  });
  const block = 12 * 16 ** 2 + 13 * 16;
  assert.equal(model.numParameters, 2 * block + (11 + 12) * 16 + 2 * 16 + 11 * 16);
  assert.deepEqual(new models.GPT(JSON.parse(JSON.stringify(model.config))).config, model.config);
});

tidy('the same tokens with and without the cache, from the same seed, whole and as they come', () => {
  for (const positions of ['learned', 'rotary', 'alibi', 'sinusoidal', 'none']) {
    const model = gpt({ positions, numKvHeads: 1 }).eval();
    const options = { maxNewTokens: 15, temperature: 1.3, topK: 8, topP: 0.95, repetitionPenalty: 1.2, seed: 5 };
    const seen = [];
    const tokens = model.generate([1, 2, 3], { ...options, onToken: (token) => { seen.push(token); } });
    assert.equal(tokens.length, 15);
    assert.deepEqual(seen, tokens);
    assert.deepEqual(model.generate([1, 2, 3], { ...options, useCache: false }), tokens, positions);
    assert.notDeepEqual(model.generate([1, 2, 3], { ...options, seed: 6 }), tokens, positions);
    assert.deepEqual(model.generate(attn.tensor([1, 2, 3], { dtype: 'int32' }), options), tokens);
  }
});

tidy('several prompts are continued one after the other, each as if it were alone', () => {
  const model = gpt().eval();
  const prompts = [[1, 2], [3, 4], [1, 2]];
  const options = { maxNewTokens: 5, temperature: 2, seed: 4 };
  const alone = prompts.map((prompt, row) => model.generate(prompt, { ...options, seed: 4 + row }));
  const seen = [[], [], []];
  assert.deepEqual(model.generate(prompts, { ...options, onToken(token, row) { seen[row].push(token); } }), alone);
  assert.deepEqual(seen, alone);
  assert.notDeepEqual(alone[0], alone[2], 'another draw for an equal prompt');
  assert.deepEqual(model.generate(attn.tensor(prompts, { dtype: 'int32' }), options), alone);
  assert.deepEqual(model.generate(prompts.map((row) => Int32Array.from(row)), options), alone);
  assert.deepEqual(model.generate(prompts.map((row) => attn.tensor(row, { dtype: 'int32' })), options), alone);
  assert.deepEqual(model.generate([[1, 2]], options), [alone[0]], 'one prompt in an array');
  const ragged = model.generate([[5], [1, 2, 3]], options);
  assert.deepEqual(ragged, [model.generate([5], options), model.generate([1, 2, 3], { ...options, seed: 5 })]);
  assert.deepEqual(model.generate(prompts, { ...options, onToken: (_, row) => row !== 1 }).map(({ length }) => length), [5, 1, 5], 'false ends its own text');
  const deep = attn.ones([1, 1, 2]);
  for (const [shape, prompt] of [['[]', 5], ['[1,1,2]', deep], ['[1,2]', [[[1, 2]]]]]) {
    refuses(() => model.generate(prompt), { code: 'SHAPE', op: 'generate', message: `generate: prompt must be [T], or several of those, got ${shape}` });
  }
  refuses(() => model.generate([[1], [[2]]]), { code: 'SHAPE', op: 'generate' });
  refuses(() => model.generate([]), { code: 'RANGE', op: 'generate' });
  refuses(() => model.generate([[1], []]), { code: 'RANGE', op: 'generate' });
});

tidy('any clock is a seed, negative and broken numbers are none', () => {
  const model = gpt().eval();
  for (const seed of [0, Date.now(), 2 ** 53 - 1]) {
    const options = { seed, temperature: 3, maxNewTokens: 6 };
    assert.deepEqual(model.generate([1], options), model.generate([1], options));
    attn.manualSeed(seed);
    const drawn = attn.rand([3]).toArray();
    attn.manualSeed(seed);
    assert.deepEqual(attn.rand([3]).toArray(), drawn);
  }
  assert.notDeepEqual(...[2 ** 53 - 1, 2 ** 53 - 2].map((seed) => model.generate([1], { seed, temperature: 5, maxNewTokens: 9 })), 'all digits count');
  for (const seed of [-1, 1.5, NaN, 2 ** 53]) {
    const message = `must be a whole number from 0 to 2^53 − 1, got ${seed}`;
    refuses(() => model.generate([1], { seed }), { code: 'RANGE', op: 'generate', message: `generate: seed ${message}` });
    refuses(() => attn.manualSeed(seed), { code: 'RANGE', op: 'manualSeed', message: `manualSeed: seed ${message}` });
  }
  refuses(() => model.generate([[1], [1]], { seed: 2 ** 53 - 1 }), { code: 'RANGE', op: 'generate', message: /seed must be/ });
  refuses(() => model.generate([1], { maxNewTokens: 3e9 }), { code: 'RANGE', op: 'generate', message: /maxNewTokens must be a whole number from -2147483647 to 2147483647, got 3000000000$/ });
});

tidy('a config that says a thing twice, or what no model knows, is refused in the words of who wrote it', () => {
  const config = { vocabSize: 3, maxLength: 4, dModel: 2, numHeads: 1, numLayers: 1 };
  const make = (rest) => () => new models.GPT({ ...config, ...rest });
  refuses(make({ vocab_size: 4 }), { code: 'TYPE', op: 'GPT', message: "GPT: the config has both 'vocabSize' and 'vocab_size', which are one" });
  refuses(make({ someThing: 1 }), { code: 'RANGE', op: 'GPT', message: /^GPT: the config's keys must be among vocabSize, maxLength, .*, got someThing$/ });
  refuses(make({ some_thing: 1 }), { code: 'RANGE', op: 'GPT', message: /, got some_thing$/ });
  refuses(make({ activation: 'gelu_new' }), { code: 'RANGE', op: 'GPT', message: 'GPT: activation must be gelu, relu or silu, got gelu_new' });
  refuses(make({ maxLength: 'max_length' }), { code: 'TYPE', op: 'GPT', message: 'GPT: maxLength must be an integer, got "max_length"' });
  refuses(make({ vocabSize: undefined }), { code: 'RANGE', op: 'GPT', message: 'GPT: vocabSize must be given, got none' });
  const { vocabSize, ...rest } = config;
  assert.equal(new models.GPT({ ...rest, vocab_size: vocabSize }).config.vocabSize, 3);
  for (const [kind, settings] of Object.entries({
    Classifier: { numClasses: 2 }, ViT: { imageSize: 4, patchSize: 2, numClasses: 2 }, Seq2Seq: { sourceVocab: 4, targetVocab: 4, embeddingDim: 2, hiddenSize: 2 },
    Transformer: { sourceVocab: 4, targetVocab: 4 },
  })) {
    refuses(() => new models[kind]({ ...config, ...settings, no_such: 1 }), { code: 'RANGE', op: kind, message: /the config's keys must be among .*, got [a-zA-Z]+$|got no_such$/ });
  }
});

tidy('greedy text is what the logits say; it stops at a token, by the caller, or with the caller’s error', () => {
  const model = gpt().eval();
  const greedy = model.generate([4], { maxNewTokens: 6, temperature: 0 });
  let text = [4];
  for (const token of greedy) {
    const last = attn.scope(() => model.forward([text]).toArray()[0].at(-1));
    assert.equal(token, last.indexOf(Math.max(...last)));
    text = [...text, token];
  }
  const stopToken = greedy[2];
  assert.deepEqual(model.generate([4], { maxNewTokens: 6, temperature: 0, stopToken }), greedy.slice(0, greedy.indexOf(stopToken) + 1));
  let count = 0;
  assert.equal(model.generate([4], { temperature: 0, onToken: () => { count += 1; return count < 3; } }).length, 3);
  assert.throws(() => model.generate([4], { onToken() { throw new RangeError('enough'); } }), /^RangeError: enough$/);
  assert.deepEqual(model.generate([4], { maxNewTokens: 6, temperature: 0 }), greedy, 'and it goes on');
});

tidy('a probe sees activations by name and may put others in their place', () => {
  const model = gpt().eval();
  const names = [];
  const seen = model.forward([[1, 2, 3]], { probe: (name) => { names.push(name); } });
  for (const name of ['embed', 'blocks.0.attn.scores', 'blocks.0.attn.weights', 'blocks.1.attn.z', 'blocks.1.resid_post', 'logits']) {
    assert.ok(names.includes(name), `${name} of ${names}`);
  }
  assert.deepEqual(seen.toArray(), model.forward([[1, 2, 3]]).toArray(), 'looking changes nothing');
  const silent = model.forward([[1, 2, 3]], { probe: (name, x) => (name.endsWith('attn.z') ? x.mul(0) : undefined) });
  assert.notDeepEqual(silent.toArray(), seen.toArray());
  assert.throws(() => model.forward([[1]], { probe() { throw new Error('look away'); } }), /^Error: look away$/);
  assert.throws(() => model.forward([[1, 2]], { probe: (_, x) => x.reshape(-1) }), /^AttnError: GPT: .*embed must stay \[1,2,16\]/);
});

tidy('a model of pairs learns to turn a sequence round, and beam search finds it', () => {
  const pairs = [[3, 4, 5], [5, 3, 4], [4, 4, 3], [3, 5, 5]];
  const source = pairs.map((row) => row);
  const targetIn = pairs.map((row) => [1, ...row.toReversed()]);
  const targetOut = pairs.map((row) => [...row.toReversed(), 2]);
  const vocabularies = { sourceVocab: 6, targetVocab: 6 };
  for (const [name, config] of [
    ['Seq2Seq', { ...vocabularies, embeddingDim: 12, hiddenSize: 16 }],
    ['Transformer', { ...vocabularies, ...sizes, numLayers: 1, maxLength: 5, dropout: 0 }],
  ]) {
    attn.manualSeed(1);
    const model = new models[name](config);
    const adam = new optim.Adam(model.parameters(), { lr: 0.01 });
    for (let step = 0; step < 150; step += 1) {
      attn.scope(() => model.loss(source, targetIn, targetOut).backward());
      adam.step();
      adam.zeroGrad();
    }
    model.eval();
    for (const beams of [1, 3]) {
      const found = model.decode(source, { maxLength: 5, beams });
      assert.deepEqual(found.map(({ tokens }) => tokens), pairs.map((row) => row.toReversed()), `${name}, beams: ${beams}`);
      for (const { score, alignment } of found) {
        assert.ok(score < 0 && score > -1, `${name}: ${score}`);
        assert.equal(alignment.shape[1], 3);
      }
    }
  }
});

tidy('padding changes nothing, neither a class nor a target', () => {
  attn.manualSeed(4);
  const classifier = new models.Classifier({ vocabSize: 9, maxLength: 6, numClasses: 3, ...sizes }).eval();
  const whole = classifier.forward([[1, 2, 3]]).toArray();
  const padded = classifier.forward([[1, 2, 3, 8, 8]], { keyPaddingMask: [[false, false, false, true, true]] });
  close(padded.toArray()[0], whole[0], 'classifier', 100);
  const seq2seq = new models.Seq2Seq({ sourceVocab: 9, targetVocab: 9, embeddingDim: 4, hiddenSize: 6 }).eval();
  const [logits] = seq2seq.forward([[3, 4, 5]], [[1, 6]]);
  const [same] = seq2seq.forward([[3, 4, 5, 8]], [[1, 6]], { sourceLengths: [3] });
  close(same.toArray()[0], logits.toArray()[0], 'seq2seq', 100);
});

tidy('a small vision transformer tells stripes apart', () => {
  attn.manualSeed(2);
  const model = new models.ViT({ imageSize: 4, patchSize: 2, numClasses: 2, numChannels: 1, ...sizes, numLayers: 1 });
  const image = (across) => [Array.from({ length: 4 }, (_, y) => Array.from({ length: 4 }, (__, x) => ((across ? x : y) % 2)))];
  const images = [image(true), image(false)];
  const adam = new optim.Adam(model.parameters(), { lr: 0.01 });
  let last;
  for (let step = 0; step < 40; step += 1) {
    last = attn.scope(() => {
      const loss = F.crossEntropy(model.forward(images), [0, 1]);
      loss.backward();
      return loss.item();
    });
    adam.step();
    adam.zeroGrad();
  }
  assert.ok(last < 0.05, `loss ${last}`);
});

spell('what models refuse', [
  ['TYPE', 'GPT', () => new models.GPT()],
  ['RANGE', 'GPT', () => new models.GPT({ vocabSize: 11, maxLength: 12, ...sizes, numHeads: 3 }), { message: /numHeads/ }],
  ['RANGE', 'GPT', () => new models.GPT({ vocabSize: 11, maxLength: 12, ...sizes, heads: 3 }), { message: /heads/ }],
  ['TYPE', 'GPT', () => new models.GPT({ vocabSize: '11', maxLength: 12, ...sizes }), { message: /vocabSize/ }],
  ['RANGE', 'GPT', () => new models.GPT({ vocabSize: 0, maxLength: 12, ...sizes }), { message: /vocabSize/ }],
  ['RANGE', 'Seq2Seq', () => new models.Seq2Seq({ sourceVocab: 5, targetVocab: 5, embeddingDim: 4, hiddenSize: 4, attention: 'loud' }), { message: /attention/ }],
]);
test('what a model’s methods refuse', () => {
  const model = gpt();
  refuses(() => model.forward([[99]]), { code: 'RANGE', op: 'GPT', message: /99/ });
  refuses(() => model.forward([[1.5]]), { code: 'RANGE', op: 'GPT' });
  refuses(() => model.forward([Array(13).fill(1)]), { code: 'SHAPE', op: 'GPT', message: /12/ });
  refuses(() => model.loss([[1, 2]], [[1]]), { code: 'SHAPE', op: 'GPT' });
  refuses(() => model.generate([]), { code: 'RANGE', op: 'generate' });
  refuses(() => model.generate([1], { topP: 0 }), { code: 'RANGE', op: 'generate', message: /topP/ });
  refuses(() => model.generate([1], { tempo: 1 }), { code: 'TYPE', op: 'generate', message: /tempo/ });
  refuses(() => model.generate([1], { onToken: 3 }), { code: 'TYPE', op: 'generate' });
  model.dispose();
  refuses(() => model.forward([[1]]), { code: 'TYPE', op: 'GPT', message: /dispose/ });
});
