// TensorFlow.js on its WebAssembly backend, with its inputs in tensors. Attention is a graph of four operators, since it
// has none of its own.

export async function tfjs({ tfjs: import_, tfjsFiles, tfjsThreads }, { threads }) {
  if (threads > 1 && !tfjsThreads) throw new Error('TensorFlow.js has no threads in Node');
  const { tf, wasm } = await import_();
  wasm.setWasmPaths(tfjsFiles);
  wasm.setThreadsCount(threads);
  if (!(await onTwiceTheCores(threads, () => tf.setBackend('wasm')))) throw new Error('its backend does not start');
  const started = tfjsThreads ? wasm.getThreadsCount() : 1;
  if (started !== threads) throw new Error(`threads it started: ${started}, asked for: ${threads}`);
  return {
    name: 'tfjs-wasm',
    role: 'peer',
    prepare(one, inputs) {
      // With its mask added it would be the plain case and one more pass over the scores.
      if (one.causal) return { without: 'knows no mask but an added one' };
      const made = [];
      const tensor = (data, shape) => {
        made.push(tf.tensor(data, shape));
        return made.at(-1);
      };
      const compute = one.kind === 'gemm' ? multiply(tf, tensor, one, inputs) : attend(tf, tensor, one, inputs);
      return {
        run() { tf.tidy(() => { compute(); }); },
        output: () => tf.tidy(() => compute().dataSync()),
        dispose: () => tf.dispose(made),
      };
    },
  };
}

/** However many threads it is asked for, it starts one for every two cores at most; so it sees twice as many cores. */
async function onTwiceTheCores(threads, start) {
  if (threads === 1) return start();
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * threads, configurable: true });
  try {
    return await start();
  } finally {
    delete navigator.hardwareConcurrency; // the browser's own lies below
  }
}

function multiply(tf, tensor, { m, k, n }, inputs) {
  const a = tensor(inputs.a, [m, k]);
  const b = tensor(inputs.b, [k, n]);
  return () => tf.matMul(a, b);
}

function attend(tf, tensor, { heads, queries, keys, dim }, inputs) {
  const q = tensor(inputs.q, [heads, queries, dim]);
  const k = tensor(inputs.k, [heads, keys, dim]);
  const v = tensor(inputs.v, [heads, keys, dim]);
  const scale = tensor([1 / Math.sqrt(dim)], []);
  return () => tf.matMul(tf.softmax(tf.mul(tf.matMul(q, k, false, true), scale)), v);
}
