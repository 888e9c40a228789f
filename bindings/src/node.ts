/** The module for Node. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { Attn } from './attn.js';
import { loadOn, type Platform } from './load.js';
import type { CreateCore } from './raw.js';
import { refuseMore } from './strict.js';
import type { LoadOptions } from './types.js';

export * from './api.js';

const platform: Platform = {
  isolated: true,
  cores: availableParallelism(),
  threadsBreak: 'bun' in process.versions ? "Bun's workers cannot run them" : '',
  async fetch(files) {
    const folder = folderUrl(files.baseUrl);
    const glue = (await import(new URL(`node-${files.glue}.js`, folder).href)) as { default: CreateCore };
    return { createCore: glue.default, wasmBinary: await readFile(new URL(files.wasm, folder)) };
  },
};

/** A URL, or a path from the working directory. */
function folderUrl(base: string | URL | undefined): URL {
  if (base === undefined) return new URL('./wasm/', import.meta.url);
  const text = String(base).replace(/\/?$/, '/');
  return URL.canParse(text) ? new URL(text) : pathToFileURL(text);
}

/** Compiles the core for this engine and starts its threads. Each call gives a core of its own. */
export async function load(options: LoadOptions = {}): Promise<Attn> {
  refuseMore('load', arguments, 1);
  return loadOn(platform, options);
}
