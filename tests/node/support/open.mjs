// Cores that can be looked into: past the module, which keeps its WebAssembly exports to itself, or without it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { load } from '../../../dist/node.js';

/** Resolves with the module and the exports of its core. */
export async function loadOpen(options) {
  const { instantiate } = WebAssembly;
  let exports;
  WebAssembly.instantiate = async (...args) => {
    const result = await instantiate(...args);
    ({ exports } = result.instance ?? result);
    return result;
  };
  try {
    return { attn: await load(options), exports };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

/** A core as the facade has it, without the facade. */
export async function openCore() {
  const createCore = createRequire(import.meta.url)('../../../dist/wasm/node-single.cjs');
  const wasmBinary = await readFile(new URL('../../../dist/wasm/simd-single.wasm', import.meta.url));
  return createCore({ wasmBinary, pthreadPoolSize: 0, fail(code, op, message) { throw new Error(`${code} ${op}: ${message}`); } });
}
