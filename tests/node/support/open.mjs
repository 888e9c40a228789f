// A core whose WebAssembly exports, which the module keeps to itself, can be reached.
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
