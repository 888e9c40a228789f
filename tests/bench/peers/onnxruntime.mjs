// ONNX Runtime Web on its WebAssembly backend. Of several graphs for the same work the fastest takes part. Its inputs and
// outputs are JavaScript arrays that each call copies; what that costs is measured too, with a graph that does nothing.

import { graph, graphsOf, headsFirst } from './onnx-graphs.mjs';

/** A handful of calls tell graphs apart that differ by more than a few percent, and no others matter. */
const TRIALS = 5;
const TRIALS_MS = 600;

export async function onnxruntime({ onnxruntime: import_, onnxruntimeFiles }, { threads }) {
  const ort = await import_();
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = onnxruntimeFiles;
  ort.env.logLevel = 'error';
  const open = (candidate) => session(ort, candidate);
  return {
    name: 'onnxruntime-web',
    role: 'peer',
    async prepare(one, inputs) {
      const candidates = [];
      for (const candidate of graphsOf(one, inputs)) candidates.push({ ...candidate, ...(await open(candidate)) });
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

function copyGraph(one, inputs) {
  const nodes = (name) => [{ op: 'Identity', inputs: [name], output: 'out' }];
  if (one.kind === 'gemm') {
    const a = { dims: [one.m, one.k], data: inputs.a };
    return graph('copies', nodes('a'), { a, b: { dims: [one.k, one.n], data: inputs.b } }, a.dims); // a cube's product is as large
  }
  const feeds = headsFirst(one, inputs);
  return graph('copies', nodes('q'), feeds, feeds.q.dims);
}
