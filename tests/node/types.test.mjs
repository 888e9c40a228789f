// The types of the packed tarball: they resolve wherever the module does, are strict, and tell the truth at run time.
import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { install, node, pack, root } from './support/package.mjs';

const folder = await install((await pack()).tarball, 'types');
const typeRoots = [join(root, 'node_modules', '@types')];

const common = {
  target: 'ES2022', strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noImplicitOverride: true,
  skipLibCheck: false, skipDefaultLibCheck: true, // the package's own declarations are checked as well
  noEmitOnError: true, rootDir: '.',
};
const inNode = { lib: ['ES2022'], types: ['node'], typeRoots };
const inBrowsers = { lib: ['ES2022', 'DOM'], types: [] };

/** Compiles the files; resolves with what TypeScript has to say. */
async function compile(typescript, name, compilerOptions, files) {
  const config = join(folder, `${name}.json`);
  await writeFile(config, JSON.stringify({ compilerOptions: { ...common, ...compilerOptions }, files }));
  return (await node([join(root, 'node_modules', typescript, 'bin', 'tsc'), '--project', config], { cwd: folder })).stdout;
}

const resolutions = {
  node16: { module: 'Node16', moduleResolution: 'Node16', ...inBrowsers },
  bundler: { module: 'ESNext', moduleResolution: 'Bundler', ...inBrowsers },
  node10: { module: 'ESNext', moduleResolution: 'node10', ...inBrowsers },
};
describe('the types resolve', { concurrency: availableParallelism() }, () => {
  for (const [typescript, version] of [['typescript-5.1', '5.1'], ['typescript-5.9', '5.9'], ['typescript', 'of the lock file']]) {
    for (const [resolution, options] of Object.entries(resolutions)) {
      test(`by TypeScript ${version} with moduleResolution ${resolution}`, async () => {
        const files = ['api.ts', 'required.cts'];
        if (typescript !== 'typescript-5.1') files.push('using.ts');
        if (resolution !== 'node10') files.push('glue.ts'); // which knows nothing of subpaths
        const silenced = resolution === 'node10' && typescript === 'typescript' ? { ignoreDeprecations: '6.0' } : {};
        assert.equal(await compile(typescript, `${typescript}-${resolution}`, { ...options, ...silenced, noEmit: true }, files), '');
      });
    }
  }
});

const settings = {
  NodeNext: { module: 'NodeNext', moduleResolution: 'NodeNext', ...inNode },
  Bundler: { module: 'ESNext', moduleResolution: 'Bundler', ...inBrowsers },
};

for (const [name, options] of Object.entries(settings)) {
  test(`a program on the whole API compiles under ${name} resolution, wrong uses do not, and it runs`, async () => {
    assert.equal(await compile('typescript', name, { ...options, outDir: name }, ['api.ts', 'using.ts', 'required.cts']), '');
    await cp(join(folder, 'package.json'), join(folder, name, 'package.json'));
    const program = await node([join(name, 'api.js')], { cwd: folder });
    assert.deepEqual([program.code, program.stderr], [0, '']);
    for (const other of ['using.js', 'required.cjs']) {
      const { code, stdout, stderr } = await node([join(name, other)], { cwd: folder });
      assert.deepEqual([code, stdout, stderr], [0, '', ''], other);
    }
    const { codes, ops, ...rest } = JSON.parse(program.stdout);
    assert.deepEqual(codes, new Array(21).fill('TYPE'));
    assert.deepEqual(ops, [
      'attend', 'attend', 'attend', 'tensor', 'tensor', 'zeros', 'sum', 'add', 'multiHeadAttentionForward',
      'scaledDotProductAttention', 'sinusoidal', 'kaimingNormal', 'Linear', 'Sequential', 'TransformerEncoderLayer', 'attend', 'gelu', 'ReLU', 'grad', 'SGD', 'saveSafetensors',
    ]);
    assert.deepEqual(rest, {
      shape: [2, 2], dtype: 'float32', size: 4, disposed: false, item: 10, data: 4, array: [[1, 2], [3, 4]],
      kept: [[2, 3], [4, 5]], bytes: true, info: ['string', 'number', 'boolean', 'string', 'string'], made: 15, results: 108,
      trained: [4, 11, 4, 'x', 0, false, null, [2], [2, 2], [true, true]],
    });
  });
}
