// Emscripten: the user's own when it is new enough, otherwise Debian 13's, which
// is architecture-independent, with the compiler of the system's own suite.

import { existsSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { Problem } from '../lib/console.mjs';
import { toolchain } from '../lib/paths.mjs';
import { attempt, which } from '../lib/run.mjs';
import { canUseApt, unpackPackages } from './apt.mjs';
import { emscriptenAdvice } from './advice.mjs';
import { part } from './part.mjs';
import { setupPython } from './python.mjs';
import { withLibraries, writeScript } from './wrappers.mjs';

const oldest = [3, 1, 60];
const share = 'usr/share/emscripten';

/**
 * Returns { env, root, version }: run em++ or CMake with env.
 * The variables that it sets are listed by `variables`.
 */
export async function setupEmscripten() {
  const own = await ownEmscripten();
  const { root, variables } = own ?? (await privateEmscripten());
  const env = {
    ...process.env,
    ...variables,
    EM_NODE_JS: nodeWrapper(),
    PATH: `${root}${delimiter}${process.env.PATH}`,
  };
  return { env, root, version: readVersion(root) };
}

/** The flag without which Node 20 refuses relaxed SIMD; newer ones refuse the flag. */
export const relaxedSimdFlags = Number(process.versions.node.split('.')[0]) < 21
  ? ['--experimental-wasm-relaxed-simd'] : [];

// EMBIND_AOT runs the module while it links, relaxed SIMD and all. Written anew
// each time, because the user may have changed to another Node meanwhile.
const nodeWrapper = () => writeScript(join(toolchain, 'bin', 'node'), [
  ['exec', `'${process.execPath}'`, ...relaxedSimdFlags, '"$@"'].join(' '),
]);

function readVersion(root) {
  const file = join(root, 'emscripten-version.txt');
  return existsSync(file) ? readFileSync(file, 'utf8').replace(/["\s]/g, '') : undefined;
}

const isNewEnough = (version) => {
  const numbers = version.split('.').map((number) => Number.parseInt(number, 10));
  const i = oldest.findIndex((minimum, k) => numbers[k] !== minimum);
  return i < 0 || numbers[i] > oldest[i];
};

async function ownEmscripten() {
  const { EMSDK } = process.env;
  const command = which('em++') ?? (EMSDK && join(EMSDK, 'upstream', 'emscripten', 'em++'));
  if (!command || !existsSync(command)) return undefined;
  let root = dirname(realpathSync(command));
  if (!readVersion(root)) {
    const config = join(dirname(command), 'em-config');
    if (!existsSync(config)) return undefined;
    root = (await attempt(config, ['EMSCRIPTEN_ROOT'])).stdout.trim();
  }
  const version = readVersion(root);
  return version && isNewEnough(version) ? { root, variables: {} } : undefined;
}

async function privateEmscripten() {
  if (!canUseApt()) throw new Problem(`Emscripten ${oldest.join('.')} or newer is needed (em++ on PATH, or EMSDK set), and there is none.`, emscriptenAdvice());
  const python = await setupPython();
  const compiler = await llvm();
  const folder = await emscripten();
  const variables = { EM_CONFIG: join(folder, 'config.py'), EM_LLVM_ROOT: compiler, EMSDK_PYTHON: python };
  return { root: join(folder, share), variables };
}

/** The folder of clang, wasm-ld and the llvm-* programs. */
async function llvm() {
  const system = '/usr/lib/llvm-19/bin';
  const needed = ['clang', 'wasm-ld', 'llvm-ar', 'llvm-nm', 'llvm-objcopy'];
  if (needed.every((program) => existsSync(join(system, program)))) return system;
  // clang looks for its own headers beside itself, so these come along where the system has them, too.
  const recipe = { revision: 1, packages: ['clang-19', 'libclang-common-19-dev', 'lld-19', 'llvm-19'] };
  const folder = await part('llvm', 'the LLVM 19 compiler (about 70 MB)', recipe, async (folder) => {
    const files = await unpackPackages({ suite: 'bookworm', packages: recipe.packages, withDependencies: true, folder });
    for (const program of readdirSync(join(folder, 'usr/lib/llvm-19/bin'))) {
      writeScript(join(folder, 'bin', program), [
        'base=${0%/*}/..',
        withLibraries('$base', 'usr/lib/llvm-19/lib'),
        'exec "$base/usr/lib/llvm-19/bin/${0##*/}" "$@"',
      ]);
    }
    return files;
  });
  return join(folder, 'bin');
}

function emscripten() {
  const recipe = {
    revision: 2,
    packages: ['emscripten', 'binaryen', 'libc6', 'libstdc++6', 'libgcc-s1'],
    // Three quarters of its 1.7 GB are libraries for link-time optimisation and
    // for position-independent code, which this project does not use.
    exclude: [
      ...['lto', 'pic', 'lto-pic', 'thinlto', 'thinlto-pic'].map((kind) => `./${share}/cache/sysroot/lib/wasm32-emscripten/${kind}`),
      ...['test', 'docs', 'media', 'out'].map((folder) => `./${share}/${folder}`),
    ],
  };
  return part('emscripten', 'Emscripten 3.1.69 (about 250 MB)', recipe, async (folder) => {
    const files = await unpackPackages({ suite: 'trixie', ...recipe, folder });
    const version = readVersion(join(folder, share));
    if (!isNewEnough(version)) throw new Problem(`This mirror's Emscripten is ${version}; ${oldest.join('.')} or newer is needed.`, emscriptenAdvice());
    // Debian 13's programs need its newer libc, so its own loader starts them.
    for (const program of readdirSync(join(folder, 'usr/bin')).filter((name) => name.startsWith('wasm'))) {
      writeScript(join(folder, 'bin', program), [
        'base=${0%/*}/..',
        'lib=$base/usr/lib/x86_64-linux-gnu',
        'exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$base/usr/bin/${0##*/}" "$@"',
      ]);
    }
    writeFileSync(join(folder, 'config.py'), configuration);
    // Its .js files are CommonJS, whatever the project's own package.json says.
    writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
    return files;
  });
}

// EM_LLVM_ROOT and EM_NODE_JS give the rest. The packaged system libraries are
// complete, so the cache is frozen and never written.
const configuration = `import os
here = os.path.dirname(os.environ['EM_CONFIG'])
BINARYEN_ROOT = here
CACHE = os.path.join(here, '${share}', 'cache')
FROZEN_CACHE = True
`;
