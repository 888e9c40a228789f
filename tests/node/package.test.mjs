// The packed tarball in an empty folder: what is in it, and that it computes in Node on every binary.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { relaxedSimdFlags } from '../../tools/toolchain/emscripten.mjs';
import { install, node, pack, root } from './support/package.mjs';

const examples = join(root, 'web', 'documents', 'examples.json');
const oracle = JSON.parse(await readFile(examples, 'utf8'));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

const packed = await pack();
const folder = await install(packed.tarball, 'node');
const installed = join(folder, 'node_modules', 'attention-playground');
const read = (path) => readFile(join(installed, path), 'latin1');

/** 1e-6 relative to max(1, |x|): float32 after a few dozen roundings, against float64. Counts the numbers. */
function compare(actual, expected, where) {
  if (Array.isArray(expected)) {
    assert.equal(actual.length, expected.length, `${where}: length`);
    return expected.reduce((sum, value, i) => sum + compare(actual[i], value, `${where}[${i}]`), 0);
  }
  assert.ok(Math.abs(actual - expected) <= 1e-6 * Math.max(1, Math.abs(expected)), `${where}: ${actual} is not ${expected}`);
  return 1;
}

const variants = [
  { threads: 1, simd: 'fixed' }, { threads: 2, simd: 'fixed' }, { threads: 1, simd: 'relaxed' }, { threads: 2, simd: 'relaxed' },
];
for (const options of variants) {
  test(`installed in an empty folder, ${options.simd} SIMD with threads: ${options.threads} agrees with the examples and ends`, async () => {
    const flags = options.simd === 'relaxed' ? relaxedSimdFlags : [];
    const child = await node([...flags, 'main.mjs', JSON.stringify(options), examples], { cwd: folder });
    assert.deepEqual([child.code, child.signal, child.stderr], [0, null, ''], 'ends by itself, quietly');
    const { info, results, binary, alive } = JSON.parse(child.stdout);
    assert.ok(!alive.includes('Timeout'), `nothing is waited for: ${alive}`);
    const file = `dist/wasm/${options.simd === 'fixed' ? 'simd' : 'relaxed'}-${options.threads > 1 ? 'multi' : 'single'}.wasm`;
    assert.equal(binary, packed.files.find(({ path }) => path === file).size, `${file} was taken`);
    const { reason, ...rest } = info;
    assert.deepEqual(rest, { ...options, isolated: true, version: manifest.version });
    assert.match(reason, /^(fixed|relaxed) SIMD: .*asked for; \d threads?: .*asked for$/);
    let numbers = 0;
    for (const [name, attention] of results) {
      const [id, ...path] = name.split('.');
      const expected = path.reduce((at, key) => at[key], oracle[id].computed);
      for (const [part, value] of Object.entries(attention)) {
        if (expected[part] !== undefined) numbers += compare(value, expected[part], `${name}.${part}`);
      }
    }
    assert.equal(numbers, 498, 'numbers that the examples and the package have in common');
  });
}

test('left to choose, it takes what the engine has, and says why', async () => {
  const child = await node(['main.mjs', '{}', examples], { cwd: folder });
  assert.deepEqual([child.code, child.stderr], [0, '']);
  const { info } = JSON.parse(child.stdout);
  assert.match(info.reason, /^(relaxed SIMD: the engine has|fixed SIMD: the engine has no) relaxed SIMD; \d+ threads?: there (are \d+ cores|is one core)$/);
  assert.ok(info.reason.includes(`${info.simd} SIMD: `) && info.reason.includes(` ${info.threads} thread`), info.reason);
});

test('the package holds dist, README, LICENSE and package.json, in at most 1.4 MB', () => {
  const outside = packed.files.map(({ path }) => path).filter((path) => !path.startsWith('dist/'));
  const translated = (path) => /^README\.[a-z]{2}\.md$/.test(path);
  assert.deepEqual(outside.filter((path) => !translated(path)).sort(), ['LICENSE', 'README.md', 'package.json']);
  const wasm = packed.files.map(({ path }) => path).filter((path) => path.startsWith('dist/wasm/'));
  const binaries = ['simd', 'relaxed'].flatMap((simd) => ['single', 'multi'].map((threads) => `dist/wasm/${simd}-${threads}.wasm`));
  const glue = ['single', 'multi'].flatMap((threads) => [`dist/wasm/node-${threads}.cjs`, `dist/wasm/web-${threads}.js`]);
  assert.deepEqual(wasm.sort(), [...binaries, ...glue, 'dist/wasm/web-single.d.ts'].sort());
  const rest = packed.files.map(({ path }) => path).filter((path) => path.startsWith('dist/') && !path.startsWith('dist/wasm/'));
  assert.deepEqual(rest.filter((path) => !/^dist\/(web\.js|(cjs\/)?(node\.js|[a-z]+\.d\.ts)|cjs\/package\.json)$/.test(path)), []);
  // Binaries 1.2 MB, declarations twice since require() needs its own, the facade three times: web, import, require().
  assert.ok(packed.size <= 1.4e6, `${packed.size} bytes`);
});

test('no file points to a source map or names a folder of the machine that built it', async () => {
  for (const { path } of packed.files) {
    const content = await read(path);
    assert.doesNotMatch(content, /sourceMappingURL/, path);
    assert.ok(!content.includes(root.slice(0, -1)), `${path} names ${root}`);
  }
});

test('the entries import nothing that the package does not hold', async () => {
  assert.deepEqual([manifest.dependencies, manifest.peerDependencies], [undefined, undefined]);
  for (const [path, allowed] of [['dist/web.js', /^$/], ['dist/node.js', /^node:/], ['dist/cjs/node.js', /^node:/]]) {
    const imports = [...(await read(path)).matchAll(/(?:^|[;}=\s])(?:import|export|require)\s*(?:[^'"();]*?\bfrom\s*)?\(?\s*["']([^"']+)["']/g)].map(([, name]) => name);
    assert.equal(imports.length > 0, path !== 'dist/web.js', path);
    for (const name of imports) assert.match(name, allowed, `${path} imports ${name}`);
  }
});

test('bundlers are told, in the comments that each reads, to leave the import of the glue alone', async () => {
  const imports = (await read('dist/web.js')).match(/await import\([^)]*/g);
  assert.equal(imports.length, 1);
  assert.match(imports[0], /^await import\((\/\*webpackIgnore:true\*\/|\/\*@vite-ignore\*\/){2}\w+$/);
});

test('publint has nothing to say', async () => {
  const { messages, pkg } = await publint({ pkgDir: installed, level: 'warning', strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
});

test('npm builds the module before it packs', () => {
  assert.equal(manifest.scripts.prepack, 'node tools/build.mjs module');
});
