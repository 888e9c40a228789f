// Training: that it learns, that its heap is flat, schedules, clipping, early stopping, and what is refused. The optimisers'
// numbers are in golden.test.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadOpen } from './support/open.mjs';
import { numbers, random } from './support/numbers.mjs';
import { attn, spell, threaded } from './support/refusal.mjs';

const { nn, optim, F } = attn;

/** XOR by a chain of two layers; the losses of its steps. README shows these ten lines. */
function learnXor({ nn: layers, optim: optimisers, F: functions, ...core }, steps) {
  core.manualSeed(1);
  const [x, y] = [core.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]), core.tensor([[0], [1], [1], [0]])];
  const { Linear, Tanh, Sequential } = layers;
  const model = new Sequential(new Linear({ inFeatures: 2, outFeatures: 8 }), new Tanh(), new Linear({ inFeatures: 8, outFeatures: 1 }));
  const optimizer = new optimisers.AdamW(model.parameters(), { lr: 0.05 });
  const losses = [];
  for (let step = 0; step < steps; step++) {
    core.scope(() => {
      const loss = functions.binaryCrossEntropyWithLogits(model.forward(x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      losses.push(loss.item());
    });
  }
  return { losses, guesses: core.noGrad(() => model.forward(x).sigmoid().toArray().flat()), model, optimizer };
}

test('ten lines learn XOR, and the same seed takes the same steps on any number of threads', () => {
  const run = (core) => core.scope(() => {
    const { losses, guesses } = learnXor(core, 200);
    return { losses, guesses };
  });
  const before = attn.memory();
  const { losses, guesses } = run(attn);
  assert.ok(losses[0] > 0.5 && losses.at(-1) < 0.02, `${losses[0]} to ${losses.at(-1)}`);
  assert.deepEqual(guesses.map(Math.round), [0, 1, 1, 0]);
  assert.deepEqual(run(attn), { losses, guesses });
  assert.deepEqual(run(threaded), { losses, guesses });
  assert.equal(attn.memory(), before);
});

for (const threads of [1, 2]) {
  test(`a thousand steps leave the heap as it was (threads: ${threads})`, async () => {
    const { attn: core, exports } = await loadOpen({ threads });
    const memory = () => Object.values(exports).find((value) => value instanceof WebAssembly.Memory)?.buffer.byteLength;
    core.manualSeed(2);
    const model = new core.nn.TransformerEncoderLayer({ dModel: 16, nhead: 2, dimFeedforward: 32, batchFirst: true });
    const optimizer = new core.optim.AdamW(model.parameters(), { lr: 1e-3 });
    const x = core.randn([4, 8, 16]);
    const step = () => core.scope(() => {
      const loss = core.F.mseLoss(model.forward(x, { isCausal: true }), x);
      optimizer.zeroGrad();
      loss.backward();
      core.optim.clipGradNorm(model.parameters(), 1);
      optimizer.step();
      return loss.item();
    });
    const losses = Array.from({ length: 20 }, step);
    const before = [core.memory(), memory()];
    for (let i = 0; i < 1000; i++) losses.push(step());
    assert.deepEqual([core.memory(), memory()], before, 'bytes of tensors, and of WebAssembly’s memory');
    assert.ok(losses.at(-1) < losses[0] / 2, `${losses[0]} to ${losses.at(-1)}`);
  });
}

test('zeroGrad takes the gradients away; step moves what has one', () => attn.scope(() => {
  const [x, idle] = [attn.tensor([1, 2], { requiresGrad: true }), attn.tensor([5], { requiresGrad: true })];
  const optimizer = new optim.SGD([x, idle], { lr: 0.5 });
  x.mul(x).sum().backward();
  optimizer.step();
  assert.deepEqual([x.toArray(), idle.toArray()], [[0, 0], [5]]);
  optimizer.zeroGrad();
  assert.equal(x.grad, null);
  assert.equal(optimizer.lr, 0.5);
  optimizer.lr = 0.25;
  x.grad = attn.tensor([4, 8]);
  optimizer.step();
  assert.deepEqual(x.toArray(), [-1, -2]);
  assert.ok(optimizer instanceof optim.SGD && !(optimizer instanceof optim.Adam));
}));

test('an optimiser keeps what it moves, whoever disposes of it, and goes with its scope', () => {
  const before = attn.memory();
  attn.scope(() => {
    const layer = new nn.Linear({ inFeatures: 1, outFeatures: 1 });
    const optimizer = new optim.Adam(layer.parameters());
    layer.forward([[1]]).sum().backward();
    layer.dispose();
    optimizer.step();
    optimizer.zeroGrad();
  });
  assert.equal(attn.memory(), before);
});

test('an optimiser’s state goes on exactly in another', () => attn.scope(() => {
  const start = random([3], numbers(4));
  const gradients = [1, 2, 3, 4].map((seed) => random([3], numbers(seed)));
  const make = (data) => {
    const x = attn.tensor(data, { requiresGrad: true });
    const optimizer = new optim.AdamW([x], { lr: 0.1, betas: [0.8, 0.9], amsgrad: true });
    return { x, optimizer, step(g) { x.grad = attn.tensor(g); optimizer.step(); } };
  };
  const whole = make(start);
  gradients.slice(0, 2).forEach((g) => whole.step(g));
  const state = whole.optimizer.stateDict();
  assert.deepEqual([state.name, state.options.lr, state.options.amsgrad], ['AdamW', 0.1, 1]);
  assert.deepEqual(Object.keys(state.tensors).sort(), ['state.0.exp_avg', 'state.0.exp_avg_sq', 'state.0.max_exp_avg_sq', 'state.0.step']);
  const rest = make(whole.x.data());
  rest.optimizer.loadStateDict(state);
  for (const g of gradients.slice(2)) for (const run of [whole, rest]) run.step(g);
  assert.deepEqual(rest.x.toArray(), whole.x.toArray());
}));

test('schedules set lr by the step alone', () => {
  const [still, warm] = [optim.constant(0.25), optim.warmupCosine({ lr: 1, totalSteps: 11, warmupSteps: 1, minLr: 0.5 })];
  assert.deepEqual([0, 7].map(still), [0.25, 0.25]);
  assert.deepEqual([0, 1, 6, 11, 99].map((step) => warm(step)), [0.5, 1, 0.75, 0.5, 0.5]);
});

test('clipping returns the norm as it was', () => attn.scope(() => {
  const x = attn.tensor([0, 0], { requiresGrad: true });
  x.grad = attn.tensor([3, 4]);
  assert.equal(optim.clipGradNorm([x], 10), 5);
  assert.deepEqual(x.grad.toArray(), [3, 4]);
  assert.equal(optim.clipGradNorm([x], 1, { normType: Infinity }), 4);
  assert.ok(Math.abs(x.grad.toArray()[1] - 1) < 1e-5); // by max / (norm + 1e-6), as in PyTorch
}));

test('early stopping waits for its patience', () => attn.scope(() => {
  const stopping = new optim.EarlyStopping({ patience: 2, minDelta: 0.1 });
  assert.deepEqual([stopping.bestStep, stopping.bestLoss], [-1, Infinity]);
  assert.deepEqual([3, 2, 1.95, 1.91].map((loss, step) => stopping.stop(step, loss)), [false, false, false, true]);
  assert.deepEqual([stopping.bestStep, stopping.bestLoss], [1, 2]);
}));

const x = attn.tensor([1, 2], { requiresGrad: true });
const [whole, gone, made] = [attn.tensor([1], { dtype: 'int32' }), attn.tensor([1], { requiresGrad: true }), x.mul(2)];
const optimizer = new optim.SGD([x]);
const spent = new optim.SGD([x]);
gone.dispose();
spent.dispose();
spell('optimisers that cannot be made or used', [
  ['TYPE', 'SGD', () => new optim.SGD()],
  ['TYPE', 'SGD', () => new optim.SGD(x)],
  ['TYPE', 'SGD', () => new optim.SGD([[1, 2]]), { message: /every parameter must be a tensor, got an array/ }],
  ['RANGE', 'Adam', () => new optim.Adam([])],
  ['RANGE', 'Adam', () => new optim.Adam([x, x])],
  ['TYPE', 'AdamW', () => new optim.AdamW([whole])],
  ['UNSUPPORTED', 'SGD', () => new optim.SGD([made])],
  ['TYPE', 'SGD', () => new optim.SGD([gone]), { message: /used after dispose/ }],
  ['TYPE', 'SGD', () => new threaded.optim.SGD([x]), { message: /belongs to another load/ }],
  ['RANGE', 'SGD', () => new optim.SGD([x], { lr: -1 })],
  ['TYPE', 'SGD', () => new optim.SGD([x], { learningRate: 1 })],
  ['TYPE', 'SGD', () => new optim.SGD([x], { nesterov: 1 })],
  ['RANGE', 'SGD', () => new optim.SGD([x], { nesterov: true })],
  ['RANGE', 'Adam', () => new optim.Adam([x], { betas: [0.9, 1] })],
  ['TYPE', 'Adam', () => new optim.Adam([x], { betas: [0.9] })],
  ['TYPE', 'AdamW', () => new optim.AdamW([x], { betas: 0.9 })],
  ['RANGE', 'lr', () => { optimizer.lr = NaN; }],
  ['TYPE', 'lr', () => { optimizer.lr = '1'; }],
  ['TYPE', 'step', () => spent.step(), { message: /the SGD was used after dispose/ }],
  ['FORMAT', 'loadStateDict', () => optimizer.loadStateDict({ name: 'Adam', options: {}, tensors: {} })],
  ['TYPE', 'loadStateDict', () => optimizer.loadStateDict(null)],
  ['TYPE', 'loadStateDict', () => optimizer.loadStateDict({ name: 'SGD', options: { lr: 'fast' }, tensors: {} })],
  ['RANGE', 'clipGradNorm', () => optim.clipGradNorm([x], -1)],
  ['RANGE', 'clipGradNorm', () => optim.clipGradNorm([x], 1, { normType: 0 })],
  ['TYPE', 'clipGradNorm', () => optim.clipGradNorm([x], 1, { norm: 2 })],
  ['RANGE', 'constant', () => optim.constant(-1)],
  ['RANGE', 'warmupCosine', () => optim.warmupCosine({ lr: 1, totalSteps: 0 })],
  ['TYPE', 'warmupCosine', () => optim.warmupCosine({ lr: 1 })],
  ['TYPE', 'constant', () => optim.constant(1)('0')],
  ['RANGE', 'EarlyStopping', () => new optim.EarlyStopping({ patience: 0 })],
  ['TYPE', 'EarlyStopping', () => new optim.EarlyStopping({})],
]);

spell('what a step needs and somebody wrote to is noticed', [
  ['UNSUPPORTED', 'backward', () => attn.scope(() => {
    const layer = new nn.Linear({ inFeatures: 2, outFeatures: 1 });
    const hidden = new nn.Linear({ inFeatures: 1, outFeatures: 2 });
    const loss = layer.forward(hidden.forward([[1]])).sum();
    const both = new optim.SGD([...layer.parameters(), ...hidden.parameters()]);
    loss.backward(null, { retainGraph: true });
    both.step(); // the weights are others now than those that the loss came from
    loss.backward();
  }), { message: /was written to since the forward pass/ }],
]);

test('a NaN in the loss is named when asked, and the model goes on', () => attn.scope(() => {
  const layer = new nn.Linear({ inFeatures: 1, outFeatures: 1 });
  attn.detectAnomaly(true);
  try {
    assert.throws(() => layer.forward([[NaN]]), { code: 'RANGE', op: 'Linear', message: 'Linear: linear: here the first NaN appears, in its result [1,1]' });
    assert.throws(() => F.crossEntropy(layer.forward([[1]]).mul([[1, NaN]]), [0]), { code: 'RANGE', op: 'mul' });
  } finally {
    attn.detectAnomaly(false);
  }
  layer.forward([[1]]).sum().backward();
  assert.deepEqual(layer.weight.grad.toArray(), [[1]]);
}));
