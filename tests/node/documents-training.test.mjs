// Of the documents' rows that train something: C7, D2 and E5, each once, through the module's own functions. All of them, in
// all their variants and with what they claim, are trained in tests/native/documents_training_test.cpp.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../../dist/node.js';
import { runE5, trainC7, trainD2, underNoise } from './support/documents.mjs';

const attn = await load();
/** f's models and tensors are freed behind it, and how long it took is told. */
const row = (name, f) => test(name, (t) => {
  const begin = performance.now();
  attn.scope(() => f(t));
  t.diagnostic(`${((performance.now() - begin) / 1000).toFixed(1)} s`);
});

for (const [name, options] of [
  ['C7: four texts as an autoencoder, by additive attention', { attention: 'additive', ahead: false }],
]) {
  row(name, (t) => {
    const { losses, alignments, right } = trainC7(attn, options);
    t.diagnostic(`loss ${losses[0].toFixed(2)}, after 10 epochs ${losses[9].toFixed(2)}, after ${losses.length} ${losses.at(-1).toFixed(3)}`);
    assert.ok(losses.at(-1) < 0.05, `loss ${losses.at(-1)}`);
    assert.ok(right, 'every word of every text comes back from the source alone');
    assert.equal(alignments.length, 4);
    for (const weights of alignments.flat()) {
      const sum = weights.reduce((a, b) => a + b);
      assert.ok(Math.abs(sum - 1) <= weights.length * 2 ** -22, `a row of the alignment sums to ${sum}`);
    }
  });
}

for (const language of ['zh']) {
  row(`D2: praise or not, in templates never seen, ${language}`, (t) => {
    const { accuracy, model, sentences } = trainD2(attn, language);
    t.diagnostic(`accuracy on held-out templates ${accuracy}`);
    assert.ok(accuracy > 0.95, `accuracy ${accuracy}`);
    const moved = underNoise(attn, model, sentences.heldOut.slice(0, 64), [0, 0.125, 0.5, 2]);
    t.diagnostic(`E7: attention under noise of 0, 1/8, 1/2 and 2 of the embeddings' deviation moves by ${moved.map((x) => x.toFixed(3)).join(', ')}`);
    assert.equal(moved[0], 0);
    moved.slice(1).forEach((x, i) => assert.ok(x > moved[i] && x < 1, `${moved}`));
  });
}

row('E5: the Transformer at its printed size, forward and one training step', (t) => {
  const { parameters, shape, forward, step, bytes, loss, before, after } = runE5(attn);
  t.diagnostic(`${parameters} parameters: forward ${forward.toFixed(2)} s, training step ${step.toFixed(2)} s, tensors ${(bytes / 1e6).toFixed(0)} MB`);
  // A layer has 4 projections of 512² for each attention, 2·512·2048 weights inside, and biases and norms.
  const [attention, inner, norm] = [4 * (512 ** 2 + 512), 2 * 512 * 2048 + 2048 + 512, 2 * 512];
  assert.equal(parameters, 6 * (attention + inner + 2 * norm) + 6 * (2 * attention + inner + 3 * norm) + 3 * 512 * 1000 + 1000);
  assert.deepEqual(shape, [1, 16, 1000]);
  assert.ok(Math.abs(loss - Math.log(1000)) < 2, `loss ${loss}`);
  assert.ok(after < before, `loss ${before}, after the step ${after}`);
});
