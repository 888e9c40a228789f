// nn.init through JavaScript: every option reaches the core, which tests/native/init_test.cpp asks for the rest.
import assert from 'node:assert/strict';
import { close } from './support/numbers.mjs';
import { attn, spell, tidy } from './support/refusal.mjs';

const { init } = attn.nn;
const weight = () => attn.zeros([100, 200]);

/** What it is like: mean, deviation, least and most of 20,000 numbers. */
function momentsOf(x) {
  const data = x.data();
  const mean = data.reduce((sum, v) => sum + v, 0) / data.length;
  const deviation = Math.sqrt(data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length);
  return { mean, deviation, least: data.reduce((a, b) => Math.min(a, b)), most: data.reduce((a, b) => Math.max(a, b)) };
}
/** Five deviations of the mean, and of the deviation, of so many. */
function isLike(x, mean, deviation, what) {
  const got = momentsOf(x);
  assert.ok(Math.abs(got.mean - mean) < 5 * deviation / Math.sqrt(x.size), `${what}: mean ${got.mean}, not ${mean}`);
  assert.ok(Math.abs(got.deviation / deviation - 1) < 5 / Math.sqrt(2 * x.size), `${what}: deviation ${got.deviation}, not ${deviation}`);
  return got;
}

tidy('each function draws what its options say, and gives its tensor back', () => {
  attn.manualSeed(1);
  const x = weight();
  // name, options, mean, deviation, and what bounds it where something does
  const rows = [
    ['uniform', undefined, 0.5, 1 / Math.sqrt(12), [0, 1]],
    ['uniform', { a: -3, b: 1 }, -1, 4 / Math.sqrt(12), [-3, 1]],
    ['normal', undefined, 0, 1],
    ['normal', { mean: 3, std: 0.5 }, 3, 0.5],
    ['truncNormal', undefined, 0, 0.87962566, [-2, 2]],
    ['truncNormal', { mean: 5, std: 2, a: 1, b: 9 }, 5, 2 * 0.87962566, [1, 9]],
    ['xavierUniform', undefined, 0, Math.sqrt(2 / 300)],
    ['xavierUniform', { gain: 3 }, 0, 3 * Math.sqrt(2 / 300), [-3 * Math.sqrt(6 / 300), 3 * Math.sqrt(6 / 300)]],
    ['xavierNormal', { gain: 3 }, 0, 3 * Math.sqrt(2 / 300)],
    ['kaimingUniform', undefined, 0, Math.sqrt(2 / 200)],
    ['kaimingUniform', { a: Math.sqrt(5) }, 0, Math.sqrt(1 / 600), [-1 / Math.sqrt(200), 1 / Math.sqrt(200)]],
    ['kaimingNormal', { mode: 'fanOut', nonlinearity: 'relu' }, 0, Math.sqrt(2 / 100)],
    ['kaimingNormal', { nonlinearity: 'linear' }, 0, Math.sqrt(1 / 200)],
  ];
  for (const [name, options, mean, deviation, bounds] of rows) {
    assert.equal(init[name](x, options), x, 'PyTorch’s return their tensor, too');
    const { least, most } = isLike(x, mean, deviation, `${name} ${JSON.stringify(options)}`);
    // A uniform one ends at √3 deviations; of so many normal ones some are past three.
    if (!/trunc/.test(name)) assert.equal(most - mean > 3 * deviation, /normal/i.test(name), `${name}: up to ${most}`);
    if (!bounds) continue;
    const slack = 1e-3 * (bounds[1] - bounds[0]);
    assert.ok(least >= bounds[0] - 1e-6 && least < bounds[0] + slack && most <= bounds[1] + 1e-6 && most > bounds[1] - slack, `${name}: ${least} to ${most}`);
  }
});

tidy('constants, diagonals and right angles', () => {
  assert.deepEqual(init.constant(attn.zeros([2, 2]), 2.5).toArray(), [[2.5, 2.5], [2.5, 2.5]]);
  assert.deepEqual(init.ones(attn.zeros([3])).toArray(), [1, 1, 1]);
  assert.deepEqual(init.zeros(attn.ones([3])).toArray(), [0, 0, 0]);
  assert.deepEqual(init.eye(attn.ones([2, 3])).toArray(), [[1, 0, 0], [0, 1, 0]]);
  const q = init.orthogonal(attn.zeros([3, 5]), { gain: 2 });
  close(q.matmul(q.transpose(0, 1)).toArray(), [[4, 0, 0], [0, 4, 0], [0, 0, 4]], 'rows');
  const gains = { linear: 1, sigmoid: 1, tanh: 5 / 3, relu: Math.SQRT2, leakyRelu: Math.sqrt(2 / 1.0001), selu: 0.75 };
  for (const [name, gain] of Object.entries(gains)) assert.ok(Math.abs(init.calculateGain(name) - gain) < 1e-12, name);
  assert.ok(Math.abs(init.calculateGain('leakyRelu', 0.5) - Math.sqrt(1.6)) < 1e-12);
});

tidy('it writes into a layer and through a slice, from the seed, and training goes on with it', () => {
  const layer = new attn.nn.Linear({ inFeatures: 3, outFeatures: 2 });
  attn.manualSeed(7);
  init.xavierNormal(layer.weight);
  const first = layer.weight.toArray();
  attn.manualSeed(7);
  init.xavierNormal(layer.weight);
  assert.deepEqual(layer.weight.toArray(), first);
  init.zeros(layer.bias);
  attn.noGrad(() => init.ones(layer.weight.slice(0, 1)));
  assert.deepEqual(layer.weight.toArray(), [first[0], [1, 1, 1]]);
  assert.equal(layer.weight.requiresGrad, true);
  layer.forward([[1, 2, 3]]).sum().backward();
  assert.deepEqual(layer.weight.grad.toArray(), [[1, 2, 3], [1, 2, 3]]);
});

tidy('a model’s initializerRange is the deviation of its first values; unless told it fits the width', () => {
  const first = (name, config) => {
    const model = new attn.models[name]({ dModel: 64, numHeads: 4, numLayers: 1, ...config });
    return Object.fromEntries(model.namedParameters());
  };
  const gpt = { vocabSize: 200, maxLength: 100 };
  isLike(first('GPT', gpt)['embed.weight'], 0, 0.24, 'GPT');
  isLike(first('GPT', gpt)['head.weight'], 0, 0.02 * Math.sqrt(12), 'GPT');
  isLike(first('GPT', { ...gpt, initializerRange: 0.02 })['embed.weight'], 0, 0.02, 'GPT-2’s');
  isLike(first('Classifier', { ...gpt, numClasses: 2 })['embed.weight'], 0, 0.02 * Math.sqrt(12), 'Classifier');
  isLike(first('ViT', { imageSize: 16, patchSize: 2, numClasses: 2, initializerRange: 3 })['positions.weight'], 0, 3, 'ViT');
});

const x = attn.ones([2, 2]), row = attn.ones([3]);
spell('what it refuses', [
  ['TYPE', 'constant', () => init.constant([1, 2], 3), { message: /must be a tensor, got an array/ }],
  ['TYPE', 'normal', () => init.normal(row, { deviation: 1 }), { message: /'mean', 'std'/ }],
  ['TYPE', 'uniform', () => init.uniform(row, { a: '0' })],
  ['TYPE', 'kaimingNormal', () => init.kaimingNormal(x, { mode: 'fan_in' }), { message: /'fanIn', 'fanOut'/ }],
  ['TYPE', 'kaimingNormal', () => init.kaimingNormal(x, { nonlinearity: 'gelu' }), { message: /'leakyRelu'/ }],
  ['SHAPE', 'xavierUniform', () => init.xavierUniform(row), { shapes: [[3]] }],
  ['SHAPE', 'eye', () => init.eye(row), { shapes: [[3]] }],
  ['RANGE', 'uniform', () => init.uniform(row, { a: 2 }), { message: /a must not be above b/ }],
  ['RANGE', 'truncNormal', () => init.truncNormal(row, { mean: 10 }), { message: /within two deviations/ }],
  ['RANGE', 'normal', () => init.normal(row, { std: -1 }), { message: /std must be at least 0/ }],
]);
