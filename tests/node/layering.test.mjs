// The floors of the house hold: core/layering.cmake, which the build runs, passes as things are and fails on an arrow that
// points up; and the facade knows nothing of the page, nor the core of either.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What layering.cmake says of the core after `change` to a copy of it; empty where it passes. */
function complaints(change = () => {}) {
  const copy = mkdtempSync(join(tmpdir(), 'layering-'));
  try {
    cpSync(join(root, 'core'), copy, { recursive: true });
    change(copy);
    execFileSync('cmake', [`-DROOT=${copy}`, '-P', join(copy, 'layering.cmake')], { stdio: 'pipe' });
    return '';
  } catch (failure) {
    return failure.stderr.toString();
  } finally {
    rmSync(copy, { recursive: true });
  }
}

const include = (file, header) => complaints((core) => appendFileSync(join(core, file), `\n#include ${header}\n`));

test('every include of the core points down', () => {
  assert.equal(complaints(), '');
});

test('an include that points up is named', () => {
  assert.match(include('src/kernels/reduce.cpp', '"attn/thread_pool.hpp"'), /kernels\/reduce\.cpp .* attn\/thread_pool\.hpp/);
  assert.match(include('src/ops.cpp', '"attn/tensor.hpp"'), /ops\.cpp .* attn\/tensor\.hpp/);
  assert.match(include('src/kernels/flash.hpp', '"../strided.hpp"'), /flash\.hpp .*strided\.hpp/);
  assert.match(include('src/tensor.cpp', '"attn/functional.hpp"'), /tensor\.cpp .* attn\/functional\.hpp/);
});

test('only simd.hpp includes xsimd, and nothing includes Emscripten', () => {
  assert.match(include('src/kernels/reduce.cpp', '<xsimd/xsimd.hpp>'), /simd\.hpp alone/);
  assert.match(include('src/simd.hpp', '<emscripten.h>'), /knows no Emscripten/);
});

test('a file that stands on no floor is named', () => {
  assert.match(complaints((core) => writeFileSync(join(core, 'src/attic.cpp'), '')), /attic\.cpp stands on no floor/);
});

test('the facade imports nothing from outside its folder but the feature probe and Node itself', () => {
  for (const file of readdirSync(join(root, 'bindings/src'))) {
    for (const [, from] of readFileSync(join(root, 'bindings/src', file), 'utf8').matchAll(/from '([^']+)'/g)) {
      assert.match(from, /^(\.\/[a-z]+\.js|wasm-feature-detect|node:[a-z/]+)$/, `${file} imports ${from}`);
    }
  }
});
