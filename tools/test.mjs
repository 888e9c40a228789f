#!/usr/bin/env node
// `npm test`: every place in which the project is tested, one after another.
//   node tools/test.mjs [native] [wasm] [node] [browser]    only these
// It fails if a test fails or is skipped, or if a place runs none.

import { availableParallelism } from 'node:os';
import { buildModule, buildPage, buildPreset } from './build.mjs';
import { main, Problem, say, seconds } from './lib/console.mjs';
import { fromRoot } from './lib/paths.mjs';
import { requireBuildTools, setupBrowsers, setupEnvironment, setupNodeModules } from './setup.mjs';
import { added, runDoctest, runNodeTests, runSideBySide, runUnderEverySet } from './testing/runners.mjs';
import { relaxedSimdFlags } from './toolchain/emscripten.mjs';

const testProgram = (preset, name) => fromRoot('build', preset, 'tests', 'native', name);

/** Every set of instructions; but a race is one under any of them. */
const native = (preset) => ({
  stage: 'native',
  place: `native, ${preset.replace('native-', '')}`,
  build: () => buildPreset(preset),
  run: () => (preset === 'tsan' ? runDoctest : runUnderEverySet)(testProgram(preset, 'attn_tests')),
});

/** Each of the four takes one core most of the time. */
const wasm = {
  stage: 'wasm',
  place: 'WebAssembly in Node',
  build: () => buildPreset('wasm'),
  run: () => runSideBySide(['simd', 'relaxed'].flatMap((simd) => ['single', 'multi'].map((threading) => ({
    name: `${simd} ${threading}`,
    command: process.execPath,
    args: [...(simd === 'relaxed' ? relaxedSimdFlags : []), testProgram('wasm', `attn_tests_${simd}_${threading}.js`)],
  })))),
};

const places = [
  native('native-release'), native('asan'), native('tsan'), wasm,
  {
    stage: 'node',
    place: 'npm module in Node',
    build: buildModule,
    run: () => runNodeTests('tests/node', { concurrency: availableParallelism() }),
  },
  {
    stage: 'browser',
    place: 'module and page in browsers',
    build: buildPage,
    run: async () => {
      const { chromium, firefox } = await setupBrowsers();
      // One file at a time: tests that time out because others starve them are no use.
      return runNodeTests('tests/browser', { concurrency: 1, env: { CHROMIUM: chromium, FIREFOX: firefox } });
    },
  },
];

async function setup(stages) {
  requireBuildTools({ compiler: stages.has('native') });
  await setupNodeModules();
  await setupEnvironment({ wasm: stages.size > 1 || !stages.has('native') });
  if (stages.has('browser')) await setupBrowsers();
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

async function test({ place, built, run }) {
  await built.catch(() => {});
  const begin = performance.now();
  say(`\n── ${place} ──`);
  const result = await built.then(run).catch((error) => {
    say(error instanceof Problem ? error.message : error.stack);
    return { passed: 0, failed: 1, skipped: 0 };
  });
  return { place, ...result, time: seconds(begin) };
}

function report(results) {
  const width = Math.max(...results.map(({ place }) => place.length));
  const count = ({ passed, failed, skipped }) => {
    if (passed + failed + skipped === 0) return 'none ran';
    return [`${passed}`, failed && `${failed} failed`, skipped && `${skipped} skipped`].filter(Boolean).join(', ');
  };
  say(`\n${'place'.padEnd(width)} | tests | time`);
  for (const result of results) say(`${result.place.padEnd(width)} | ${count(result).padStart(5)} | ${result.time}`);
  const empty = results.filter((result) => result.passed === 0 && result.failed === 0).length;
  const { passed, failed: found, skipped } = added(results);
  const failed = found + empty;
  say(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 && skipped === 0;
}

await main(import.meta, async () => {
  const known = new Set(places.map(({ stage }) => stage));
  const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const unknown = named.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Problem(`Unknown: ${unknown.join(', ')}. There are: ${[...known].join(', ')}.`);
  const stages = new Set(named.length > 0 ? named : known);
  await setup(stages);
  const results = [];
  for (const place of buildAhead(places.filter(({ stage }) => stages.has(stage)))) results.push(await test(place));
  if (!report(results)) process.exitCode = 1;
});
