// An app that imports the packed package on its page and in a worker, as bundlers build and serve it.
import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as esbuild } from 'esbuild';
import { rollup } from 'rollup';
import { build as vite, createServer } from 'vite';
import webpack from 'webpack';
import { isolation, strictPolicy } from '../../../tools/serve.mjs';
import { install, pack, root } from '../../node/support/package.mjs';

/** The app's folder, with the package in its node_modules. */
const app = pack().then(({ tarball }) => install(tarball, fileURLToPath(new URL('../fixtures/app', import.meta.url))));

/** What bundlers that leave assets behind are said to want: the page's own files and the module's beside the bundle. */
async function copyAssets(folder, out) {
  await cp(join(folder, 'index.html'), join(out, 'index.html'));
  await cp(join(folder, 'node_modules', 'attention-playground', 'dist', 'wasm'), join(out, 'wasm'), { recursive: true });
}

/** Vite's logger that keeps what is worse than information. */
function listening(warnings) {
  const note = (text) => warnings.push(text);
  return { info() {}, clearScreen() {}, warn: note, warnOnce: note, error: note, hasWarned: false, hasErrorLogged: () => false };
}

/** How long a build takes here says nothing of the module. */
const rolldownOptions = { checks: { bundlerTimings: false } };

async function withVite(folder, out) {
  const warnings = [];
  await vite({
    configFile: false, root: folder, base: './', logLevel: 'warn', customLogger: listening(warnings),
    build: { outDir: out, emptyOutDir: true, rolldownOptions }, worker: { format: 'es', rolldownOptions },
  });
  return warnings;
}

async function withWebpack(folder, out) {
  const compiler = webpack({
    mode: 'production', context: folder, entry: './main.js', output: { path: out, assetModuleFilename: '[name]-[hash:8][ext]' },
    performance: false, // it finds a binary large
  });
  const stats = await new Promise((resolve, reject) => { compiler.run((error, done) => (error ? reject(error) : resolve(done))); });
  await new Promise((resolve) => { compiler.close(resolve); });
  await cp(join(folder, 'index.html'), join(out, 'index.html'));
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  return [...errors, ...warnings].map(({ message }) => message);
}

async function withRollup(folder, out) {
  const warnings = [];
  const bundle = await rollup({
    input: { main: join(folder, 'main.js'), worker: join(folder, 'worker.js') },
    plugins: [nodeResolve({ browser: true })], onwarn: ({ message }) => warnings.push(message),
  });
  await bundle.write({ dir: out, format: 'es' });
  await bundle.close();
  await copyAssets(folder, out);
  return warnings;
}

const withEsbuild = (format, entryPoints) => async (folder, out) => {
  const { warnings } = await esbuild({
    absWorkingDir: folder, entryPoints, bundle: true, format, outdir: out, logLevel: 'silent',
  });
  await copyAssets(folder, out);
  return warnings.map(({ text }) => text);
};

const builders = {
  vite: withVite,
  webpack: withWebpack,
  rollup: withRollup,
  esbuild: withEsbuild('esm', ['main.js', 'worker.js']),
  'esbuild-iife': withEsbuild('iife', [{ in: 'classic.js', out: 'main' }, { in: 'worker.js', out: 'worker' }]),
};

/** By bundler, all at once into build/fixtures/<bundler>: the folder, what the bundler complained of, and the files in the folder. */
export async function buildAll() {
  const folder = await app;
  return Object.fromEntries(await Promise.all(Object.entries(builders).map(async ([name, build]) => {
    const out = join(root, 'build', 'fixtures', name);
    await rm(out, { recursive: true, force: true });
    const complaints = await build(folder, out);
    const entries = await readdir(out, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(out, join(entry.parentPath ?? entry.path, entry.name)));
    return [name, { out, complaints, files }];
  })));
}

/** Vite's development server on the same app: { url, requests, complaints, close }. */
export async function serveByVite(isolated) {
  const [complaints, requests] = [[], []];
  const noting = {
    name: 'noting',
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => { requests.push(request.url); next(); });
    },
  };
  const server = await createServer({
    configFile: false, root: await app, logLevel: 'warn', customLogger: listening(complaints), plugins: [noting],
    optimizeDeps: { exclude: ['attention-playground'] },
    server: { host: '127.0.0.1', port: 0, hmr: false, headers: { ...(isolated && isolation), 'Content-Security-Policy': strictPolicy } },
  });
  await server.listen();
  return { url: server.resolvedUrls.local[0], requests, complaints, close: () => server.close() };
}
