// The golden data of the native tests, which PyTorch computed (tests/golden), through the layers of JavaScript: outputs to
// 1e-5 and gradients to 1e-4, relative to each tensor's largest element.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from '../../dist/node.js';

const golden = (name) => JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), 'utf8'));
const attn = await load({ threads: 1 });
const { F, nn, optim } = attn;

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const camels = (object) => Object.fromEntries(Object.entries(object).map(([name, value]) => [camel(name), value]));
const pick = (object, names) => Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name)));
const omit = (object, names) => Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

function near(tensor, expected, share, what) {
  assert.deepEqual(tensor.shape, expected.shape, `${what}: shape`);
  const most = expected.values.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
  tensor.data().forEach((value, i) => {
    const off = Math.abs(value - expected.values[i]);
    assert.ok(off <= share * most, `${what}[${i}]: ${value} is not ${expected.values[i]}`);
  });
}

/** The layer, with the case's weights; `training` where the case says so. */
function made(c, options) {
  const layer = new nn[c.layer](omit(options, ['training']));
  layer.loadStateDict(Object.fromEntries(Object.entries(c.state).map(([name, { shape, values }]) => [name, attn.tensor(values, { shape })])));
  if (c.options.training !== undefined) layer.train(c.options.training);
  return layer;
}
const layerOf = (c, options, forward) => {
  const layer = made(c, options);
  return [forward(layer), layer.namedParameters()];
};
const CALL = ['needWeights', 'averageAttnWeights', 'isCausal'];
const multihead = (c, { query, key = query, value = key, ...masks }, options) =>
  layerOf(c, omit(options, CALL), (layer) => {
    const [output, weights] = layer.forward(query, key, value, { ...masks, ...pick(options, CALL) });
    assert.equal(weights === null, options.needWeights === false);
    return { output, weights };
  });
const encoder = (c, { src, ...masks }, options) => layerOf(c, options, (layer) => ({ output: layer.forward(src, masks) }));
const decoder = (c, { tgt, memory, ...masks }, options) => layerOf(c, options, (layer) => ({ output: layer.forward(tgt, memory, masks) }));
const plain = (c, { x }, options) => layerOf(c, options, (layer) => ({ output: layer.forward(x) }));
const ACTIVATIONS = { relu: nn.ReLU, gelu: nn.GELU, silu: nn.SiLU, tanh: nn.Tanh, sigmoid: nn.Sigmoid };
const of = (output) => [{ output }, []];

/** By layer or function: the outputs and the parameters of a case. */
const kinds = {
  Linear: plain, Embedding: plain, LayerNorm: plain, RMSNorm: plain,
  Sequential(c, { x }, { sizes, activations }) {
    const chain = activations.flatMap((f, i) => [new nn.Linear({ inFeatures: sizes[i], outFeatures: sizes[i + 1] }), new ACTIVATIONS[f]()]);
    const layer = new nn.Sequential(...chain);
    layer.loadStateDict(Object.fromEntries(Object.entries(c.state).map(([name, { shape, values }]) => [name, attn.tensor(values, { shape })])));
    return [{ output: layer.forward(x) }, layer.namedParameters()];
  },
  GRU: (c, { x, h0 }, options) => layerOf(c, options, (layer) => {
    if (options.dropout) layer.eval();
    const [output, hn] = layer.forward(x, h0);
    return { output, hn };
  }),
  softmax: (c, { x }, { dim }) => of(F.softmax(x, dim)),
  log_softmax: (c, { x }, { dim }) => of(F.logSoftmax(x, dim)),
  unary: (c, { x }, { f }) => of(x[f]()),
  conv1d: (c, { input, weight, bias }, options) => of(F.conv1d(input, weight, { ...options, ...(bias && { bias }) })),
  scaled_dot_product_attention: (c, { query, key, value, ...mask }, options) => of(F.scaledDotProductAttention(query, key, value, { ...mask, ...options })),
  cross_entropy: (c, { logits, target, ...weights }, options) => of(F.crossEntropy(logits, target, { ...weights, ...options })),
  binary_cross_entropy_with_logits: (c, { logits, target, ...weights }, options) =>
    of(F.binaryCrossEntropyWithLogits(logits, target, { ...weights, ...options })),
  mse_loss: (c, { input, target }, options) => of(F.mseLoss(input, target, options)),
  MultiheadAttention: multihead, DynamicAttention: multihead,
  AdditiveAttention: (c, { query, key, value, ...mask }, options) => layerOf(c, options, (layer) => {
    const [output, weights] = layer.forward(query, key, value, mask);
    return { output, weights };
  }),
  TransformerEncoderLayer: encoder, TransformerEncoder: encoder, TransformerDecoderLayer: decoder, TransformerDecoder: decoder,
};

/** A model, with the case's weights. */
function modelOf(c, name, options, forward) {
  const model = new attn.models[name](options);
  model.loadStateDict(Object.fromEntries(Object.entries(c.state).map(([key, { shape, values }]) => [key, attn.tensor(values, { shape })])));
  return [forward(model), model.namedParameters()];
}
Object.assign(kinds, {
  gpt: (c, { tokens, targets }, options) =>
    modelOf(c, 'GPT', options, (model) => ({ logits: model.forward(tokens), loss: model.loss(tokens, targets) })),
  classifier: (c, { tokens, ...mask }, options) => modelOf(c, 'Classifier', options, (model) => ({ logits: model.forward(tokens, mask) })),
  vit: (c, { images }, options) => modelOf(c, 'ViT', options, (model) => ({ logits: model.forward(images) })),
  seq2seq: (c, { source, targetIn, targetOut, lengths }, options) => modelOf(c, 'Seq2Seq', options, (model) => {
    const sourceLengths = lengths;
    const [logits, alignment] = model.forward(source, targetIn, { sourceLengths });
    return { logits, alignment, loss: model.loss(source, targetIn, targetOut, { sourceLengths }) };
  }),
  transformer: (c, { source, targetIn, targetOut, lengths }, options) => modelOf(c, 'Transformer', options, (model) => ({
    logits: model.forward(source, targetIn, { sourceLengths: lengths }),
    loss: model.loss(source, targetIn, targetOut, { sourceLengths: lengths }),
  })),
});

function check(c) {
  const inputs = Object.fromEntries(Object.entries(c.inputs).map(([name, { shape, values, dtype = 'float32' }]) =>
    [name, attn.tensor(values, { shape, dtype, requiresGrad: name in c.gradients })]));
  const [outputs, parameters] = kinds[c.layer](c, camels(inputs), camels(c.options));
  const loss = Object.entries(c.outputs).map(([name, expected]) => {
    near(outputs[name], expected, 1e-5, name);
    const { shape, values } = c.output_gradients[name];
    return outputs[name].mul(attn.tensor(values, { shape })).sum();
  }).reduce((a, b) => a.add(b));
  loss.backward();
  const leaves = { ...inputs, ...Object.fromEntries(parameters) };
  for (const [name, expected] of Object.entries(c.gradients)) near(leaves[name].grad, expected, 1e-4, `gradient of ${name}`);
}

for (const file of ['layers', 'attention', 'models', 'sequences']) {
  for (const c of golden(file)) test(`${c.layer}: ${c.name}`, () => attn.scope(() => check(c)));
}

const { parameters, gradients, cases, clips, schedules } = golden('optim');
const flat = (nested) => ({ shape: attn.scope(() => [...attn.tensor(nested).shape]), values: [nested].flat(Infinity) });
const leaves = () => parameters.map((values) => attn.tensor(values, { requiresGrad: true }));
const give = (list, row) => list.forEach((x, i) => { x.grad = row[i] === null ? null : attn.tensor(row[i]); });

for (const { optimizer: name, options, steps, state } of cases) {
  test(`${name} ${JSON.stringify(options)}: five steps, and what it remembers`, () => attn.scope(() => {
    const list = leaves();
    const { beta1 = 0.9, beta2 = 0.999, ...rest } = options;
    const settings = { ...camels(rest), ...(name !== 'SGD' && { betas: [beta1, beta2] }) };
    for (const on of ['amsgrad', 'nesterov']) if (on in settings) settings[on] = settings[on] === 1;
    const optimizer = new optim[name](list, settings);
    steps.forEach((row, t) => {
      give(list, gradients[t]);
      optimizer.step();
      list.forEach((x, i) => near(x, flat(row[i]), 1e-5, `step ${t}, parameter ${i}`));
    });
    const { tensors } = optimizer.stateDict();
    const remembered = Object.keys(tensors).filter((key) => !key.endsWith('.step'));
    assert.deepEqual(remembered.sort(), Object.keys(state).sort());
    for (const key of remembered) near(tensors[key], flat(state[key]), 1e-5, key);
  }));
}

test('clipping by the norms 1, 2 and infinity', () => {
  for (const { max_norm: most, norm_type: type, norm, gradients: clipped } of clips) {
    attn.scope(() => {
      const list = leaves();
      give(list, gradients[0]);
      const normType = type === 'inf' ? Infinity : type;
      const got = optim.clipGradNorm(list, most, { normType });
      assert.ok(Math.abs(got - norm) <= 1e-8 * norm, `${got} is not ${norm}`); // the file has 9 digits
      list.forEach((x, i) => {
        if (clipped[i] === null) assert.equal(x.grad, null);
        else near(x.grad, flat(clipped[i]), 1e-6, `norm ${type}, gradient ${i}`);
      });
    });
  }
});

test('warm-up and cosine', () => {
  for (const { values, ...options } of schedules) {
    const schedule = optim.warmupCosine(camels(options));
    values.forEach((lr, step) => assert.ok(Math.abs(schedule(step) - lr) <= 1e-8 * options.lr, `${step}: ${schedule(step)} is not ${lr}`));
    assert.equal(schedule(values.length + 5), options.min_lr);
  }
});
