// Puts the npm module together in dist/: the facade bundled for each platform, its
// types, and in dist/wasm the binaries and the glue that starts them. The glue is
// the same for plain and relaxed SIMD, and a binary is the same for the web and for
// Node, so one copy of each is kept (and Node's relaxed program is not even linked).

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from './lib/console.mjs';
import { fromRoot, root } from './lib/paths.mjs';
import { npmTool } from './lib/step.mjs';

const environments = ['web', 'node'];
const instructions = ['simd', 'relaxed'];
const threadings = ['single', 'multi'];

const linked = (...name) => join(fromRoot('build', 'wasm', 'bindings'), name.join('-'));
const packed = (...name) => join(fromRoot('dist', 'wasm'), name.join('-'));

export async function assembleModule() {
  rmSync(fromRoot('dist'), { recursive: true, force: true });
  mkdirSync(fromRoot('dist', 'wasm'), { recursive: true });
  for (const threading of threadings) {
    for (const simd of instructions) copyFileSync(linked('web', simd, `${threading}.wasm`), packed(simd, `${threading}.wasm`));
    const binary = (environment) => readFileSync(linked(environment, 'simd', `${threading}.wasm`), 'base64');
    requireEqual(`the binaries for the web and for Node (${threading})`, binary('web'), binary('node'));
    const glue = (environment, simd) =>
      readFileSync(linked(environment, simd, `${threading}.mjs`), 'utf8').replaceAll(`${environment}-${simd}-${threading}`, 'core');
    requireEqual(`the glue of plain and of relaxed SIMD (${threading})`, glue('web', 'simd'), glue('web', 'relaxed'));
    for (const environment of environments) {
      writeFileSync(packed(environment, `${threading}.js`), patchedGlue(glue(environment, 'simd'), environment, threading));
    }
  }
  await bundleFacade();
  await npmTool('tsc', ['--project', 'bindings']);
}

function requireEqual(what, one, other) {
  if (one !== other) throw new Problem(`${what} differ, but the module keeps one of them.`);
}

function patchedGlue(glue, environment, threading) {
  // The facade always names the binary; left as it is, bundlers would look for a file that is not there.
  const named = patch(glue, 'new URL("core.wasm",import.meta.url).href', '""');
  // The facade finalises what is dropped (bindings/src/runtime.ts): it knows when a core is past use.
  const guarded = patch(named, 'if("undefined"===typeof FinalizationRegistry)', 'if(true)');
  if (threading === 'single') return guarded;
  // A thread's worker starts the glue again: in Node this very file, in browsers what the facade names, since a
  // worker from a CDN needs a script of the page's own origin.
  const script = environment === 'node' ? 'new URL(import.meta.url)' : 'Module["workerUrl"]';
  const started = patch(guarded, 'new Worker(new URL("core.mjs",import.meta.url)', `new Worker(${script}`);
  // An engine keeps what waits so, and with it the core's memory, for as long as the page lasts; messages do as well.
  const threaded = patch(started, 'if(typeof Atomics.waitAsync==="function")', 'if(false)');
  if (environment === 'web') return threaded;
  // A global Worker would make Node look like a browser to other libraries.
  const local = patch(threaded, 'global.Worker=', 'var Worker=');
  // What the program was started with is not for the glue: --input-type, for one, is an error beside a file.
  return patch(local, 'workerOptions={type:"module",', 'workerOptions={type:"module",execArgv:[],');
}

/** Replaces what must stand there exactly once, so that a new Emscripten cannot slip past. */
function patch(text, from, to) {
  const count = text.split(from).length - 1;
  if (count !== 1) {
    throw new Problem(`This Emscripten's glue holds ${from} ${count} times, and not once. 3.1.69 is known to work: take it, or mend tools/module.mjs.`);
  }
  return text.replace(from, () => to);
}

/** Bundled, so that the module has no dependency and a page without a bundler can import it; the declarations keep the comments. */
async function bundleFacade() {
  const { build } = await import('esbuild'); // only there after the set-up
  const settings = { bundle: true, format: 'esm', target: 'es2022', minify: true, keepNames: true, absWorkingDir: root, logLevel: 'warning' };
  await build({ ...settings, entryPoints: ['bindings/src/web.ts'], outfile: 'dist/web.js' });
  await build({ ...settings, entryPoints: ['bindings/src/node.ts'], outfile: 'dist/node.js', platform: 'node' });
}
