/** The module for Node. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Attn } from './attn.js';
import { misplaced, requireBinary } from './files.js';
import { loadOn, type Platform } from './load.js';
import type { CreateCore } from './raw.js';
import { refuseMore } from './strict.js';
import type { LoadOptions } from './types.js';

export * from './api.js';

const platform: Platform = {
  isolated: true,
  cores: availableParallelism(),
  threadsBreak: 'bun' in process.versions ? "Bun's workers cannot run them" : '',
  async fetch({ mode, wasm, baseUrl, glue }) {
    const folder = folderOf(baseUrl);
    const binary = join(folder, wasm);
    const bytes = await readFile(binary).catch((error: NodeJS.ErrnoException) => { throw misplaced(binary, `cannot be read (${error.code})`, error); });
    const wasmBinary = requireBinary(bytes, binary);
    return { wasmBinary, createCore: glue ?? glueAt(join(folder, `node-${mode}.cjs`)) };
  },
};

/** By require(), which jest has too; import() it has not. */
function glueAt(path: string): CreateCore {
  try {
    return createRequire(import.meta.url)(path) as CreateCore;
  } catch (error) {
    throw misplaced(path, `could not be loaded (${String(error)})`, error);
  }
}

/** Given as a URL, or as a path from the working directory. */
function folderOf(base: string | URL | undefined): string {
  // Not by new URL('./wasm/', import.meta.url), which bundlers for servers take for an asset of theirs.
  if (base === undefined) return join(dirname(fileURLToPath(import.meta.url)), 'wasm');
  const text = String(base);
  return resolve(text.startsWith('file:') ? fileURLToPath(text) : text);
}

/** Compiles the core for this engine and starts its threads. Each call gives a core of its own. */
export async function load(options: LoadOptions = {}): Promise<Attn> {
  refuseMore('load', arguments, 1);
  return loadOn(platform, options);
}
