#!/usr/bin/env node
// `npm test`: every place in which the project is tested, one after another.
//   npm test native wasm node browser    only these
//   npm test quick                       while one works: the native suite as released under the best instruction set, and
//                                        the module in Node; no sanitizers, no other binaries, no packages, no browsers
//   npm test browser -- --only lab       native cases, or test files (or else tests), with that in their name
//   npm test quick -- --watch            again whenever a source changes
// It fails if a test fails or is skipped, or if a place runs none.

import { watch } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { buildModule, buildPage, buildPreset } from './build.mjs';
import { main, Problem, say, seconds } from './lib/console.mjs';
import { fromRoot } from './lib/paths.mjs';
import { requireBuildTools, setupBrowsers, setupEnvironment, setupNodeModules, setupTorch } from './setup.mjs';
import { chosenFiles, nativeFilters, onceOnly } from './testing/choice.mjs';
import { added, runDoctest, runNodeTests, runSideBySide, runUnderSets } from './testing/runners.mjs';
import { relaxedSimdFlags } from './toolchain/emscripten.mjs';

const testProgram = (preset, name) => fromRoot('build', preset, 'tests', 'native', name);

/** Under every set of instructions; but a race is one under any of them, and quick is one. */
const native = (preset, stage = 'native') => ({
  stage,
  place: `native, ${preset.replace('native-', '')}`,
  build: () => buildPreset(preset),
  run: ({ only }) => (preset === 'tsan' ? runDoctest(testProgram(preset, 'attn_tests'), [], nativeFilters(only))
    : runUnderSets(testProgram(preset, 'attn_tests'), nativeFilters(only), { bestAlone: stage === 'quick' })),
});

/** Each of the four takes one core most of the time; what runs once does in the binary that most readers get. */
const wasm = {
  stage: 'wasm',
  place: 'WebAssembly in Node',
  build: () => buildPreset('wasm'),
  run: ({ only }) => runSideBySide(['simd', 'relaxed'].flatMap((simd) => ['single', 'multi'].map((threading) => ({
    name: `${simd} ${threading}`,
    command: process.execPath,
    args: [...(simd === 'relaxed' ? relaxedSimdFlags : []), testProgram('wasm', `attn_tests_${simd}_${threading}.js`)],
    filters: [...nativeFilters(only), ...(simd === 'relaxed' && threading === 'multi' ? [] : onceOnly)],
  })))),
};

/** quick leaves out what packs, installs, loads a hundred cores and runs other programs. */
const slow = /(package|page-code-python|places|types|page-types|end|experiments|training-curve|zoo-pytorch)\.test\.mjs$/;
const node = (stage) => ({
  stage,
  place: 'npm module in Node',
  build: buildModule,
  async run({ only }) {
    const { files, pattern } = chosenFiles('tests/node', only);
    const options = { concurrency: availableParallelism(), pattern };
    return stage === 'quick' ? runNodeTests('node', files.filter((file) => !slow.test(file)), options)
      : runNodeTests('node', files, { ...options, env: { PYTHON: await setupTorch() } });
  },
});

const places = [
  native('native-release'), native('asan'), native('tsan'), wasm, node('node'),
  {
    stage: 'browser',
    place: 'module and page in browsers',
    build: buildPage,
    run: async ({ only }) => {
      const { chromium, firefox } = await setupBrowsers();
      const { files, pattern } = chosenFiles('tests/browser', only);
      return runNodeTests('browser', files, { concurrency: Math.min(4, availableParallelism()), pattern, env: { CHROMIUM: chromium, FIREFOX: firefox } });
    },
  },
  native('native-release', 'quick'), node('quick'),
];

async function setup(stages) {
  requireBuildTools({ compiler: stages.has('native') || stages.has('quick') });
  await setupNodeModules();
  await setupEnvironment({ wasm: stages.size > 1 || !stages.has('native') });
  if (stages.has('browser')) await setupBrowsers();
  if (stages.has('node')) await setupTorch();
}

/**
 * Adds to each place when it is built. Builds go ahead, one after another, while earlier places are tested: a build uses
 * all cores, most tests one.
 */
function buildAhead(chosen) {
  let last = Promise.resolve();
  return chosen.map((place) => {
    const built = last.then(() => place.build());
    last = built.catch(() => {}); // which its own place tells of
    return { ...place, built };
  });
}

async function test({ place, built, run }, options) {
  await built.catch(() => {});
  const begin = performance.now();
  say(`\n── ${place} ──`);
  const result = await built.then(() => run(options)).catch((error) => {
    say(error instanceof Problem ? error.message : error.stack);
    return { passed: 0, failed: 1, skipped: 0 };
  });
  return { place, ...result, time: seconds(begin) };
}

/** `only` may find nothing in one place, but not in all. */
function report(results, only) {
  const width = Math.max(...results.map(({ place }) => place.length));
  const count = ({ passed, failed, skipped }) => {
    if (passed + failed + skipped === 0) return 'none ran';
    return [`${passed}`, failed && `${failed} failed`, skipped && `${skipped} skipped`].filter(Boolean).join(', ');
  };
  say(`\n${'place'.padEnd(width)} | tests | time`);
  for (const result of results) say(`${result.place.padEnd(width)} | ${count(result).padStart(5)} | ${result.time}`);
  const empty = results.filter((result) => result.passed === 0 && result.failed === 0).length;
  const { passed, failed: found, skipped } = added(results);
  const failed = found + (only && passed + found > 0 ? 0 : empty);
  say(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 && skipped === 0;
}

async function testAll(stages, options) {
  const results = [];
  for (const place of buildAhead(places.filter(({ stage }) => stages.has(stage)))) results.push(await test(place, options));
  return report(results, options.only);
}

/** Resolves when a source has changed, and nothing more for a moment. */
function change() {
  return new Promise((resolve) => {
    let calm;
    const watchers = ['core', 'bindings', 'tests', 'tools', 'web', 'examples'].map((folder) =>
      watch(fromRoot(folder), { recursive: true }, (_, file) => {
        if (/node_modules|~$/.test(file ?? '')) return;
        clearTimeout(calm);
        calm = setTimeout(() => {
          for (const watcher of watchers) watcher.close();
          resolve();
        }, 200);
      }));
  });
}

await main(import.meta, async () => {
  const known = new Set(places.map(({ stage }) => stage));
  const { values: options, positionals: named } = parseArgs({
    allowPositionals: true, options: { only: { type: 'string' }, watch: { type: 'boolean' }, verbose: { type: 'boolean' } },
  });
  const unknown = named.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Problem(`Unknown: ${unknown.join(', ')}. There are: ${[...known].join(', ')}.`);
  const stages = new Set(named.length > 0 ? named : [...known].filter((stage) => stage !== 'quick'));
  await setup(stages);
  for (;;) {
    const passed = await testAll(stages, options);
    if (!options.watch) {
      if (!passed) process.exitCode = 1;
      return;
    }
    say('\nWaiting for a change; Ctrl-C ends it.');
    await change();
  }
});
