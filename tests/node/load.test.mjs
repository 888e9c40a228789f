// What load() is given to find its files by, and what it says where they are not. The same in browsers: tests/browser/bundlers.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, test } from 'node:test';
import { AttnError, load } from '../../dist/node.js';

const folder = await mkdtemp(join(tmpdir(), 'attn-files-'));
after(() => rm(folder, { recursive: true }));
const wasm = (name) => new URL(`../../dist/wasm/${name}`, import.meta.url);
const ends = '; load({ baseUrl }) must name the folder that holds the files of dist/wasm';
const glue = createRequire(import.meta.url)('../../dist/wasm/node-single.cjs');

const refuses = (options, message) => assert.rejects(load({ threads: 1, simd: 'fixed', ...options }), (error) => {
  assert.ok(error instanceof AttnError, error);
  assert.deepEqual([error.code, error.op], ['UNSUPPORTED', 'load']);
  assert.equal(error.message, `load: the core did not start: ${message}`);
  return true;
});

test('where a binary is not there, or another file in its place, the message names the path, the file and baseUrl', async () => {
  const path = join(folder, 'simd-single.wasm');
  await refuses({ baseUrl: folder }, `${path} cannot be read (ENOENT)${ends}`);
  for (const [content, kind] of [
    ['<!DOCTYPE html>\n<html><body>Not found', 'an HTML page'], ['\uFEFF <html lang="en">', 'an HTML page'], ['<!-- app -->\n<!doctype html>', 'an HTML page'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 816745\n', 'a Git-LFS pointer'],
    ['', 'something of 0 bytes'], ['\0as', 'something of 3 bytes'],
  ]) {
    await writeFile(path, content);
    for (const baseUrl of [folder, pathToFileURL(folder), `${pathToFileURL(folder)}/`]) await refuses({ baseUrl }, `${path} is ${kind}, not WebAssembly${ends}`);
  }
});

test('where the glue is not there, the message names its path and baseUrl', async () => {
  await copyFile(wasm('simd-single.wasm'), join(folder, 'simd-single.wasm'));
  await assert.rejects(load({ threads: 1, simd: 'fixed', baseUrl: folder }), ({ message }) => {
    assert.ok(message.startsWith(`load: the core did not start: ${join(folder, 'node-single.cjs')} could not be loaded (Error: Cannot find module`), message);
    return message.endsWith(ends);
  });
});

test('a glue that is passed in is the one that starts, on one thread, and needs none beside the binary', async () => {
  let started = 0;
  const counted = (settings) => { started += 1; return glue(settings); };
  const attn = await load({ glue: counted, baseUrl: folder, simd: 'fixed' });
  assert.equal(started, 1);
  assert.equal(attn.info.threads, 1);
  assert.match(attn.info.reason, /1 thread: the glue that was passed in is that of one thread$/);
  assert.deepEqual(attn.tensor([1, 2]).add(1).toArray(), [2, 3]);
  await assert.rejects(load({ glue, threads: 2 }), { code: 'UNSUPPORTED', message: 'load: 2 threads cannot run: the glue that was passed in is that of one thread' });
  for (const wrong of [{ default: glue }, 'web-single.js', null]) {
    await assert.rejects(load({ glue: wrong }), { code: 'TYPE', message: /^load: glue must be the default export of attention-playground\/wasm\/web-single\.js, got / });
  }
});
