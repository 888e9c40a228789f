// Makes 10,000 calls of each kind after a warm-up, on as many threads as the argument says, and prints what grew by them:
// by kind { calls, tensors: bytes of tensors, heap: bytes by which the core's heap reaches further, buffers: bytes outside }.
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { AttnError, load } from '../../../dist/node.js';

const threads = Number(process.argv[2]);

// The heap itself can only be asked behind the module's back: through the exports that its glue calls malloc and free.
let exports;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...args) => {
  const result = await instantiate(...args);
  ({ exports } = result.instance ?? result);
  return result;
};
const glue = readFileSync(new URL(`../../../dist/wasm/node-${threads > 1 ? 'multi' : 'single'}.cjs`, import.meta.url), 'utf8');
const attn = await load({ threads });
const [malloc, free] = ['_malloc', '_free'].map((name) => {
  const found = new RegExp(`${name}=\\w+=>\\(${name}=wasmExports\\["([^"]+)"\\]`).exec(glue);
  if (!found) throw new Error(`the glue no longer names ${name}`);
  return exports[found[1]];
});
/** Where a large block lies: behind all that is in use. */
function reach() {
  const block = malloc(2 ** 22);
  free(block);
  return block;
}

const { F } = attn;
const [q, k, v] = [[[0, 1], [1, 0], [0, 1]], [[1, 0], [0, 1], [1, 1]], [[2, 0], [0, 2], [2, 2]]];
const x = attn.tensor([[1, 2, 3], [4, 5, 6]]);
const foreign = (await load({ threads: 1 })).tensor([1]);
const gone = attn.tensor([1]);
gone.dispose();
const heads = { numHeads: 2, inProjWeight: attn.ones([6, 2]).toArray(), outProjWeight: [[1, 0], [0, 1]], inProjBias: [1, 2, 3, 4, 5, 6] };

const attend = [
  {}, { mask: 'causal' }, { mask: { window: 1, padding: [2], additive: [[0, 0, 1]] } }, { heads: 2, normalizer: 'sparsemax' },
  { score: 'additive', queryWeight: q, keyWeight: k, scoreVector: [1, 2, 3] }, { score: 'location', weight: q, bias: [1, 2, 3], normalizer: 'doubleSoftmax' },
].map((options) => () => attn.attend(q, k, v, options));
const functions = [
  () => F.softmax(q), () => F.logSoftmax(q, 0), () => F.relu(q), () => F.gelu(q), () => F.silu(q), () => F.linear(q, k, [1, 2, 3]), () => F.entropy(q),
  () => F.conv1d([q], [[[1], [2], [3]]], { bias: [1], padding: 1 }), () => F.scaledDotProductAttention(q, k, v, { attnMask: [[1, 2, 3]], isCausal: true }),
  () => F.multiHeadAttentionForward(q, k, v, { ...heads, mask: 'causal' }), () => attn.nn.sinusoidal({ length: 3, dim: 4 }),
];
const operators = [
  () => x.add([1, 2, 3]), () => x.mul(2), () => x.matmul([[1], [2], [3]]), () => x.sum(), () => x.max(1, { keepdim: true }), () => x.transpose(0, 1).exp(),
  () => x.reshape(-1), () => x.slice(0, -1), () => x.index([1, 0]), () => x.maskedFill([1, 0, 0], 0), () => x.softmax(0), () => attn.cat([x, [[1, 2, 3]]]),
  () => attn.stack([[1, 2], [3, 4]]), () => attn.tensor(x), () => x.permute(1, 0).toArray(), () => x.data(), () => x.sum().item(), () => attn.randn([5]),
];
const learned = attn.tensor([[1, 2, 3], [4, 5, 6]], { requiresGrad: true });
const model = new attn.nn.Sequential(new attn.nn.Linear({ inFeatures: 2, outFeatures: 3 }), new attn.nn.GELU(), new attn.nn.Dropout());
const heeded = new attn.nn.MultiheadAttention({ embedDim: 2, numHeads: 2 });
const optimizer = new attn.optim.AdamW(model.parameters());
const file = attn.saveSafetensors(model.stateDict(), { note: 'x' });
const training = [
  () => learned.mul(learned).sum().backward(), () => { learned.grad = null; }, () => learned.grad, () => attn.noGrad(() => learned.exp().detach()),
  () => F.crossEntropy(learned, [0, 1], { weight: [1, 2, 3] }).backward(), () => F.dropout(x), () => F.embedding([[0, 1]], learned),
  () => { optimizer.zeroGrad(); F.mseLoss(model.forward(q), v.map((row) => [...row, 1])).backward(); optimizer.step(); },
  () => new attn.nn.Linear({ inFeatures: 2, outFeatures: 2 }).forward(q), () => new attn.nn.GRU({ inputSize: 2, hiddenSize: 2 }).forward(q)[0],
  () => heeded.forward(q, k, v, { attnMask: [[false, true, false], [false, false, true], [false, false, false]], probe: (name, t) => t.mul(1) }),
  () => model.loadStateDict(model.stateDict()), () => new attn.optim.Adam(model.parameters()).stateDict(), () => attn.optim.clipGradNorm(model.parameters(), 1),
  () => attn.loadSafetensors(file), () => attn.saveCheckpoint(model, { optimizer }),
];
const refused = [
  () => learned.backward(), () => learned.backward([1]), () => attn.scope(() => attn.ones([1]).backward()), () => F.crossEntropy(learned, [0, 9]), () => F.embedding([9], learned),
  () => model.forward([1]), () => model.loadStateDict({ weight: [1] }), () => new attn.nn.Linear({ inFeatures: 0, outFeatures: 1 }), () => new attn.optim.SGD([gone]),
  () => attn.scope(() => heeded.forward(q, k, v, { probe: (name, t) => t.matmul([[1]]) })), () => attn.loadSafetensors(file.subarray(9)), () => attn.loadCheckpoint(file, heeded),
  () => attn.attend(q, k, [[1, 2], [3]]), () => attn.attend(q, k, [[1]]), () => attn.attend(q, k, v, { score: 'dotty' }), () => attn.attend(q, k, v, { heads: 3 }),
  () => attn.attend(q, k, v, { mask: { padding: [9], additive: q } }), () => attn.attend([[1, -1]], [[1, 0], [0, 1]], [[1], [2]], { score: 'dot', normalizer: 'sum' }),
  () => attn.attend(q, k, v, { score: 'general', weight: [[1]] }), () => F.linear(q, k, [1]), () => F.softmax(q, 5), () => F.conv1d(q, q), () => x.add([1, 2]),
  () => F.multiHeadAttentionForward(q, k, v, { ...heads, inProjBias: [1] }), () => x.matmul(x), () => x.index([7]), () => attn.cat([q, [[1]]]), () => attn.zeros([2 ** 29, 8]),
  () => attn.tensor('x'), () => x.add(foreign), () => x.add(gone), () => attn.full([-1], 1),
].map((f) => () => {
  try {
    f();
  } catch (error) {
    if (error instanceof AttnError && error.code !== 'INTERNAL') return;
    throw error;
  }
  throw new Error(`not refused: ${f}`);
});

function dispose(result) {
  for (const tensor of result?.dispose ? [result] : Object.values(result)) tensor.dispose();
}
const kinds = {
  'attend, disposed': attend.map((f) => () => dispose(f())),
  'functions, disposed': functions.map((f) => () => dispose(f())),
  'attend, in a scope': attend.map((f) => () => attn.scope(() => void f())),
  'functions and operators, in a scope': [...functions, ...operators].map((f) => () => attn.scope(() => void f())),
  'training, in a scope': training.map((f) => () => attn.scope(() => void f())),
  refused,
};

const report = {};
for (const [kind, list] of Object.entries(kinds)) {
  let before;
  let calls = 0;
  for (let i = -1000; i < 10_000; i++) {
    if (i === 0) {
      globalThis.gc();
      await turn();
      before = { tensors: attn.memory(), reach: reach(), buffers: process.memoryUsage().arrayBuffers };
    }
    list[(i + 1000) % list.length]();
    if (i >= 0) calls += 1;
  }
  globalThis.gc();
  await turn();
  report[kind] = {
    calls, tensors: attn.memory() - before.tensors, heap: reach() - before.reach,
    buffers: process.memoryUsage().arrayBuffers - before.buffers,
  };
}
console.log(JSON.stringify(report));
