// A probe that only looks changes nothing, bit for bit: a table of every layer and every model, with inputs that hold NaN
// and infinities at padded keys and elsewhere. And a masked key contributes nothing, whatever it holds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numbers, random } from './support/numbers.mjs';
import { attn, tidy } from './support/refusal.mjs';

const { nn, models } = attn;
const VOCABULARY = 9, STEPS = 5, KEYS = 7;

// What stands in the inputs beside random numbers: at the padded keys, or at one that is not.
const SPOILT = [
  { name: 'nothing' }, { name: 'NaN at padded keys', padded: NaN }, { name: 'infinity at padded keys', padded: Infinity },
  { name: '-infinity at padded keys', padded: -Infinity }, { name: 'NaN at a key', open: NaN }, { name: 'infinity at a key', open: Infinity },
];
/** [2,n]: true at the ends, which are lengths, or with a hole, which is not. */
const padding = (n, hole = false) => [0, 1].map((b) => Array.from({ length: n }, (_, s) => (b === 0 || hole ? s === n - 1 - b : s >= n - 2)));
const keyPaddingMask = padding(KEYS, true);
const isPadded = (n, b, s) => padding(n)[b][s];

/** [2,n,features] */
const rows = (n, features, { padded, open } = {}) => random([2, n, features], numbers(n * features)).map((batch, b) =>
  batch.map((row, s) => row.map((x, i) => (isPadded(n, b, s) ? padded ?? x : b === 0 && s === 1 && i === 0 ? open ?? x : x))));
const leaf = (...args) => attn.tensor(rows(...args), { requiresGrad: true });
/** [2,n]: the last token stands where a row would be spoilt, and nowhere else. */
const tokens = (n, { open } = {}) => random([2, n], numbers(n)).map((row, b) =>
  row.map((x, s) => (isPadded(n, b, s) || (open !== undefined && b === 0 && s === 1) ? VOCABULARY - 1 : Math.floor(x + 2) * 2)));
/** The model with embeddings of the last token that hold something else. */
function spoilEmbeddings(model, { padded, open }) {
  const by = padded ?? open;
  if (by === undefined) return model;
  const state = model.stateDict();
  for (const [name, x] of Object.entries(state)) {
    if (/embed.*weight$/.test(name) && x.shape[0] === VOCABULARY) state[name] = attn.cat([x.slice(0, 0, -1), attn.full([1, x.shape[1]], by)]);
  }
  model.loadStateDict(state);
  return model;
}

const attention = (make, kdim = 4) => (spoilt) => {
  const layer = make();
  const [query, key] = [leaf(STEPS, 4), leaf(KEYS, kdim, spoilt)];
  return { layer, leaves: [query, key], forward: (options) => layer.forward(query, key, key, options) };
};
const multihead = (Layer) => [{}, { numKvHeads: 1, rotary: true }, { alibi: true }, { addBiasKv: true, addZeroAttn: true }, { dropout: 0.5 }, { kdim: 3, vdim: 3 }]
  .flatMap((rest) => [{ needWeights: false, keyPaddingMask }, { needWeights: false, keyPaddingMask: padding(KEYS) }, { needWeights: false, isCausal: true }, { needWeights: true, keyPaddingMask }]
    .map((call) => ({
      what: JSON.stringify({ ...rest, ...call, keyPaddingMask: !!call.keyPaddingMask }), call,
      build: attention(() => new Layer({ embedDim: 4, numHeads: 2, batchFirst: true, ...rest }), rest.kdim),
    })));
const layerOptions = [0, 0.5].flatMap((dropout) => [false, true].map((normFirst) =>
  ({ dModel: 4, nhead: 2, dimFeedforward: 6, batchFirst: true, dropout, normFirst })));
const encoders = (Layer, rest) => layerOptions.map((options) => ({
  what: JSON.stringify(options), call: { srcKeyPaddingMask: padding(KEYS) },
  build(spoilt) {
    const [layer, x] = [new Layer({ ...options, ...rest }), leaf(KEYS, 4, spoilt)];
    return { layer, leaves: [x], forward: (call) => layer.forward(x, call) };
  },
}));
const decoders = (Layer, rest) => layerOptions.map((options) => ({
  what: JSON.stringify(options), call: { memoryKeyPaddingMask: keyPaddingMask, tgtIsCausal: true },
  build(spoilt) {
    const [layer, x, memory] = [new Layer({ ...options, ...rest }), leaf(STEPS, 4), leaf(KEYS, 4, spoilt)];
    return { layer, leaves: [x, memory], forward: (call) => layer.forward(x, memory, call) };
  },
}));
const blocks = { dModel: 8, numHeads: 2, numLayers: 2 };
const ofTokens = (make, variants, call = {}) => variants.map((rest) => ({
  what: JSON.stringify(rest), call,
  build(spoilt) {
    const layer = spoilEmbeddings(make(rest), spoilt);
    return { layer, leaves: [], forward: (options) => layer.forward(tokens(KEYS, spoilt), options) };
  },
}));
const translators = (make, variants) => variants.map((rest) => ({
  what: JSON.stringify(rest), call: { sourceLengths: [KEYS - 1, KEYS - 2] },
  build(spoilt) {
    const { teacherForcing, ...config } = rest;
    const layer = spoilEmbeddings(make(config), spoilt);
    return { layer, leaves: [], forward: (options) => layer.forward(tokens(KEYS, spoilt), tokens(STEPS), { ...options, ...(teacherForcing && { teacherForcing }) }) };
  },
}));
const vocabularies = { sourceVocab: VOCABULARY, targetVocab: VOCABULARY };

/** By name: the cases of what takes a probe, or one of what takes none. */
const TABLE = {
  MultiheadAttention: multihead(nn.MultiheadAttention),
  DynamicAttention: multihead(nn.DynamicAttention),
  AdditiveAttention: [undefined, keyPaddingMask, padding(KEYS)].map((mask, i) => ({
    what: `mask ${i}`, call: { keyPaddingMask: mask }, build: attention(() => new nn.AdditiveAttention({ queryDim: 4, keyDim: 3, attentionDim: 6 }), 3),
  })),
  GRU: [{
    what: 'all', call: {},
    build(spoilt) {
      const [layer, x] = [new nn.GRU({ inputSize: 3, hiddenSize: 4, numLayers: 2, batchFirst: true, dropout: 0.5, bidirectional: true }), leaf(STEPS, 3, spoilt)];
      return { layer, leaves: [x], forward: (options) => layer.forward(x, null, options) };
    },
  }],
  TransformerEncoderLayer: encoders(nn.TransformerEncoderLayer, {}),
  TransformerEncoder: encoders(nn.TransformerEncoder, { numLayers: 2, norm: true }),
  TransformerDecoderLayer: decoders(nn.TransformerDecoderLayer, {}),
  TransformerDecoder: decoders(nn.TransformerDecoder, { numLayers: 2, norm: true }),
  GPT: ofTokens((rest) => new models.GPT({ vocabSize: VOCABULARY, maxLength: KEYS, ...blocks, ...rest }),
    [...['learned', 'sinusoidal', 'rotary', 'alibi', 'none'].map((positions) => ({ positions, numKvHeads: 1 })), { dropout: 0.5 }]),
  Classifier: ofTokens((rest) => new models.Classifier({ vocabSize: VOCABULARY, maxLength: KEYS, numClasses: 3, ...blocks, ...rest }),
    ['cls', 'attention', 'mean'].map((pooling) => ({ pooling })), { keyPaddingMask }),
  ViT: ['cls', 'attention', 'mean'].map((pooling) => ({
    what: pooling, call: {},
    build(spoilt) {
      const layer = new models.ViT({ imageSize: 4, patchSize: 2, numClasses: 3, numChannels: 1, ...blocks, pooling });
      const image = leaf(4, 4, spoilt);
      return { layer, leaves: [image], forward: (options) => layer.forward(image.reshape(2, 1, 4, 4), options) };
    },
  })),
  Seq2Seq: translators((rest) => new models.Seq2Seq({ ...vocabularies, embeddingDim: 3, hiddenSize: 4, ...rest }),
    ['additive', 'dot', 'general'].flatMap((attention) => [{ attention }, { attention, dropout: 0.5, teacherForcing: 0.5 }])),
  Transformer: translators((rest) => new models.Transformer({ ...vocabularies, maxLength: KEYS, ...blocks, ...rest }), [{ dropout: 0 }, { dropout: 0.5 }]),
  Linear: () => new nn.Linear({ inFeatures: 1, outFeatures: 1 }),
  Embedding: () => new nn.Embedding({ numEmbeddings: 1, embeddingDim: 1 }),
  LayerNorm: () => new nn.LayerNorm({ normalizedShape: 1 }),
  RMSNorm: () => new nn.RMSNorm({ normalizedShape: 1 }),
  Dropout: () => new nn.Dropout(),
  ReLU: () => new nn.ReLU(),
  GELU: () => new nn.GELU(),
  SiLU: () => new nn.SiLU(),
  Tanh: () => new nn.Tanh(),
  Sigmoid: () => new nn.Sigmoid(),
  Sequential: () => new nn.Sequential(new nn.ReLU()),
  SinusoidalPositions: () => new nn.SinusoidalPositions({ numPositions: 1, embeddingDim: 2 }),
};
const refusal = (f) => {
  try {
    return `${f()}`;
  } catch ({ message }) {
    return message;
  }
};

tidy('the table holds every layer and every model, and tells apart what takes a probe', () => {
  const all = [nn, models].flatMap((part) => Object.keys(part).filter((name) => /^[A-Z]/.test(name) && name !== 'Module'));
  assert.deepEqual(Object.keys(TABLE).sort(), all.sort());
  for (const [name, entry] of Object.entries(TABLE)) {
    if (Array.isArray(entry)) assert.match(refusal(() => entry[0].build(SPOILT[0]).forward({ probe: 3 })), /probe must be a function/, name);
    else assert.match(refusal(() => entry().forward([[0]], { probe: 3 })), /'probe'/, name);
  }
});

/** Results and then gradients, as numbers; the same random numbers are drawn each time. */
const run = (build, spoilt, call, probe) => attn.scope(() => {
  attn.manualSeed(3);
  const { layer, leaves, forward } = build(spoilt);
  const results = [forward({ ...call, ...(probe && { probe }) })].flat().filter((y) => y !== null);
  for (const y of results) if (y.requiresGrad) y.backward(attn.tensor(random(y.shape, numbers(9))), { retainGraph: true });
  const gradients = [...layer.parameters(), ...leaves].map((x) => x.grad).filter((g) => g !== null);
  return [...results, ...gradients, attn.rand([1])].map((y) => [...y.data()]); // -0 is not 0 there, and NaN is NaN
});

for (const [name, cases] of Object.entries(TABLE).filter(([, entry]) => Array.isArray(entry))) {
  tidy(`looking into ${name} changes nothing`, () => {
    for (const { what, call, build } of cases) for (const spoilt of SPOILT) {
      const where = `${what}, ${spoilt.name}`;
      const alone = run(build, spoilt, call);
      let seen = 0;
      const looks = [() => { seen += 1; }, (_, x) => x, (_, x) => { x.data(); return undefined; }];
      for (const look of looks) assert.deepStrictEqual(run(build, spoilt, call, look), alone, where);
      assert.ok(seen > 0, where);
    }
  });
}

test('a masked key contributes nothing, with weights and without, and a probe sees so', () => attn.scope(() => {
  attn.manualSeed(5);
  const layer = new nn.MultiheadAttention({ embedDim: 4, numHeads: 2, batchFirst: true });
  const output = (spoilt, options) => layer.forward(rows(STEPS, 4), rows(KEYS, 4, spoilt), rows(KEYS, 4, spoilt), { keyPaddingMask: padding(KEYS), ...options })[0].toArray();
  for (const options of [{ needWeights: false }, { needWeights: true }, { needWeights: false, probe: (_, x) => x.add(0) }]) {
    for (const spoilt of SPOILT.slice(0, 4)) assert.deepEqual(output(spoilt, options), output({}, options), spoilt.name);
  }
  const seen = {};
  output({ padded: NaN }, { needWeights: false, probe(name, x) { seen[name] = x.toArray(); } });
  assert.ok(Number.isNaN(seen.scores[0][0][0][KEYS - 1]));
  assert.equal(seen.masked[0][0][0][KEYS - 1], -Infinity);
  assert.equal(seen.weights[0][0][0][KEYS - 1], 0);
  assert.ok(seen.z.flat(3).every(Number.isFinite));
  const overwritten = output({ padded: NaN }, { needWeights: false, probe: (name, x) => (name === 'weights' ? x.add(1) : undefined) });
  assert.ok(overwritten.flat(2).every(Number.isNaN), 'a weight that a probe gives it counts');
}));

tidy('gradients go through what a probe puts in the place of an activation, and through what it saw', () => {
  const layer = new nn.MultiheadAttention({ embedDim: 4, numHeads: 2, batchFirst: true });
  const x = leaf(STEPS, 4);
  const gradient = (probe) => {
    const fresh = attn.tensor(x.toArray(), { requiresGrad: true });
    layer.forward(fresh, fresh, fresh, { needWeights: false, probe })[0].sum().backward();
    return fresh.grad.toArray().flat(2);
  };
  const plain = gradient();
  for (const name of ['q', 'k', 'v', 'scores', 'scaled', 'masked', 'weights', 'z', 'out']) {
    const same = gradient((at, y) => (at === name ? y.mul(1) : undefined));
    same.forEach((g, i) => assert.ok(Math.abs(g - plain[i]) <= 1e-5 * Math.max(1, ...plain.map(Math.abs)), `${name} ${i}: ${g} is not ${plain[i]}`));
    assert.notDeepEqual(gradient((at, y) => (at === name ? y.mul(2) : undefined)), plain, name);
  }
  const kept = attn.tensor(x.toArray(), { requiresGrad: true });
  let weights;
  layer.forward(kept, kept, kept, { needWeights: false, probe(name, y) { if (name === 'weights') weights = y; } });
  weights.pow(2).sum().backward(); // an entropy of sorts, of what was only looked at
  assert.ok(kept.grad.toArray().flat(2).some((g) => g !== 0));
});
