#!/usr/bin/env node
// What a reader downloads, compressed as static hosts compress it, and whether
// it is within budget: `npm run size`.

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { buildPage } from './build.mjs';
import { main, Problem, say } from './lib/console.mjs';
import { fromRoot, root } from './lib/paths.mjs';
import { serve } from './serve.mjs';
import { setupBrowsers } from './setup.mjs';

/**
 * Brotli bytes: the page's first load, more than half of it the core, and of the module what one visitor loads. The module's was 150e3 while it held
 * attention alone. Gradients of all operators take 60 KB of it now, layers 30, models 30, checkpoints 25, optimisers 15;
 * a second binary for those who do not train would save them that, and double the package.
 */
export const budgets = { page: 450e3, module: 265e3 };

/** Resolves with { page, module }: each { files: [{ path, raw, gzip, brotli }], raw, gzip, brotli }. */
export async function measure() {
  return { page: total(await pageFiles()), module: total(moduleFiles()) };
}

/** Opens the page in a browser and notes what the server was asked for: no guess can be wrong. */
async function pageFiles() {
  const files = new Set();
  let last = performance.now();
  const server = await serve(fromRoot('build', 'page'), {
    onFile: (path) => {
      files.add(path);
      last = performance.now();
    },
  });
  const { chromium } = await setupBrowsers();
  const { default: puppeteer } = await import('puppeteer-core'); // only there after the set-up
  const browser = await puppeteer.launch({ executablePath: chromium, args: ['--no-sandbox', '--no-first-run'] });
  try {
    const page = await browser.newPage();
    await page.goto(server.url, { waitUntil: 'networkidle0' });
    while (performance.now() - last < 2000) await sleep(100); // a worker's requests are not the page's
  } finally {
    await browser.close();
    await server.close();
  }
  return [...files];
}

/** The facade, the glue and the binary of the largest variant, since one is loaded. */
const moduleFiles = () => ['web.js', 'wasm/web-multi.js', 'wasm/relaxed-multi.wasm'].map((file) => fromRoot('dist', file));

function total(paths) {
  const files = paths.map((path) => {
    const bytes = readFileSync(path);
    return { path: relative(root, path), raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length };
  }).sort((a, b) => b.brotli - a.brotli);
  const sum = (kind) => files.reduce((all, file) => all + file[kind], 0);
  return { files, raw: sum('raw'), gzip: sum('gzip'), brotli: sum('brotli') };
}

const kilobytes = (bytes) => (bytes / 1000).toFixed(1).padStart(9);
const row = ({ raw, gzip, brotli }, name) => `${kilobytes(raw)}${kilobytes(gzip)}${kilobytes(brotli)}  ${name}`;

await main(import.meta, async () => {
  await buildPage();
  const titles = { page: 'The first load of the page', module: 'The module: binary, glue and facade' };
  const over = Object.entries(await measure()).filter(([what, sizes]) => {
    say(`\n${titles[what]}, in KB (budget ${budgets[what] / 1000} brotli)\n      raw     gzip   brotli`);
    for (const file of sizes.files) say(row(file, file.path));
    say(row(sizes, 'together'));
    return sizes.brotli > budgets[what];
  });
  if (over.length > 0) throw new Problem(`Over budget: ${over.map(([what]) => what).join(', ')}.`);
});
