// What the training benchmark trains, as plain data.

const config = {
  vocabSize: 64, maxLength: 64, dModel: 64, numHeads: 4, numLayers: 2, activation: 'relu', lr: 1e-3,
};
const batch = 8;
const positions = batch * config.maxLength;

/** A text that counts in steps of 7: enough to see the loss fall. */
const counting = (first) => Int32Array.from({ length: positions }, (_, i) => (first + 7 * i) % config.vocabSize);

/** 2 layers of width 64 with 4 heads, 64 tokens of 64 kinds in a batch of 8: 112 thousand parameters. */
export const gpt = { config, batch, tokens: counting(3), targets: counting(10) };

/**
 * Multiplications and additions of a step: every weight of a linear layer takes part once for a token on the way forward
 * and twice on the way back; attention counts whole, as if nothing were masked.
 */
export function gptFlops({ config: { vocabSize, maxLength, dModel, numLayers } }) {
  const weights = numLayers * 12 * dModel ** 2 + vocabSize * dModel;
  const attention = numLayers * 2 * maxLength * dModel;
  return 3 * 2 * positions * (weights + attention);
}

/** The documents' row E5: width 512, 8 heads, 2048 inner features, 6 layers a side, dropout 0.1. */
export const transformer = {
  config: { sourceVocab: 1000, targetVocab: 1000, dModel: 512, numHeads: 8, numLayers: 6, dimFeedforward: 2048, dropout: 0.1, maxLength: 64 },
  lr: 1e-4,
  source: { shape: [2, 32], tokens: Int32Array.from({ length: 64 }, (_, i) => 3 + ((i * 37) % 997)) },
  target: { shape: [2, 32], tokens: Int32Array.from({ length: 64 }, (_, i) => 3 + ((i * 53) % 997)) },
};
