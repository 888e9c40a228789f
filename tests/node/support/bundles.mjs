// An app that imports the packed package on its page and in a worker, built by a bundler into build/fixtures.
import { cp, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { fixtures, install, pack, root } from './package.mjs';

const tarball = pack();

/** The app in a folder of its own, with a fresh folder for its build. */
async function app(bundler) {
  const folder = await install((await tarball).tarball, 'vite');
  if (bundler !== 'vite') await cp(join(fixtures, bundler), folder, { recursive: true });
  const out = join(root, 'build', 'fixtures', bundler);
  await rm(out, { recursive: true, force: true });
  return { folder, out };
}

async function withVite() {
  const { folder, out } = await app('vite');
  const warnings = [];
  const note = (text) => warnings.push(text);
  const customLogger = {
    info() {}, clearScreen() {}, warn: note, warnOnce: note, error: note, hasWarned: false, hasErrorLogged: () => false,
  };
  await vite({
    configFile: false, root: folder, base: './', logLevel: 'warn', customLogger,
    build: { outDir: out, emptyOutDir: true, target: 'es2022' }, // for the app's own await at the top level
    worker: { format: 'es' },
  });
  return { out, warnings };
}

/** As the documentation says: the module's files are copied beside the page, and load() is told their folder. */
async function withEsbuild() {
  const { folder, out } = await app('esbuild');
  const { warnings } = await esbuild({
    absWorkingDir: folder, entryPoints: ['main.js', 'worker.js'], bundle: true, format: 'esm', target: 'es2022', outdir: out,
    logLevel: 'silent',
  });
  await cp(join(folder, 'index.html'), join(out, 'index.html'));
  await cp(join(folder, 'node_modules', 'attention-playground', 'dist', 'wasm'), join(out, 'wasm'), { recursive: true });
  return { out, warnings: warnings.map(({ text }) => text) };
}

/** By bundler: builds the app; resolves with the folder, what the bundler warned of, and the files in the folder. */
export const builders = Object.fromEntries(Object.entries({ vite: withVite, esbuild: withEsbuild }).map(([name, build]) => [
  name, async () => {
    const result = await build();
    const entries = await readdir(result.out, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(result.out, join(entry.parentPath ?? entry.path, entry.name)));
    return { ...result, files };
  },
]));
