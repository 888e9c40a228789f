// Every yes-or-no option that crosses to the core by its place reaches what it names and nothing else: each is turned alone, and
// what tells of it, and only that, turns.
import assert from 'node:assert/strict';
import { numbers, random } from './support/numbers.mjs';
import { attn, SDPA, tidy } from './support/refusal.mjs';

const { nn, F, models, optim } = attn;
const some = (...shape) => attn.tensor(random(shape, numbers(7)));
const has = (module, name) => module.namedParameters().some(([own]) => own === name);
const equal = (a, b) => JSON.stringify(a.toArray()) === JSON.stringify(b.toArray());
/** The activations of a forward pass by their names; f takes the probe. */
function seen(f) {
  const all = {};
  f((name, activation) => { all[name] = activation; });
  return all;
}
const throws = (f) => {
  try {
    f();
    return false;
  } catch {
    return true;
  }
};
/** Whether some key behind its query has a weight of [B,H,T,S] other than 0. */
const looksAhead = (weights) => weights.toArray().flat(2).some((row, i) => row.slice((i % weights.shape[2]) + 1).some((w) => w !== 0));
const isTurned = (x, index) => x.toArray().flat(index).some((row, _, [first]) => JSON.stringify(row) !== JSON.stringify(first));

/** `tell` makes what the options ask for, and says of each whether it holds. */
function each(what, usual, tell) {
  tidy(`${what}: ${Object.keys(usual).join(', ')}`, () => {
    assert.deepEqual(tell({}), usual, 'unless told');
    for (const option of Object.keys(usual)) {
      for (const value of [true, false]) assert.deepEqual(tell({ [option]: value }), { ...usual, [option]: value }, `${option}: ${value}`);
    }
  });
}

each('Linear', { bias: true }, (options) => ({ bias: has(new nn.Linear({ inFeatures: 2, outFeatures: 3, ...options }), 'bias') }));

tidy('LayerNorm and RMSNorm: elementwiseAffine, bias', () => {
  const names = (Norm, options) => new nn[Norm]({ normalizedShape: 2, ...options }).namedParameters().map(([name]) => name);
  assert.deepEqual(names('LayerNorm'), ['weight', 'bias']);
  assert.deepEqual(names('LayerNorm', { bias: false }), ['weight']);
  assert.deepEqual(names('LayerNorm', { elementwiseAffine: false }), []);
  assert.deepEqual(names('RMSNorm'), ['weight']);
  assert.deepEqual(names('RMSNorm', { elementwiseAffine: false }), []);
});

each('GRU', { bias: true, batchFirst: false, bidirectional: false }, (options) => {
  const gru = new nn.GRU({ inputSize: 3, hiddenSize: 4, ...options });
  const [output, hn] = gru.forward(some(2, 5, 3));
  return { bias: has(gru, 'bias_ih_l0'), batchFirst: hn.shape[1] === 2, bidirectional: output.shape[2] === 8 };
});

for (const Layer of ['MultiheadAttention', 'DynamicAttention']) {
  const usual = { bias: true, addBiasKv: false, addZeroAttn: false, batchFirst: false, rotary: false, alibi: false };
  each(Layer, usual, (options) => {
    const layer = new nn[Layer]({ embedDim: 4, numHeads: 2, ...options });
    const x = attn.ones([2, 3, 4]); // each position holds the same
    const { q, k, scaled, masked } = seen((probe) => layer.forward(x, x, x, { probe }));
    const [rows, keys] = [q.shape[2], k.shape[2]];
    const zeros = equal(k.slice(2, keys - 1), attn.zeros([k.shape[0], 2, 1, 2]));
    return {
      bias: has(layer, 'in_proj_bias'), addBiasKv: has(layer, 'bias_k') && keys - rows - Number(zeros) === 1, addZeroAttn: zeros && keys > rows,
      batchFirst: q.shape[0] === 2, rotary: isTurned(q.slice(0, 0, 1).slice(1, 0, 1), 2), alibi: !equal(scaled, masked),
    };
  });

  each(`${Layer}.forward`, { needWeights: true, averageAttnWeights: true, isCausal: false }, (options) => {
    const [layer, x] = [new nn[Layer]({ embedDim: 4, numHeads: 2, batchFirst: true }), some(1, 3, 4)];
    const { weights } = seen((probe) => layer.forward(x, x, x, { ...options, probe }));
    const [, given] = layer.forward(x, x, x, options);
    const whether = { needWeights: given !== null, isCausal: !looksAhead(weights) };
    // Where there are none, they are not averaged either, for all that can be seen.
    return { ...whether, averageAttnWeights: given === null || given.shape.length === 3 };
  });
}

/** What layers and stacks have in common, of the first layer in them. */
function tellLayer(module, prefix, forward, tgt, options) {
  const all = seen((probe) => forward(tgt, probe));
  const resid = all[`${prefix}resid`] ?? all.resid;
  const [row] = resid.toArray().flat(1);
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  return {
    batchFirst: all[`${prefix}self_attn.weights`].shape[0] === 2, bias: has(module, `${prefix}linear1.bias`),
    normFirst: Math.abs(mean) > 1e-3, // a norm that stands behind leaves rows without a mean
    ...('norm' in options && { norm: has(module, 'norm.weight') }),
  };
}
const layerOptions = { batchFirst: false, normFirst: false, bias: true };
const sizes = { dModel: 4, nhead: 2, dimFeedforward: 6 };
for (const [Layer, decodes] of [['TransformerEncoderLayer', false], ['TransformerEncoder', false], ['TransformerDecoderLayer', true], ['TransformerDecoder', true]]) {
  const stack = !Layer.endsWith('Layer');
  const prefix = stack ? 'layers.0.' : '';
  const make = (options) => new nn[Layer]({ ...sizes, ...(stack && { numLayers: 1 }), ...options }).eval();
  each(Layer, { ...layerOptions, ...(stack && { norm: false }) }, (options) => {
    const [module, x] = [make(options), some(2, 3, 4)];
    const forward = (tgt, probe) => (decodes ? module.forward(tgt, x, { probe }) : module.forward(tgt, { probe }));
    return tellLayer(module, prefix, forward, x, stack ? { norm: true } : {});
  });
  const causal = decodes ? { tgtIsCausal: false, memoryIsCausal: false } : { isCausal: false };
  each(`${Layer}.forward`, causal, (options) => {
    const [module, x] = [make({ batchFirst: true }), some(2, 3, 4)];
    const all = seen((probe) => (decodes ? module.forward(x, x, { ...options, probe }) : module.forward(x, { ...options, probe })));
    const own = !looksAhead(all[`${prefix}self_attn.weights`]);
    return decodes ? { tgtIsCausal: own, memoryIsCausal: !looksAhead(all[`${prefix}multihead_attn.weights`]) } : { isCausal: own };
  });
}

each(SDPA, { isCausal: false, enableGqa: false }, (options) => {
  const [q, few] = [some(1, 4, 3, 2), some(1, 2, 3, 2)];
  const [key, value] = options.enableGqa ? [few, few] : [q, q];
  const output = F.scaledDotProductAttention(q, key, value, options);
  return { isCausal: equal(output.slice(2, 0, 1).slice(1, 0, 1), value.slice(2, 0, 1).slice(1, 0, 1)), enableGqa: !throws(() => F.scaledDotProductAttention(q, few, few, options)) };
});
each('attend’s mask', { causal: false }, (mask) => ({ causal: attn.attend(some(2, 2), some(2, 2), some(2, 2), { mask }).weights.toArray()[0][1] === 0 }));
each('reductions', { keepdim: false }, (options) => ({ keepdim: ['sum', 'mean', 'max'].every((f) => some(2, 3)[f](1, options).shape.length === 2) }));
tidy('reductions without a dimension go over all, and over the first where it is 0', () => {
  for (const f of ['sum', 'mean', 'max']) {
    assert.deepEqual([some(2, 3)[f]().shape, some(2, 3)[f](0).shape, some(2, 3)[f](undefined, { keepdim: true }).shape], [[], [3], [1, 1]]);
  }
});
each('backward', { retainGraph: false }, (options) => {
  const y = attn.tensor([2], { requiresGrad: true }).exp();
  y.backward(null, options);
  return { retainGraph: !throws(() => y.backward()) };
});
each('loadStateDict', { strict: true }, (options) => ({ strict: throws(() => new nn.Linear({ inFeatures: 1, outFeatures: 1 }).loadStateDict({}, options)) }));

/** Where a parameter of 1 stands after two steps along gradients of 3 and 1. */
function after(Optimizer, options) {
  const p = attn.tensor([1], { requiresGrad: true });
  const optimizer = new optim[Optimizer]([p], { lr: 0.1, ...options });
  for (const gradient of [3, 1]) {
    p.grad = attn.tensor([gradient]);
    optimizer.step();
  }
  return { at: p.item(), ...optimizer.stateDict().options };
}
each('SGD', { nesterov: false }, (options) => {
  const { at, nesterov } = after('SGD', { momentum: 0.5, ...options });
  assert.equal(nesterov, Number(Math.abs(at - (1 - 0.1 * 3 - 0.1 * 2.5)) > 0.01), 'b = 3, then 1 + 1.5');
  return { nesterov: nesterov === 1 };
});
for (const name of ['Adam', 'AdamW']) {
  each(name, { amsgrad: false }, (options) => {
    // β2 = 0 forgets all but the last gradient, and amsgrad forgets no maximum.
    const { at, amsgrad } = after(name, { betas: [0, 0], weightDecay: 0, ...options });
    assert.ok(Math.abs(at - (amsgrad ? 1 - 0.1 - 0.1 / 3 : 0.8)) < 1e-5, `${at}`);
    return { amsgrad: amsgrad === 1 };
  });
}
each('clipGradNorm', { errorIfNonfinite: false }, (options) => {
  const p = attn.tensor([1], { requiresGrad: true });
  p.grad = attn.tensor([Infinity]);
  return { errorIfNonfinite: throws(() => optim.clipGradNorm([p], 1, options)) };
});
each('loadSafetensors', { allowNonfinite: false }, (options) => ({ allowNonfinite: !throws(() => attn.loadSafetensors(attn.saveSafetensors({ x: [NaN] }), options)) }));
each('dropout', { training: true }, (options) => ({ training: F.dropout(attn.ones([9]), { p: 1, ...options }).sum().item() === 0 }));
each('generate', { useCache: true }, (options) => {
  const [dModel, maxLength] = [4, 8];
  const gpt = new models.GPT({ vocabSize: 5, maxLength, dModel, numHeads: 2, numLayers: 1 }).eval();
  let held = 0; // while it generates; a cache has keys and values of all positions
  const before = attn.memory();
  gpt.generate([1, 2], { maxNewTokens: 2, ...options, onToken: () => { held = attn.memory() - before; } });
  return { useCache: held >= 2 * dModel * maxLength * 4 };
});
each('zeros, ones, arange and eye', { int32: false }, ({ int32 }) => {
  const dtype = int32 ? { dtype: 'int32' } : {};
  const made = [attn.zeros([2], dtype), attn.ones([2], dtype), attn.arange(0, 2, 1, dtype), attn.eye(2, dtype)];
  assert.deepEqual(made.map((x) => x.toArray()), [[0, 0], [1, 1], [0, 1], [[1, 0], [0, 1]]]);
  const [first] = new Set(made.map((x) => x.dtype));
  return { int32: made.every((x) => x.dtype === first) && first === 'int32' };
});
