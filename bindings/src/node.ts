/** The module for Node. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Attn } from './attn.js';
import { loadOn, type Platform } from './load.js';
import type { CreateCore } from './raw.js';
import type { LoadOptions } from './types.js';

export * from './api.js';

const platform: Platform = {
  isolated: true,
  cores: availableParallelism(),
  threadsBreak: 'bun' in process.versions ? "Bun's workers cannot run them" : '',
  async start(files, settings) {
    const folder = files.baseUrl === undefined
      ? new URL('./wasm/', import.meta.url) : new URL(String(files.baseUrl).replace(/\/?$/, '/'));
    const { default: createCore } = (await import(new URL(`node-${files.glue}.js`, folder).href)) as { default: CreateCore };
    return createCore({ ...settings, wasmBinary: await readFile(new URL(files.wasm, folder)) });
  },
};

/** Compiles the core for this engine and starts its threads. Each call gives a core of its own. */
export async function load(options: LoadOptions = {}): Promise<Attn> {
  return loadOn(platform, options);
}
