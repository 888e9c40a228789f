import { relaxedSimd, simd as fixedSimd, threads as sharedMemory } from 'wasm-feature-detect';
import { makeAttn, type Attn } from './attn.js';
import { AttnError } from './error.js';
import { checkNames, oneOf, shown } from './options.js';
import type { CoreSettings, CreateCore, RawCore } from './raw.js';
import { Runtime } from './runtime.js';
import type { Info, LoadOptions } from './types.js';
import { version } from './version.js';

/** What differs between Node and browsers. */
export interface Platform {
  isolated: boolean;
  cores: number;
  /** Why threads should not be used here although memory could be shared; empty where they may. */
  threadsBreak: string;
  /** Gets one of the two binaries of a threading mode, and the mode's glue unless that was passed in. */
  fetch(files: { mode: 'single' | 'multi'; wasm: string; baseUrl?: string | URL; glue?: CreateCore }): Promise<Fetched>;
}

export interface Fetched {
  createCore: CreateCore;
  wasmBinary: Uint8Array;
  workerUrl?: string;
}

export interface Variant {
  simd: 'relaxed' | 'fixed';
  threads: number;
}

const MOST_AUTO_THREADS = 8;
const MOST_THREADS = 64;
/** Workers that a Content-Security-Policy or a missing file keeps from starting never say so. */
const WORKERS_PATIENCE_MS = 15_000;

async function chooseSimd(asked: LoadOptions['simd'] = 'auto'): Promise<{ simd: Info['simd']; why: string }> {
  oneOf('load', 'simd', asked, ['auto', 'relaxed', 'fixed']);
  if (typeof WebAssembly !== 'object' || !(await fixedSimd())) {
    throw new AttnError('UNSUPPORTED', 'load', 'this engine has no WebAssembly SIMD; update it');
  }
  if (asked === 'fixed') return { simd: 'fixed', why: 'fixed SIMD was asked for' };
  if (await relaxedSimd()) return { simd: 'relaxed', why: asked === 'auto' ? 'the engine has relaxed SIMD' : 'relaxed SIMD was asked for' };
  if (asked === 'relaxed') throw new AttnError('UNSUPPORTED', 'load', 'this engine has no relaxed SIMD');
  return { simd: 'fixed', why: 'the engine has no relaxed SIMD' };
}

async function chooseThreads(
  platform: Platform, { threads: asked = 'auto', glue }: LoadOptions,
): Promise<{ threads: number; why: string }> {
  if (asked !== 'auto' && !(Number.isInteger(asked) && asked >= 1 && asked <= MOST_THREADS)) {
    const code = typeof asked === 'number' ? 'RANGE' : 'TYPE';
    throw new AttnError(code, 'load', `threads must be 'auto' or a whole number from 1 to ${MOST_THREADS}, got ${shown(asked)}`);
  }
  if (asked === 1) return { threads: 1, why: '1 thread was asked for' };
  const obstacle = glue ? 'the glue that was passed in is that of one thread' : !platform.isolated
    ? 'the page is not cross-origin isolated (it needs the COOP and COEP headers), so memory cannot be shared'
    : !(await sharedMemory()) ? 'the engine has no shared memory' : '';
  if (asked !== 'auto') {
    if (obstacle) throw new AttnError('UNSUPPORTED', 'load', `${asked} threads cannot run: ${obstacle}`);
    return { threads: asked, why: `${asked} threads were asked for` };
  }
  const reason = obstacle || platform.threadsBreak || (platform.cores < 2 ? 'there is one core' : '');
  if (reason) return { threads: 1, why: reason };
  const threads = Math.min(platform.cores, MOST_AUTO_THREADS);
  return { threads, why: `there are ${platform.cores} cores` };
}

async function start(platform: Platform, { simd, threads }: Variant, options: LoadOptions): Promise<Runtime> {
  const mode = threads > 1 ? 'multi' : 'single';
  const { createCore, ...files } = await platform.fetch({
    mode,
    wasm: `${simd === 'relaxed' ? 'relaxed' : 'simd'}-${mode}.wasm`,
    ...(options.baseUrl !== undefined && { baseUrl: options.baseUrl }),
    ...(options.glue && { glue: options.glue as CreateCore }),
  });
  const settings: CoreSettings = {
    ...files,
    pthreadPoolSize: threads - 1,
    fail(code, op, message, shapes) {
      this.failure = { code, op, message, shapes: JSON.parse(shapes) as number[][] };
    },
    printErr: () => {}, // whatever it says, the facade says as an error
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<never>((_, reject) => {
    if (threads > 1) {
      timer = setTimeout(() => reject(new Error('its workers did not start')), WORKERS_PATIENCE_MS);
    }
  });
  const finish = finisher(settings as Partial<RawCore>); // which the factory makes the core of
  try {
    const runtime = new Runtime(await Promise.race([createCore(settings), patience]), finish);
    dropped.register(runtime, finish);
    runtime.call('load', (core) => core.setNumThreads(threads));
    return runtime;
  } catch (error) {
    finish(); // those that did start
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a core's threads, and then holds it no longer. */
const finisher = (core: Partial<RawCore> | undefined) => () => {
  core?.PThread?.terminateAllThreads();
  core = undefined;
};

/** Threads keep a core in memory: those of one that nobody holds any more are ended as if it had been disposed. */
const dropped = new FinalizationRegistry<() => void>((finish) => finish());

function failure(error: unknown): AttnError {
  if (error instanceof AttnError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const hint = /Content Security Policy|unsafe-eval/i.test(message)
    ? "; the page's Content-Security-Policy must allow 'wasm-unsafe-eval'" : '';
  return new AttnError('UNSUPPORTED', 'load', `the core did not start: ${message}${hint}`, [], { cause: error });
}

export async function loadOn(platform: Platform, options: LoadOptions): Promise<Attn> {
  checkNames('load', options, ['threads', 'simd', 'baseUrl', 'glue']);
  if (options.glue !== undefined && typeof options.glue !== 'function') {
    throw new AttnError('TYPE', 'load', `glue must be the default export of attention-playground/wasm/web-single.js, got ${shown(options.glue)}`);
  }
  const { simd, why: whySimd } = await chooseSimd(options.simd);
  const { threads, why: whyThreads } = await chooseThreads(platform, options);
  let reason = `${simd} SIMD: ${whySimd}; ${threads} thread${threads > 1 ? 's' : ''}: ${whyThreads}`;
  let runtime: Runtime;
  try {
    runtime = await start(platform, { simd, threads }, options);
  } catch (error) {
    // Threads were our idea, and memory to share or workers could not be had: one thread still can.
    if (threads === 1 || (options.threads ?? 'auto') !== 'auto') throw failure(error);
    reason = `${simd} SIMD: ${whySimd}; 1 thread: ${threads} did not start (${failure(error).message})`;
    runtime = await start(platform, { simd, threads: 1 }, options).catch((again) => { throw failure(again); });
  }
  const started = runtime.call('load', (core) => core.numThreads());
  return makeAttn(runtime, { simd, threads: started, isolated: platform.isolated, version, reason });
}
