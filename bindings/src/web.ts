/** The module for browsers and their workers. */
import type { Attn } from './attn.js';
import { AttnError } from './error.js';
import { disguise, misplaced, requireBinary } from './files.js';
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
  let place: string;
  if (baseUrl !== undefined) {
    place = `${String(baseUrl).replace(/\/?$/, '/')}${file.endsWith('.wasm') ? file : `web-${file}.js`}`;
  } else {
    try {
      place = FILES[file]!().href; // of Next.js, a path alone
    } catch (cause) { // an IIFE has no import.meta.url, and beside a blob there is nothing
      throw misplaced('this script', "has no address that the module's files could lie beside", cause);
    }
  }
  try {
    return new URL(place, self.location.href).href;
  } catch (cause) {
    throw new Error(`baseUrl must be a whole address in a script without one of its own (${self.location.href}), got ${String(baseUrl)}`, { cause });
  }
}

async function fetched(address: string): Promise<Uint8Array> {
  const response = await fetch(address).catch((error: unknown) => { throw misplaced(address, `did not answer (${String(error)})`, error); });
  if (!response.ok) throw misplaced(address, `answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function glueAt(address: string): Promise<CreateCore> {
  let glue: { default?: CreateCore };
  try {
    glue = await import(/* @vite-ignore */ /* webpackIgnore: true */ address);
  } catch (error) {
    // Engines say no more than that it failed; why, the address itself can tell.
    const kind = disguise(await fetched(address));
    if (kind) throw misplaced(address, `is ${kind}, not a script`, error);
    throw new Error(`${address} could not be imported (${String(error)}); where import() is not to be had, load({ glue }) takes the default export of attention-playground/wasm/web-single.js`, { cause: error });
  }
  if (typeof glue.default !== 'function') throw misplaced(address, 'exports no glue, as when a bundler rewrites it');
  return glue.default;
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
  threadsBreak: isIos() ? 'threads run out of memory on iOS' : typeof Worker === 'undefined' ? 'no workers can be started here' : '',
  async fetch({ mode, wasm, baseUrl, glue }) {
    const address = locate(wasm, baseUrl);
    const [createCore, bytes] = await Promise.all([glue ?? glueAt(locate(mode, baseUrl)), fetched(address)]);
    return {
      createCore,
      wasmBinary: requireBinary(bytes, address),
      ...(mode === 'multi' && { workerUrl: workerUrl(locate(mode, baseUrl)) }),
    };
  },
});

/** Compiles the core for this engine and starts its threads. Each call gives a core of its own. */
export async function load(options: LoadOptions = {}): Promise<Attn> {
  refuseMore('load', arguments, 1);
  if (typeof self === 'undefined') throw new AttnError('UNSUPPORTED', 'load', 'this build is for browsers');
  return loadOn(platform(), options);
}
