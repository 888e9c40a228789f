// What the training benchmarks train, as plain data.

/** A text that counts in steps of 7: enough to see the loss fall. */
const counting = (first, { vocabSize, maxLength }, batch) =>
  Int32Array.from({ length: batch * maxLength }, (_, i) => (first + 7 * i) % vocabSize);

/** config: of models.GPT; the rest: of a step. optimizer: a class of optim; maxNorm: of clipping, if any. */
const workload = (name, config, batch, rest) => ({
  name, config, batch, tokens: counting(3, config, batch), targets: counting(10, config, batch), lr: 1e-3, ...rest,
});

/** 2 layers of width 64 with 4 heads, 64 tokens of 64 kinds in a batch of 8: 112 thousand parameters. */
export const gpt = workload('GPT step', { vocabSize: 64, maxLength: 64, dModel: 64, numHeads: 4, numLayers: 2, activation: 'relu' }, 8, { optimizer: 'Adam' });

const full = { optimizer: 'AdamW', maxNorm: 1 };
const toy = (dModel, numHeads) => workload(`toy ${dModel}`, { vocabSize: 21, maxLength: 24, dModel, numHeads, numLayers: 2 }, 32, full);
const tinyGpt = (dModel, maxLength, numLayers, numHeads, batch) =>
  workload(`TinyGPT ${dModel}/${maxLength}`, { vocabSize: 256, maxLength, dModel, numHeads, numLayers, tieWeights: true }, batch, full);

/**
 * Steps with AdamW and clipping: of the page's size, with the kinds of token of its first task, and of TinyGPT's published
 * presets, a byte a token. Published are their widths, contexts, parameters, and tokens and steps a second, from which
 * follow layers and batches; heads are what divides.
 */
export const steps = [toy(32, 2), toy(64, 4), tinyGpt(96, 64, 3, 4, 16), tinyGpt(128, 96, 4, 4, 16), tinyGpt(192, 128, 6, 6, 12)];

/**
 * Multiplications and additions of a step: every weight of a linear layer takes part once for a token on the way forward
 * and twice on the way back; attention counts whole, as if nothing were masked.
 */
export function gptFlops({ tokens, config: { vocabSize, maxLength, dModel, numLayers } }) {
  const weights = numLayers * 12 * dModel ** 2 + vocabSize * dModel;
  const attention = numLayers * 2 * maxLength * dModel;
  return 3 * 2 * tokens.length * (weights + attention);
}

/** The documents' row E5: width 512, 8 heads, 2048 inner features, 6 layers a side, dropout 0.1. */
export const transformer = {
  config: { sourceVocab: 1000, targetVocab: 1000, dModel: 512, numHeads: 8, numLayers: 6, dimFeedforward: 2048, dropout: 0.1, maxLength: 64 },
  lr: 1e-4,
  source: { shape: [2, 32], tokens: Int32Array.from({ length: 64 }, (_, i) => 3 + ((i * 37) % 997)) },
  target: { shape: [2, 32], tokens: Int32Array.from({ length: 64 }, (_, i) => 3 + ((i * 53) % 997)) },
};
