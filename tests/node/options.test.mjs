// No option is dropped in silence: every public function, constructor and method, given an object of options that it does
// not know behind its arguments, throws TYPE and names what it was given. Whatever is public must stand in the tables here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as exported from '../../dist/node.js';
import { attn } from './support/refusal.mjs';

const { load, AttnError, Tensor } = exported;
const { nn, models, optim } = attn;
const nonsense = { nonsense: 1 };
const spare = await load({ threads: 1 });

const x = attn.tensor([[1, 2], [3, 4]]);
const learned = attn.tensor([1, 2], { requiresGrad: true });
const linear = { inFeatures: 2, outFeatures: 2 };
const layer = { dModel: 2, nhead: 1, dimFeedforward: 2 };
const blocks = { dModel: 4, numHeads: 2, numLayers: 1 };
const words = { sourceVocab: 5, targetVocab: 5 };
const file = attn.saveSafetensors({ x });
const checkpoint = attn.saveCheckpoint(new nn.ReLU());

// Rows of argument lists, the longest last, each of which is right as it is; options that may be left out are left out.
const functions = {
  attn: {
    tensor: [[[1]]], zeros: [[[1]]], ones: [[[1]]], full: [[[1], 2]], arange: [[3], [0, 3], [0, 3, 1]], eye: [[2]], rand: [[[1]]], randn: [[[1]]],
    manualSeed: [[1]], cat: [[[x]], [[x], 0]], stack: [[[x]], [[x], 0]], attend: [[x, x, x]], scope: [[() => {}]], noGrad: [[() => {}]],
    detectAnomaly: [[false]], memory: [[]], dispose: [[]], saveSafetensors: [[{ x }], [{ x }, { note: 'x' }]], loadSafetensors: [[file]],
    saveCheckpoint: [[new nn.ReLU()]], loadCheckpoint: [[checkpoint, new nn.ReLU()]],
  },
  F: {
    softmax: [[x], [x, 0]], logSoftmax: [[x], [x, 0]], relu: [[x]], gelu: [[x]], silu: [[x]], linear: [[x, x], [x, x, [1, 2]]], layerNorm: [[x]], rmsNorm: [[x]],
    entropy: [[x]], conv1d: [[[[[1]]], [[[1]]]]], scaledDotProductAttention: [[x, x, x]],
    multiHeadAttentionForward: [[x, x, x, { numHeads: 1, inProjWeight: attn.ones([6, 2]), outProjWeight: x }]],
    crossEntropy: [[x, [0, 1]]], binaryCrossEntropyWithLogits: [[x, x]], mseLoss: [[x, x]], dropout: [[x]], embedding: [[[0], x]],
  },
  nn: {
    sinusoidal: [[{ length: 1, dim: 2 }]], rotary: [[x]], alibi: [[{ numHeads: 1, queries: 1, keys: 1 }]], learned: [[{ numPositions: 2, embeddingDim: 2 }]],
  },
  init: {
    uniform: [[x]], normal: [[x]], truncNormal: [[x]], constant: [[x, 1]], ones: [[x]], zeros: [[x]], eye: [[x]], xavierUniform: [[x]], xavierNormal: [[x]],
    kaimingUniform: [[x]], kaimingNormal: [[x]], orthogonal: [[x]], calculateGain: [['relu'], ['leakyRelu', 0.2]],
  },
  models: {},
  optim: { clipGradNorm: [[[learned], 1]], constant: [[1]], warmupCosine: [[{ lr: 1, totalSteps: 2 }]] },
};

const tensorMethods = {
  data: [[]], toArray: [[]], backward: [[], [null]], detach: [[]], neg: [[]], exp: [[]], log: [[]], sqrt: [[]], tanh: [[]], sigmoid: [[]], relu: [[]], gelu: [[]],
  silu: [[]], add: [[1]], sub: [[1]], mul: [[1]], div: [[1]], pow: [[1]], sum: [[], [0]], mean: [[], [0]], max: [[], [0]], matmul: [[x]], transpose: [[0, 0]],
  permute: [[0], [[0]]], reshape: [[1], [[1]], [-1, 1]], slice: [[0, 0], [0, 0, 1]], index: [[[0]]], maskedFill: [[[1], 0]], softmax: [[], [0]],
  logSoftmax: [[], [0]], item: [[]], dispose: [[]], toJSON: [[]], toString: [[]],
};
const moduleMethods = (...forward) => ({
  forward, namedParameters: [[]], parameters: [[]], stateDict: [[]], loadStateDict: [[{}, { strict: false }]], train: [[], [true]], eval: [[]], dispose: [[]],
});
const optimizerMethods = { step: [[]], zeroGrad: [[]], stateDict: [[]], loadStateDict: [[new optim.SGD([learned]).stateDict()]], dispose: [[]] };
const adamMethods = (name) => ({ ...optimizerMethods, loadStateDict: [[new optim[name]([learned]).stateDict()]] });

// Constructors' argument lists, and the methods of what they make.
const classes = {
  Linear: [[[linear]], moduleMethods([x])],
  Embedding: [[[{ numEmbeddings: 2, embeddingDim: 2 }]], moduleMethods([[0]])],
  LayerNorm: [[[{ normalizedShape: 2 }]], moduleMethods([x])],
  RMSNorm: [[[{ normalizedShape: 2 }]], moduleMethods([x])],
  Dropout: [[[]], moduleMethods([x])],
  ReLU: [[[]], moduleMethods([x])],
  GELU: [[[]], moduleMethods([x])],
  SiLU: [[[]], moduleMethods([x])],
  Tanh: [[[]], moduleMethods([x])],
  Sigmoid: [[[]], moduleMethods([x])],
  Sequential: [[[], [new nn.ReLU()]], moduleMethods([x])],
  GRU: [[[{ inputSize: 2, hiddenSize: 2 }]], moduleMethods([x], [x, null])],
  MultiheadAttention: [[[{ embedDim: 2, numHeads: 1 }]], moduleMethods([x, x, x])],
  DynamicAttention: [[[{ embedDim: 2, numHeads: 1 }]], moduleMethods([x, x, x])],
  AdditiveAttention: [[[{ queryDim: 2, keyDim: 2, attentionDim: 2 }]], moduleMethods([x, x, x])],
  TransformerEncoderLayer: [[[layer]], moduleMethods([x])],
  TransformerDecoderLayer: [[[layer]], moduleMethods([x, x])],
  TransformerEncoder: [[[{ ...layer, numLayers: 1 }]], moduleMethods([x])],
  TransformerDecoder: [[[{ ...layer, numLayers: 1 }]], moduleMethods([x, x])],
  SinusoidalPositions: [[[{ numPositions: 2, embeddingDim: 2 }]], moduleMethods([x])],
  GPT: [[[{ ...blocks, vocabSize: 5, maxLength: 4 }]], { ...moduleMethods([[[1]]]), loss: [[[[1]], [[1]]]], generate: [[[1]]] }],
  Classifier: [[[{ ...blocks, vocabSize: 5, maxLength: 4, numClasses: 2 }]], moduleMethods([[[1]]])],
  ViT: [[[{ ...blocks, imageSize: 2, patchSize: 1, numChannels: 1, numClasses: 2 }]], moduleMethods([[[[[1, 2], [3, 4]]]]])],
  Seq2Seq: [[[{ ...words, embeddingDim: 2, hiddenSize: 2 }]], { ...moduleMethods([[[3]], [[1]]]), loss: [[[[3]], [[1]], [[2]]]], decode: [[[[3]]]] }],
  Transformer: [[[{ ...words, ...blocks, maxLength: 4 }]], { ...moduleMethods([[[3]], [[1]]]), loss: [[[[3]], [[1]], [[2]]]], decode: [[[[3]]]] }],
  SGD: [[[[learned]]], optimizerMethods],
  Adam: [[[[learned]]], adamMethods('Adam')],
  AdamW: [[[[learned]]], adamMethods('AdamW')],
  EarlyStopping: [[[{ patience: 1 }]], { stop: [[0, 1]], dispose: [[]] }],
};

/** The facade's own methods, which no declaration names. */
const inner = ['constructor', 'handle', 'what', 'run', 'argument', 'parameter', 'tokens', 'optionalTokens', 'encode', 'contained', 'inside'];
function methodsOf(object) {
  const names = new Set();
  for (let at = object; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) if (typeof value === 'function') names.add(name);
  }
  return [...names].filter((name) => !inner.includes(name));
}

const isOptions = (value) => Object.getPrototypeOf(Object(value)) === Object.prototype;
/** Whose last argument is no object of options: tensors by any name, or a config, of which models.test.mjs speaks. */
const free = /saveSafetensors|new (GPT|Classifier|ViT|Seq2Seq|Transformer)$/;

/** Calls f with what it knows and with what it does not. */
function holds(what, f, lists) {
  for (const list of lists) {
    const refuses = (args, message) => attn.scope(() => assert.throws(() => f(...args), (error) => {
      assert.ok(error instanceof AttnError && error.code === 'TYPE', `${what}: ${error.stack}`);
      assert.match(error.message, message, what);
      return true;
    }, what));
    refuses([...list, nonsense], /nonsense/);
    if (list === lists.at(-1)) refuses([...list, {}, nonsense], /nonsense|\{\}/);
    const last = list.at(-1);
    if (isOptions(last) && !free.test(what)) refuses([...list.slice(0, -1), { ...last, ...nonsense }], /nonsense/);
    attn.scope(() => f(...list));
  }
}

const isClass = (name) => /^[A-Z]/.test(name);

for (const [name, table] of Object.entries(functions)) {
  test(`functions of ${name}`, () => {
    const home = { attn, init: nn.init }[name] ?? attn[name];
    assert.deepEqual(Object.keys(home).filter((key) => typeof home[key] === 'function' && !isClass(key)).sort(), Object.keys(table).sort());
    for (const [key, lists] of Object.entries(table)) holds(`${name}.${key}`, (...args) => (key === 'dispose' ? spare : home)[key](...args), lists);
  });
}

test('methods of tensors', () => {
  assert.deepEqual(methodsOf(x).sort(), Object.keys(tensorMethods).sort());
  for (const [name, lists] of Object.entries(tensorMethods)) {
    const make = () => attn.tensor(name === 'matmul' ? [[1, 1]] : [1], { requiresGrad: true });
    holds(name, (...args) => make()[name](...args), lists);
  }
});

test('constructors of nn, models and optim, and the methods of what they make', () => {
  const homes = { ...nn, ...models, ...optim };
  assert.deepEqual(Object.keys(homes).filter((name) => isClass(name) && name !== 'Module').sort(), Object.keys(classes).sort());
  for (const [name, [lists, methods]] of Object.entries(classes)) {
    const make = (...args) => new homes[name](...args);
    holds(`new ${name}`, make, lists);
    attn.scope(() => assert.deepEqual(methodsOf(make(...lists.at(-1))).sort(), Object.keys(methods).sort(), name));
    for (const [method, calls] of Object.entries(methods)) holds(`${name}.${method}`, (...args) => make(...lists.at(-1))[method](...args), calls);
  }
  attn.scope(() => holds('LearnedPositions.forward', (...args) => nn.learned({ numPositions: 2, embeddingDim: 2 }).forward(...args), [[x]]));
});

test('schedules, and the functions that the package exports', async () => {
  assert.deepEqual(Object.keys(exported).sort(), ['AttnError', 'Tensor', 'load']);
  holds('constant', optim.constant(1), [[0]]);
  await assert.rejects(load(nonsense), { code: 'TYPE', message: /nonsense/ });
  await assert.rejects(load({}, nonsense), { code: 'TYPE', message: /nonsense/ });
});

test('what JavaScript itself hands over besides passes, and so does nothing', () => {
  assert.deepEqual([-1, 2].map(attn.F.relu).map((y) => y.item()), [0, 2]);
  assert.deepEqual([0, 7].map(optim.constant(0.25)), [0.25, 0.25]);
  assert.deepEqual(attn.F.relu([-1, 2], undefined).toArray(), [0, 2]);
  assert.deepEqual(attn.F.softmax([0, 0], undefined, {}).toArray(), [0.5, 0.5]);
  assert.ok(x instanceof Tensor);
});

test('each refusal says who it is', () => {
  const refusals = [
    ['ReLU', () => new nn.ReLU({ inplace: true }), "ReLU: there is no option 'inplace'; there are none"],
    ['relu', () => attn.F.relu(x, { inplace: true }), "relu: there is no option 'inplace'; there are none"],
    ['Linear', () => new nn.Linear(linear).forward(x, { probe() {} }), "Linear: there is no option 'probe'; there are none"],
    ['Linear', () => new nn.Linear(linear, { bias: false }), "Linear: there is no option 'bias'; there are none"],
    ['GPT', () => new models.GPT({ ...blocks, vocabSize: 5, maxLength: 4 }).loss([[1]], [[1]], { reduction: 'sum' }), "GPT: there is no option 'reduction'; there are none"],
    ['zeroGrad', () => new optim.SGD([learned]).zeroGrad({ setToNone: false }), "zeroGrad: there is no option 'setToNone'; there are none"],
    ['softmax', () => attn.F.softmax(x, { dim: 0 }), 'softmax: dim must be a number, got an object {dim}'],
    ['linear', () => attn.F.linear(x, x, { bias: [1, 2] }), 'linear: expected numbers, nested arrays of them or a typed array, got an object {bias}'],
  ];
  for (const [op, f, message] of refusals) attn.scope(() => assert.throws(f, { name: 'AttnError', code: 'TYPE', op, message }));
});
