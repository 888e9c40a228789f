// ONNX Runtime's native library, in this process, on as many threads as ours. Of several graphs for the same work the
// fastest takes part. Its outputs are allocated beforehand, as ours are; a call through Node costs it about 15 µs more
// than it would from C++, which `overhead` measures with a graph that does nothing.

import { requireClose } from '../lib/interleave.mjs';
import { graph, graphsOf } from './onnx-graphs.mjs';

const TRIALS = 5;

export async function onnxruntimeNode({ threads }) {
  const { default: ort } = await import('onnxruntime-node');
  const open = (candidate) => session(ort, candidate, threads);
  return {
    /** { run, result } of the graph of this title, never called yet. */
    open: (one, inputs, title) => open(graphsOf(one, inputs).find((candidate) => candidate.title === title)),
    /** A contestant (native/turns.mjs) with dispose(). */
    async prepare(one, inputs) {
      const candidates = [];
      for (const candidate of graphsOf(one, inputs)) candidates.push({ ...candidate, ...(await open(candidate)) });
      const [best, ...others] = await fastestFirst(candidates);
      const { numbers } = await best.output();
      for (const other of others) {
        requireClose(one, { name: best.title, numbers }, { name: other.title, ...(await other.output()) });
        await other.dispose();
      }
      return { ...best, name: 'onnxruntime-node', role: 'peer', threads, note: one.kind === 'attention' ? best.title : undefined };
    },
    /** Milliseconds of a call that computes nothing. */
    async overhead() {
      const nothing = graph('nothing', [{ op: 'Identity', inputs: ['x'], output: 'out' }], { x: { dims: [1], data: new Float32Array(1) } }, [1]);
      const { turn, dispose } = await open(nothing);
      const ms = await turn(0.05);
      await dispose();
      return ms;
    },
  };
}

async function session(ort, { model, feeds, out, fromOwnLayout = (data) => data }, threads) {
  const opened = await ort.InferenceSession.create(model, {
    executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3,
  });
  const tensor = ({ dims, data }) => new ort.Tensor('float32', data, dims);
  const tensors = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, tensor(feed)]));
  const fetches = { out: tensor({ dims: out, data: new Float32Array(out.reduce((all, size) => all * size, 1)) }) };
  const run = () => opened.run(tensors, fetches);
  const result = () => fromOwnLayout(fetches.out.data);
  return {
    run,
    result,
    async output() {
      const begin = performance.now();
      await run();
      return { ms: performance.now() - begin, numbers: result() };
    },
    async turn(seconds) {
      await run(); // its data back into the caches, its threads awake
      const begin = performance.now();
      let calls = 0;
      do {
        await run();
        calls += 1;
      } while (performance.now() - begin < 1000 * seconds);
      return (performance.now() - begin) / calls;
    },
    dispose: () => opened.release(),
  };
}

async function fastestFirst(candidates) {
  for (const candidate of candidates) {
    candidate.best = Infinity;
    for (let i = 0; i < TRIALS; i += 1) candidate.best = Math.min(candidate.best, (await candidate.output()).ms);
  }
  return candidates.sort((a, b) => a.best - b.best);
}
