/** The module for browsers and their workers. */
import type { Attn } from './attn.js';
import { AttnError } from './error.js';
import { loadOn, type Platform } from './load.js';
import type { CreateCore } from './raw.js';
import { refuseMore } from './strict.js';
import type { LoadOptions } from './types.js';

export * from './api.js';

// Spelled out one by one: bundlers copy an asset only where they can read its name.
const FILES: Record<string, () => URL> = {
  single: () => new URL('./wasm/web-single.js', import.meta.url),
  multi: () => new URL('./wasm/web-multi.js', import.meta.url),
  'simd-single.wasm': () => new URL('./wasm/simd-single.wasm', import.meta.url),
  'relaxed-single.wasm': () => new URL('./wasm/relaxed-single.wasm', import.meta.url),
  'simd-multi.wasm': () => new URL('./wasm/simd-multi.wasm', import.meta.url),
  'relaxed-multi.wasm': () => new URL('./wasm/relaxed-multi.wasm', import.meta.url),
};

function locate(file: string, baseUrl: string | URL | undefined): string {
  if (baseUrl === undefined) return FILES[file]!().href;
  const folder = new URL(String(baseUrl).replace(/\/?$/, '/'), self.location.href);
  return new URL(file.endsWith('.wasm') ? file : `web-${file}.js`, folder).href;
}

/** A worker must start from its own origin; from a CDN, a one-line script of ours imports the glue. */
function workerUrl(glue: string): string {
  if (new URL(glue).origin === self.location.origin) return glue;
  return URL.createObjectURL(new Blob([`import ${JSON.stringify(glue)};`], { type: 'text/javascript' }));
}

const isIos = () =>
  /iPad|iPhone|iPod/.test(navigator.userAgent) || (/Mac/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

const platform = (): Platform => ({
  isolated: self.crossOriginIsolated === true,
  cores: navigator.hardwareConcurrency || 1,
  threadsBreak: isIos() ? 'threads run out of memory on iOS' : '',
  async fetch(files) {
    const glue = locate(files.glue, files.baseUrl);
    const [module, response] = await Promise.all([
      import(/* @vite-ignore */ /* webpackIgnore: true */ glue) as Promise<{ default: CreateCore }>,
      fetch(locate(files.wasm, files.baseUrl)),
    ]);
    if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
    return {
      createCore: module.default,
      wasmBinary: new Uint8Array(await response.arrayBuffer()),
      workerUrl: workerUrl(glue),
    };
  },
});

/** Compiles the core for this engine and starts its threads. Each call gives a core of its own. */
export async function load(options: LoadOptions = {}): Promise<Attn> {
  refuseMore('load', arguments, 1);
  if (typeof self === 'undefined') throw new AttnError('UNSUPPORTED', 'load', 'this build is for browsers');
  return loadOn(platform(), options);
}
