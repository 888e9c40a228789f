// The environment in which CMake runs: where it finds the headers and em++.

import { delimiter, join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { toolchain } from '../lib/paths.mjs';
import { which } from '../lib/run.mjs';
import { setupBenchmark } from './benchmark.mjs';
import { setupEmscripten } from './emscripten.mjs';
import { setupHeaders } from './headers.mjs';

const variables = ['PATH', 'CMAKE_PREFIX_PATH', 'EMSCRIPTEN_ROOT', 'EM_CONFIG', 'EM_LLVM_ROOT', 'EM_NODE_JS', 'EMSDK_PYTHON'];

/** For native builds; with `wasm` also for Emscripten's, with `benchmark` also for the benchmarks. Gets what is missing. */
export async function setupEnvironment({ wasm = false, benchmark = false } = {}) {
  const headers = await setupHeaders();
  const prefixes = [headers, benchmark && await setupBenchmark(), process.env.CMAKE_PREFIX_PATH].filter(Boolean);
  const found = prefixes.length > 0 ? { CMAKE_PREFIX_PATH: prefixes.join(delimiter) } : {};
  if (!wasm) return { ...process.env, ...found, ...compilerCache() };
  const { env, root, version } = await setupEmscripten();
  return { ...env, ...found, ...compilerCache(), EMSCRIPTEN_ROOT: root, EMSCRIPTEN_VERSION: version };
}

/** ccache, where there is one; it is told that a precompiled header's macros and dates are not its affair. */
function compilerCache() {
  if (process.env.CMAKE_CXX_COMPILER_LAUNCHER || !which('ccache')) return {};
  return { CMAKE_CXX_COMPILER_LAUNCHER: 'ccache', CCACHE_SLOPPINESS: process.env.CCACHE_SLOPPINESS ?? 'pch_defines,time_macros' };
}

/** Writes what to source in order to run cmake and em++ by hand. */
export function writeEnvironmentScript(env) {
  const file = join(toolchain, 'env.sh');
  const changed = variables.filter((name) => env[name] && env[name] !== process.env[name]);
  const quoted = (name) => `'${env[name].replace(process.env[name] ?? '\0', `'"$${name}"'`)}'`;
  writeFileSync(file, changed.map((name) => `export ${name}=${quoted(name)}\n`).join(''));
  return file;
}
