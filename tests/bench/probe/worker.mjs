// One thread of the yardstick, in Node and in browsers: { probes } makes it ready, each further message is a job.

const port = typeof WorkerGlobalScope === 'undefined' ? (await import('node:worker_threads')).parentPort : self;
const exports = {};

async function start(probes) {
  for (const [simd, bytes] of Object.entries(probes)) {
    exports[simd] = (await WebAssembly.instantiate(bytes, {})).instance.exports;
    exports[simd]._initialize();
  }
}

const jobs = {
  multiply_add(probe, turns) {
    probe.multiply_add(turns, 1, 1e-9);
    return probe.operations(turns);
  },
  triad(probe) {
    probe.triad(0.5);
    return probe.triad_bytes();
  },
};

/** Waits in a loop until all threads are here: one that is woken would start late. */
function meet(gate, count) {
  Atomics.add(gate, 0, 1);
  while (Atomics.load(gate, 0) < count);
}

function run({ what, simd, turns, gate, count }) {
  const probe = exports[simd];
  if (what === 'triad') probe.prepare();
  meet(gate, count);
  const begin = performance.now();
  const work = jobs[what](probe, turns);
  return { ms: performance.now() - begin, work };
}

port.onmessage = async ({ data }) => {
  port.postMessage(data.probes ? await start(data.probes) : run(data));
};
