#!/usr/bin/env node
// Builds what is named, and first what that needs:
//   node tools/build.mjs [native-release|native-debug|asan|tsan|wasm|module|probe|page|bench-native ...] [--verbose]

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { main, Problem } from './lib/console.mjs';
import { fromRoot, root } from './lib/paths.mjs';
import { compile, npmTool, step, tool } from './lib/step.mjs';
import { locked } from './lib/lock.mjs';
import { assembleModule, declareTypes, requireSameBinaries } from './module.mjs';
import { requireBuildTools, setupEnvironment, setupNodeModules } from './setup.mjs';

const core = ['CMakeLists.txt', 'CMakePresets.json', 'core'];
const bindings = [...core, 'bindings'];
const builders = {
  'native-release': () => buildPreset('native-release'),
  'native-debug': () => buildPreset('native-debug'),
  asan: () => buildPreset('asan'),
  tsan: () => buildPreset('tsan'),
  wasm: () => buildPreset('wasm'),
  module: buildModule,
  probe: buildProbe,
  page: buildPage,
  'bench-native': buildBenchmark,
};

/** The core with its tests, by a preset of CMakePresets.json; into build/<preset>. */
export async function buildPreset(preset) {
  const wasm = preset === 'wasm';
  requireBuildTools({ compiler: !wasm });
  if (wasm) await setupNodeModules(); // Emscripten's linker runs acorn
  const env = await setupEnvironment({ wasm });
  await exclusively(() => step(`${preset} tests`, {
    inputs: [...(wasm ? bindings : core), 'examples', 'tests/native'],
    facts: factsOf(env),
    output: `build/${preset}/CMakeCache.txt`,
    work: () => cmake(preset, env, wasm ? 'attn_all_tests' : 'all'),
  }));
}

/** The program that `npm run bench:native` runs; into build/bench-native. */
export async function buildBenchmark() {
  requireBuildTools({ compiler: true });
  const env = await setupEnvironment({ benchmark: true });
  await exclusively(() => step('native benchmarks', {
    inputs: [...core, 'tests/bench/native'],
    facts: factsOf(env),
    output: 'build/bench-native/tests/bench/native/attn_bench',
    work: () => cmake('bench-native', env, 'attn_bench'),
  }));
}

/** The npm module: the core in WebAssembly with its facade; into dist. */
export async function buildModule() {
  await buildModuleFor('web');
  await buildModuleFor('node');
  await exclusively(async () => {
    requireSameBinaries();
    await step('types', { inputs: ['bindings', 'tools/module.mjs', 'package-lock.json'], output: 'dist/web.d.ts', work: declareTypes });
  });
}

/** What of the module one environment needs, and no types. */
export async function buildModuleFor(environment) {
  requireBuildTools();
  await setupNodeModules();
  const env = await setupEnvironment({ wasm: true });
  await exclusively(() => step(`module for ${environment}`, {
    inputs: [...bindings, 'tools/module.mjs', 'package-lock.json'],
    facts: factsOf(env),
    output: `dist/${environment}.js`,
    work: async () => {
      await cmake('wasm', env, `attn_${environment}`);
      await assembleModule(environment);
    },
  }));
}

/** The yardsticks of the benchmarks; into build/wasm/tests/bench. */
export async function buildProbe() {
  requireBuildTools();
  await setupNodeModules();
  const env = await setupEnvironment({ wasm: true });
  await exclusively(() => step('probe', {
    inputs: ['core/src/simd.hpp', 'tests/bench/CMakeLists.txt', 'tests/bench/probe'],
    facts: factsOf(env),
    output: 'build/wasm/tests/bench/probe-relaxed.wasm',
    work: () => cmake('wasm', env, 'attn_bench_probes'),
  }));
}

/** The static page; into build/page. */
export async function buildPage() {
  await buildModuleFor('web');
  await exclusively(() => step('page', {
    inputs: ['web', 'package-lock.json', 'build/.stamps/module for web'],
    output: 'build/page/index.html',
    work: () => npmTool('vite', ['build', 'web', '--config', 'web/vite.config.ts']),
  }));
}

const exclusively = (work) => locked(fromRoot('build', '.lock'), work);

/** What a CMake cache remembers: when it changes, the folder starts afresh. */
const factsOf = (env) => [root, env.CMAKE_PREFIX_PATH, env.EMSCRIPTEN_ROOT, env.EMSCRIPTEN_VERSION, env.CXX, env.CXXFLAGS, env.CMAKE_GENERATOR, env.CMAKE_CXX_COMPILER_LAUNCHER];

async function cmake(preset, env, target = 'all') {
  const folder = fromRoot('build', preset);
  const note = join(folder, '.facts.json');
  const facts = JSON.stringify(factsOf(env));
  if (existsSync(note) && readFileSync(note, 'utf8') !== facts) rmSync(folder, { recursive: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(note, facts);
  await tool('cmake', ['--preset', preset], { env });
  await compile('cmake', ['--build', '--preset', preset, '--parallel', `${availableParallelism()}`, '--target', target], { env });
}

await main(import.meta, async () => {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const unknown = names.filter((name) => !(name in builders));
  if (unknown.length > 0) throw new Problem(`Unknown: ${unknown.join(', ')}. There are: ${Object.keys(builders).join(', ')}.`);
  for (const name of names.length > 0 ? names : ['page']) await builders[name]();
});
