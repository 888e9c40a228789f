// Runs one part in this process, which node.mjs starts, and sends the result there.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { load } from '../../dist/node.js';
import { tfjsBundle } from './lib/setup.mjs';
import { run } from './parts/run.mjs';

const require = createRequire(import.meta.url);
const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const probe = (name) => readFileSync(local(`../../build/wasm/tests/bench/probe-${name}.wasm`));

const relaxedProbe = probe('relaxed');

function startWorker() {
  const worker = new Worker(new URL('probe/worker.mjs', import.meta.url));
  return {
    ask: (message) => new Promise((resolve, reject) => {
      worker.once('error', reject).once('message', (answer) => {
        worker.off('error', reject);
        resolve(answer);
      });
      worker.postMessage(message);
    }),
    stop: () => worker.terminate(),
  };
}

const platform = {
  load,
  probes: { ...(WebAssembly.validate(relaxedProbe) && { relaxed: relaxedProbe }), fixed: probe('simd') },
  startWorker,
  onnxruntime: () => import('onnxruntime-web'),
  onnxruntimeFiles: local('node_modules/onnxruntime-web/dist/'),
  tfjs: () => require(tfjsBundle('node')),
  tfjsFiles: local('node_modules/@tensorflow/tfjs-backend-wasm/dist/'),
  tfjsThreads: false,
};

process.once('message', async (part) => {
  const result = await run(platform, part, (line) => process.send({ line }));
  process.send({ result }, () => process.exit()); // the peers' workers would keep it alive
});
