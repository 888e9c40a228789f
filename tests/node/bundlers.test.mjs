// The packed tarball built by Vite and by esbuild; what comes of it in a browser is for tests/browser.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { builders } from './support/bundles.mjs';
import { root } from './support/package.mjs';

const needed = ['simd-single.wasm', 'relaxed-single.wasm', 'simd-multi.wasm', 'relaxed-multi.wasm', 'web-single.js', 'web-multi.js'];

/** The one file of that name, with a hash or without, holds what dist does. */
async function assertArrived({ out, files }, file) {
  const [name, extension] = file.split('.');
  const found = files.filter((path) => new RegExp(`(^|/)${name}(-[\\w-]{8})?\\.${extension}$`).test(path));
  assert.equal(found.length, 1, `${file} among ${files}`);
  const [original, built] = await Promise.all([join(root, 'dist', 'wasm', file), join(out, found[0])].map((path) => readFile(path)));
  assert.ok(original.equals(built), `${file} arrives as it was`);
}

test('Vite builds an app that says nothing of the module’s files; glue and binaries are there', async () => {
  const built = await builders.vite();
  assert.deepEqual(built.warnings, []);
  for (const file of needed) await assertArrived(built, file);
  assert.deepEqual(built.files.filter((path) => /node/.test(path)), [], 'nothing of Node');
});

test('esbuild builds the same app, which names the folder of the module’s files', async () => {
  const built = await builders.esbuild();
  assert.deepEqual(built.warnings, []);
  for (const file of needed) await assertArrived(built, file);
  for (const script of ['main.js', 'worker.js']) {
    assert.doesNotMatch(await readFile(join(built.out, script), 'utf8'), /["']node:|\brequire\(/, `${script} needs nothing of Node`);
  }
});
