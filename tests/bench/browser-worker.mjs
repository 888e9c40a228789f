// Runs one part in this worker, which page.html starts, and posts the result there.

import { load } from '../../dist/web.js';
import { run } from './parts/run.mjs';

const url = (path) => new URL(path, import.meta.url).href;
const onnxruntimeFiles = url('node_modules/onnxruntime-web/dist/');

async function probe(name) {
  const response = await fetch(url(`../../build/wasm/tests/bench/probe-${name}.wasm`));
  return new Uint8Array(await response.arrayBuffer());
}

function startWorker() {
  const worker = new Worker(url('probe/worker.mjs'), { type: 'module' });
  return {
    ask: (message) => new Promise((resolve, reject) => {
      worker.onerror = ({ message: reason }) => reject(new Error(`a worker of the yardstick failed: ${reason}`));
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage(message);
    }),
    stop: () => worker.terminate(),
  };
}

async function makePlatform() {
  const [relaxed, fixed] = await Promise.all([probe('relaxed'), probe('simd')]);
  return {
    load,
    probes: { ...(WebAssembly.validate(relaxed) && { relaxed }), fixed },
    startWorker,
    onnxruntime: () => import(`${onnxruntimeFiles}ort.wasm.min.mjs`),
    onnxruntimeFiles,
    tfjs: () => import(url('../../build/bench/tfjs-browser.js')),
    tfjsFiles: url('node_modules/@tensorflow/tfjs-backend-wasm/dist/'),
    tfjsThreads: true,
  };
}

self.onmessage = async ({ data: part }) => {
  try {
    postMessage({ result: await run(await makePlatform(), part, (line) => postMessage({ line })) });
  } catch (error) {
    postMessage({ error: `${error}\n${error.stack}` });
  }
};
