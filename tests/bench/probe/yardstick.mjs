// Peak and bandwidth of this engine, on one thread or on several at once. Each thread has a probe of its own, and all
// start together; between measurements they sleep, so that they take nothing from what else is measured.

/** Some 10 ms on a fast core: long beside the start of a thread, short enough for several tries. */
const PEAK_TURNS = 500_000;

/** probes: { fixed, relaxed? }, the bytes of probe.cpp in WebAssembly; startWorker runs worker.mjs. */
export async function startYardstick({ startWorker, probes }, threads) {
  const workers = await Promise.all(Array.from({ length: threads }, () => startWorker()));
  await Promise.all(workers.map((worker) => worker.ask({ probes })));

  /** Runs a job on the first `count` threads at once; resolves with their work by the time of the slowest. */
  async function rate(count, job) {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const answers = await Promise.all(workers.slice(0, count).map((worker) => worker.ask({ ...job, gate, count })));
    const work = answers.reduce((sum, answer) => sum + answer.work, 0);
    return work / Math.max(...answers.map(({ ms }) => ms)) / 1e6;
  }

  /** The best of several, since it is to be a peak. */
  async function best(tries, job) {
    let most = 0;
    for (let i = 0; i < tries; i += 1) most = Math.max(most, await rate(threads, job));
    return most;
  }

  return {
    /** Multiply-adds for `count` threads to share: the control of thread scaling. */
    spin: (count, simd, turns) => rate(count, { what: 'multiply_add', simd, turns: Math.ceil(turns / count) }),
    /** GFLOP/s of all threads together. */
    multiplyAdd: (simd) => best(15, { what: 'multiply_add', simd, turns: PEAK_TURNS }),
    /** GB/s of all threads together. */
    bandwidth: (simd) => best(5, { what: 'triad', simd }),
    stop: () => Promise.all(workers.map((worker) => worker.stop())),
  };
}
