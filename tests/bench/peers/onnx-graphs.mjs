// The graphs that compute a case in ONNX Runtime. There is more than one for attention, and which is fastest depends on
// the size and on the build of the runtime.

import { onnxModel } from './onnx-model.mjs';

/** { title, model, feeds, out, fromOwnLayout? }: feeds are { name: { dims, data } }, out the dims of the output. */
export function graph(title, nodes, feeds, out, { constants, fromOwnLayout } = {}) {
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
  return { title, feeds, out, fromOwnLayout, model: onnxModel({ nodes, inputs, outputs: { out }, constants }) };
}

/** All graphs that compute a case. */
export const graphsOf = (one, inputs) => (one.kind === 'gemm' ? [productGraph(one, inputs)] : attentionGraphs(one, inputs));

function productGraph({ m, k, n, constant }, inputs) {
  const a = { dims: [m, k], data: inputs.a };
  const b = { dims: [k, n], data: inputs.b };
  const nodes = [{ op: 'MatMul', inputs: ['a', 'b'], output: 'out' }];
  return constant ? graph('MatMul', nodes, { a }, [m, n], { constants: { b } }) : graph('MatMul', nodes, { a, b }, [m, n]);
}

function attentionGraphs(one, inputs) {
  const { heads, queries, dim, causal } = one;
  const batched = headsFirst(one, inputs, [1]);
  const wide = headsInside(one, inputs);
  return [
    stepByStep(one, inputs),
    graph('Attention operator', [{
      op: 'Attention', inputs: ['q', 'k', 'v'], output: 'out', attributes: { is_causal: ['int', causal ? 1 : 0] },
    }], batched, [1, heads, queries, dim]),
    graph('MultiHeadAttention operator', [{
      op: 'MultiHeadAttention', domain: 'com.microsoft', inputs: ['q', 'k', 'v'], output: 'out',
      attributes: { num_heads: ['int', heads], unidirectional: ['int', causal ? 1 : 0] },
    }], wide, wide.q.dims, { fromOwnLayout: (data) => swapped(data, queries, heads, dim) }),
    ...(causal ? [decoderGraph(one, wide)] : []),
  ];
}

/** The operator of language models, causal by nature: it knows the last position of the one sequence, and the length. */
function decoderGraph({ heads, queries, keys, dim }, wide) {
  const whole = (value) => ({ dims: [1], data: Int32Array.of(value) });
  return graph('GroupQueryAttention operator', [{
    op: 'GroupQueryAttention', domain: 'com.microsoft', inputs: ['q', 'k', 'v', '', '', 'last', 'length'], output: 'out',
    attributes: { num_heads: ['int', heads], kv_num_heads: ['int', heads] },
  }], wide, wide.q.dims, {
    constants: { last: whole(keys - 1), length: whole(keys) }, fromOwnLayout: (data) => swapped(data, queries, heads, dim),
  });
}

/** Its optimiser fuses the transposition and the scale into the first product. */
function stepByStep(one, inputs) {
  const { heads, queries, keys, dim, causal } = one;
  const constants = { scale: { dims: [], data: Float32Array.of(1 / Math.sqrt(dim)) } };
  if (causal) constants.mask = { dims: [queries, keys], data: causalMask(queries, keys) };
  return graph('MatMul, Softmax, MatMul', [
    { op: 'Transpose', inputs: ['k'], output: 'turned', attributes: { perm: ['ints', [0, 2, 1]] } },
    { op: 'MatMul', inputs: ['q', 'turned'], output: 'scores' },
    { op: 'Mul', inputs: ['scores', 'scale'], output: 'scaled' },
    ...(causal ? [{ op: 'Add', inputs: ['scaled', 'mask'], output: 'masked' }] : []),
    { op: 'Softmax', inputs: [causal ? 'masked' : 'scaled'], output: 'weights', attributes: { axis: ['int', 2] } },
    { op: 'MatMul', inputs: ['weights', 'v'], output: 'out' },
  ], headsFirst(one, inputs), [heads, queries, dim], { constants });
}

const causalMask = (queries, keys) => Float32Array.from({ length: queries * keys }, (_, i) => (i % keys > Math.floor(i / keys) ? -Infinity : 0));

export const headsFirst = ({ heads, queries, keys, dim }, { q, k, v }, batch = []) => ({
  q: { dims: [...batch, heads, queries, dim], data: q },
  k: { dims: [...batch, heads, keys, dim], data: k },
  v: { dims: [...batch, heads, keys, dim], data: v },
});

/** [1, N, heads·dim], as this operator wants it. */
const headsInside = ({ heads, queries, keys, dim }, { q, k, v }) => ({
  q: { dims: [1, queries, heads * dim], data: swapped(q, heads, queries, dim) },
  k: { dims: [1, keys, heads * dim], data: swapped(k, heads, keys, dim) },
  v: { dims: [1, keys, heads * dim], data: swapped(v, heads, keys, dim) },
});

/** [a, b, dim] -> [b, a, dim] */
function swapped(data, a, b, dim) {
  const out = new Float32Array(data.length);
  for (let i = 0; i < a; i += 1) {
    for (let j = 0; j < b; j += 1) out.set(data.subarray((i * b + j) * dim, (i * b + j + 1) * dim), (j * a + i) * dim);
  }
  return out;
}
