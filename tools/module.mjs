// Puts the npm module together in dist/: the facade bundled for each platform, its
// types, and in dist/wasm the binaries and the glue that starts them. The glue is
// the same for plain and relaxed SIMD, and a binary is the same for the web and for
// Node, so one copy of each is kept (and Node's relaxed program is not even linked).
// dist/cjs is what require() gets in Node: the same facade and types as CommonJS.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from './lib/console.mjs';
import { fromRoot, root } from './lib/paths.mjs';
import { tool } from './lib/step.mjs';

/** By environment: the ending of its glue (Node's is CommonJS, and loads as such from a package of ES modules), what is linked for it, its facade. */
const environments = {
  web: { ending: 'js', instructions: ['simd', 'relaxed'], bundle: bundleForWeb },
  node: { ending: 'cjs', instructions: ['simd'], bundle: bundleForNode },
};
const threadings = ['single', 'multi'];

const linked = (...name) => join(fromRoot('build', 'wasm', 'bindings'), name.join('-'));
const packed = (...name) => join(fromRoot('dist', 'wasm'), name.join('-'));

/** One environment's part of it; the web's starts dist afresh. */
export async function assembleModule(environment) {
  const { ending, instructions, bundle } = environments[environment];
  if (environment === 'web') rmSync(fromRoot('dist'), { recursive: true, force: true });
  mkdirSync(fromRoot('dist', 'wasm'), { recursive: true });
  for (const threading of threadings) {
    for (const simd of instructions) copyFileSync(linked(environment, simd, `${threading}.wasm`), packed(simd, `${threading}.wasm`));
    const [glue, ...others] = instructions.map((simd) =>
      readFileSync(linked(environment, simd, `${threading}.js`), 'utf8').replaceAll(`${environment}-${simd}-${threading}`, 'core'));
    for (const other of others) requireEqual(`the glue of plain and of relaxed SIMD (${threading})`, glue, other);
    writeFileSync(packed(environment, `${threading}.${ending}`), patchedGlue(glue, environment, threading));
  }
  await bundle();
}

/** Both parts hold plain SIMD's binaries. */
export function requireSameBinaries() {
  for (const threading of threadings) {
    const [web, node] = Object.keys(environments).map((environment) => readFileSync(linked(environment, 'simd', `${threading}.wasm`), 'base64'));
    requireEqual(`the binaries for the web and for Node (${threading})`, web, node);
  }
}

function requireEqual(what, one, other) {
  if (one !== other) throw new Problem(`${what} differ, but the module keeps one of them.`);
}

function patchedGlue(glue, environment, threading) {
  // The facade finalises what is dropped (bindings/src/runtime.ts): it knows when a core is past use.
  const guarded = patch(glue, 'if("undefined"===typeof FinalizationRegistry)', 'if(true)');
  // An engine keeps what waits so, and with it the core's memory, for as long as the page lasts; messages do as well.
  const woken = threading === 'multi' ? patch(guarded, 'if(typeof Atomics.waitAsync==="function")', 'if(false)') : guarded;
  if (environment === 'node') {
    if (threading === 'single') return woken;
    // What the program was started with is not for the glue: --input-type, for one, is an error beside a file.
    const apart = patch(woken, 'workerOptions={', 'workerOptions={execArgv:[],');
    // A global Worker would make Node look like a browser to other libraries.
    return patch(apart, 'global.Worker=', 'var Worker=');
  }
  // The facade always names the binary; left as it is, bundlers would look for a file that is not there.
  const named = patch(woken, 'new URL("core.wasm",import.meta.url).href', '""');
  // A thread's worker starts the glue again under the name that the facade gives it, since a worker from a CDN needs a
  // script of the page's own origin.
  return threading === 'multi' ? patch(named, 'new Worker(new URL("core.js",import.meta.url)', 'new Worker(Module["workerUrl"]') : named;
}

/** Replaces what must stand there exactly once, so that a new Emscripten cannot slip past. */
function patch(text, from, to) {
  const count = text.split(from).length - 1;
  if (count !== 1) {
    throw new Problem(`What the build made holds ${from} ${count} times, and not once. Emscripten 3.1.69 is known to work: take it, or mend tools/module.mjs.`);
  }
  return text.replace(from, () => to);
}

/** Bundled, so that the module has no dependency and a page without a bundler can import it; the declarations keep the comments. */
async function bundle(entry, outfile, settings) {
  const { build } = await import('esbuild'); // only there after the set-up
  await build({
    bundle: true, format: 'esm', target: 'es2022', minify: true, keepNames: true, absWorkingDir: root, logLevel: 'warning',
    entryPoints: [`bindings/src/${entry}.ts`], outfile: `dist/${outfile}`, ...settings,
  });
}

async function bundleForWeb() {
  await bundle('web', 'web.js');
  // Minified, it has lost what webpack and Vite leave an import alone for; with its whitespace it would weigh a third more.
  const web = fromRoot('dist', 'web.js');
  writeFileSync(web, patch(readFileSync(web, 'utf8'), 'await import(', 'await import(/*webpackIgnore:true*//*@vite-ignore*/'));
}

async function bundleForNode() {
  await bundle('node', 'node.js', { platform: 'node' });
  await bundle('node', 'cjs/node.js', {
    platform: 'node', format: 'cjs',
    // The folder's own address: wasm lies beside the folder as it lies beside node.js.
    define: { 'import.meta.url': 'folderUrl' }, banner: { js: 'const folderUrl=require("node:url").pathToFileURL(__dirname).href;' },
  });
  writeFileSync(fromRoot('dist', 'cjs', 'package.json'), '{"type":"commonjs"}\n');
}

/** CommonJS has its own copies, since TypeScript tells by the folder whether types are those of an ES module. */
export async function declareTypes() {
  // By its path: other versions of TypeScript are installed for the tests, one of which may have the name in .bin.
  await tool(process.execPath, [fromRoot('node_modules', 'typescript', 'bin', 'tsc'), '--project', 'bindings']);
  for (const file of readdirSync(fromRoot('dist')).filter((name) => name.endsWith('.d.ts') && name !== 'web.d.ts')) {
    copyFileSync(fromRoot('dist', file), fromRoot('dist', 'cjs', file));
  }
  writeFileSync(packed('web', 'single.d.ts'), "declare const createCore: import('../types.js').Glue;\nexport default createCore;\n");
}
