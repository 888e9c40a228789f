// The types of the packed tarball: they resolve wherever the module does, are strict, and tell the truth at run time.
import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { install, node, pack, root } from './support/package.mjs';

const folder = await install((await pack()).tarball, 'types');
const typeRoots = [join(root, 'node_modules', '@types')];

const common = {
  target: 'ES2022', strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noImplicitOverride: true,
  skipLibCheck: false, // the package's own declarations are checked as well
  noEmitOnError: true, rootDir: '.',
};
const settings = {
  NodeNext: { module: 'NodeNext', moduleResolution: 'NodeNext', lib: ['ES2022'], types: ['node'], typeRoots },
  Bundler: { module: 'ESNext', moduleResolution: 'Bundler', lib: ['ES2022', 'DOM'], types: [] },
};

for (const [name, options] of Object.entries(settings)) {
  test(`a program on the whole API compiles under ${name} resolution, wrong uses do not, and it runs`, async () => {
    const config = join(folder, `${name}.json`);
    await writeFile(config, JSON.stringify({ compilerOptions: { ...common, ...options, outDir: name }, files: ['api.ts'] }));
    const tsc = await node([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', config], { cwd: folder });
    assert.deepEqual([tsc.stdout, tsc.code], ['', 0]);
    await cp(join(folder, 'package.json'), join(folder, name, 'package.json'));
    const program = await node([join(name, 'api.js')], { cwd: folder });
    assert.deepEqual([program.code, program.stderr], [0, '']);
    const { codes, ops, ...rest } = JSON.parse(program.stdout);
    assert.deepEqual(codes, new Array(20).fill('TYPE'));
    assert.deepEqual(ops, [
      'attend', 'attend', 'attend', 'tensor', 'tensor', 'zeros', 'sum', 'add', 'multiHeadAttentionForward',
      'scaledDotProductAttention', 'sinusoidal', 'Linear', 'Sequential', 'TransformerEncoderLayer', 'attend', 'gelu', 'ReLU', 'grad', 'SGD', 'saveSafetensors',
    ]);
    assert.deepEqual(rest, {
      shape: [2, 2], dtype: 'float32', size: 4, disposed: false, item: 10, data: 4, array: [[1, 2], [3, 4]],
      kept: [[2, 3], [4, 5]], bytes: true, info: ['string', 'number', 'boolean', 'string', 'string'], made: 15, results: 96,
      trained: [4, 11, 4, 'x', 0, false, null, [2], [2, 2], [true, true]],
    });
  });
}
