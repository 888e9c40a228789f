// How the loss of a GPT of 0.8 million parameters falls on the story: the run that tests/native/training_curve_test.cpp
// repeats.
import { encode, story, vocabularySize } from './story.mjs';

export const config = { vocabSize: vocabularySize, maxLength: 64, dModel: 128, numHeads: 4, numLayers: 4, initializerRange: 0.02 };
const BATCH = 8;

/** The rows of a step: stretches of the text far from each other, and the same one character on. */
function batch(tokens, step) {
  const { maxLength } = config;
  const rows = (shift) => Int32Array.from({ length: BATCH * maxLength }, (_, i) => {
    const row = BATCH * step + Math.floor(i / maxLength);
    return tokens[(row * 15485863) % (tokens.length - maxLength - 1) + (i % maxLength) + shift];
  });
  return { given: rows(0), wanted: rows(1) };
}

/** { losses, parameters }; nudge(model) may change the first weights. */
export function trainingCurve(attn, steps, nudge = () => {}) {
  const tokens = encode(story(1_000_000));
  attn.manualSeed(7);
  const model = new attn.models.GPT(config);
  nudge(model);
  const optimizer = new attn.optim.AdamW(model.parameters(), { lr: 1e-3 });
  const options = { shape: [BATCH, config.maxLength], dtype: 'int32' };
  const losses = Array.from({ length: steps }, (_, step) => {
    const { given, wanted } = batch(tokens, step);
    const loss = attn.scope(() => {
      const result = model.loss(attn.tensor(given, options), attn.tensor(wanted, options));
      result.backward();
      return result.item();
    });
    attn.optim.clipGradNorm(model.parameters(), 1);
    optimizer.step();
    optimizer.zeroGrad();
    return loss;
  });
  return { losses, parameters: model.parameters().reduce((sum, { size }) => sum + size, 0) };
}
