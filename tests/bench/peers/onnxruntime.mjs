// ONNX Runtime Web on its WebAssembly backend. Of several graphs for the same work the fastest takes part. Its inputs and
// outputs are JavaScript arrays that each call copies; what that costs is measured too, with a graph that does nothing.

import { onnxModel } from './onnx-model.mjs';

/** A handful of calls tell graphs apart that differ by more than a few percent, and no others matter. */
const TRIALS = 5;
const TRIALS_MS = 600;

export async function onnxruntime({ onnxruntime: import_, onnxruntimeFiles }, { threads }) {
  const ort = await import_();
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = onnxruntimeFiles;
  ort.env.logLevel = 'error';
  const open = (graph) => session(ort, graph);
  return {
    name: 'onnxruntime-web',
    role: 'peer',
    async prepare(one, inputs) {
      const candidates = [];
      for (const graph of graphsOf(one, inputs)) candidates.push({ ...graph, ...(await open(graph)) });
      const [best, ...others] = await fastestFirst(candidates);
      for (const { dispose } of others) dispose();
      return { ...best, note: candidates.length > 1 ? best.title : undefined };
    },
    copies: {
      name: 'onnxruntime-web, copies alone',
      role: 'overhead',
      async prepare(one, inputs) {
        if (one.constant) return {}; // the weight is in the graph: nothing to speak of is copied
        const { run, dispose } = await open(copyGraph(one, inputs));
        return { run, dispose };
      },
    },
  };
}

async function session(ort, { model, feeds, fromOwnLayout = (data) => data }) {
  const opened = await ort.InferenceSession.create(model, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
  const tensors = Object.fromEntries(Object.entries(feeds).map(([name, { dims, data }]) =>
    [name, new ort.Tensor('float32', data, dims)]));
  const run = () => opened.run(tensors);
  return { run, output: async () => fromOwnLayout((await run()).out.data), dispose: () => opened.release() };
}

async function fastestFirst(candidates) {
  for (const candidate of candidates) {
    candidate.best = Infinity;
    for (let i = 0, spent = 0; i < TRIALS && spent < TRIALS_MS; i += 1) {
      const begin = performance.now();
      await candidate.run();
      const ms = performance.now() - begin;
      candidate.best = Math.min(candidate.best, ms);
      spent += ms;
    }
  }
  return candidates.sort((a, b) => a.best - b.best);
}

/** { title, model, feeds, fromOwnLayout? }: feeds are { name: { dims, data } }. */
function graph(title, nodes, feeds, out, { constants, fromOwnLayout } = {}) {
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
  return { title, feeds, fromOwnLayout, model: onnxModel({ nodes, inputs, outputs: { out }, constants }) };
}

const graphsOf = (one, inputs) => (one.kind === 'gemm' ? [productGraph(one, inputs)] : attentionGraphs(one, inputs));

function productGraph({ m, k, n, constant }, inputs) {
  const a = { dims: [m, k], data: inputs.a };
  const b = { dims: [k, n], data: inputs.b };
  const nodes = [{ op: 'MatMul', inputs: ['a', 'b'], output: 'out' }];
  return constant ? graph('MatMul', nodes, { a }, [m, n], { constants: { b } }) : graph('MatMul', nodes, { a, b }, [m, n]);
}

function copyGraph(one, inputs) {
  const nodes = (name) => [{ op: 'Identity', inputs: [name], output: 'out' }];
  if (one.kind === 'gemm') {
    const a = { dims: [one.m, one.k], data: inputs.a };
    return graph('copies', nodes('a'), { a, b: { dims: [one.k, one.n], data: inputs.b } }, a.dims); // a cube's product is as large
  }
  const feeds = headsFirst(one, inputs);
  return graph('copies', nodes('q'), feeds, feeds.q.dims);
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
  ];
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

const headsFirst = ({ heads, queries, keys, dim }, { q, k, v }, batch = []) => ({
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
