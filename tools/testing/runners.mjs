// Runs one test program and counts: { passed, failed, skipped }. A program that
// dies without its summary counts as one failure.

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { say } from '../lib/console.mjs';
import { fromRoot, root } from '../lib/paths.mjs';
import { attempt, which } from '../lib/run.mjs';
import { onceOnly } from './choice.mjs';

// A hang is ended, and nothing else: a machine may be ten times as slow as the one on which this was written, where
// a test case takes seconds and a file of the browsers' a minute and a half.
const minutes = 60 * 1000;
const tooLongForCase = 10 * minutes;
const tooLongForFile = 20 * minutes;

// The tests ask for more memory than there is and expect the core to survive it;
// left to itself a sanitizer would end the program at such a request.
const sanitizers = Object.fromEntries(['ASAN_OPTIONS', 'TSAN_OPTIONS'].map((name) =>
  [name, ['allocator_may_return_null=1', process.env[name]].filter(Boolean).join(':')]));

/** A doctest program, native or under Node; `filters` are doctest's own. */
export async function runDoctest(command, args = [], filters = []) {
  const missing = [command, ...args].filter((path) => path.startsWith(root) && !existsSync(path));
  if (missing.length > 0) return died(`${missing.join()} was not built`);
  const all = [...args, ...filters, '--no-colors=true', '--no-skip=true', '--name-cases'];
  let result = await attemptDoctest(command, all);
  if (/FATAL: ThreadSanitizer: unexpected memory mapping/.test(result.output) && which('setarch')) {
    say('  this kernel scatters addresses too widely for ThreadSanitizer: once more without');
    result = await attemptDoctest('setarch', ['-R', command, ...all]);
  }
  if (result.silent) return died(`“${result.current}” did not end within ${tooLongForCase / minutes} minutes`);
  const summary = /test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed/.exec(result.output);
  if (!summary) return died(howItEnded(result));
  const [passed, failed] = summary.slice(1).map(Number);
  // A sanitizer may fail a program whose own tests all passed.
  return { passed, failed: result.code !== 0 && failed === 0 ? 1 : failed, skipped: 0 };
}

/** Shows what the program says, but for the names of the cases as they begin; `current` is the last. */
async function attemptDoctest(command, args) {
  let current;
  let rest = '';
  const onOutput = (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('▸ ')) current = line.slice(2);
      else say(line);
    }
  };
  const result = await attempt(command, args, {
    cwd: root, env: { ...process.env, ...sanitizers }, silence: tooLongForCase, echo: 'errors', onOutput,
  });
  return { ...result, current };
}

/** A native doctest program under instruction sets, one after another: all that this processor has, or the best alone. */
export async function runUnderSets(program, filters, { bestAlone = false } = {}) {
  if (!existsSync(program)) return died(`${program} was not built`);
  const { stdout } = await attempt(program, ['--instruction-sets']);
  const [best, ...others] = stdout.trim().split('\n');
  const results = [];
  for (const set of bestAlone ? [best] : [best, ...others]) {
    say(`  ${set}`);
    results.push(await runDoctest(program, [`--instruction-set=${set}`], set === best ? filters : [...filters, ...onceOnly]));
  }
  return added(results);
}

/** Doctest programs at the same time; each of what a program says is a line of its own, and its last names it. */
export async function runSideBySide(programs) {
  return added(await Promise.all(programs.map(async ({ name, command, args, filters }) => {
    const result = await runDoctest(command, args, filters);
    say(`  ${name}: ${result.passed} passed, ${result.failed} failed`);
    return result;
  })));
}

/** What several runs come to. */
export const added = (results) => Object.fromEntries(['passed', 'failed', 'skipped'].map((kind) =>
  [kind, results.reduce((sum, result) => sum + result[kind], 0)]));

/** Files by Node's own test runner; `pattern` runs the tests of that name alone. */
export async function runNodeTests(place, files, { concurrency, pattern, env = {} }) {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const tap = fromRoot('build', `tests-${place}.tap`);
  mkdirSync(fromRoot('build'), { recursive: true });
  rmSync(tap, { force: true });
  const result = await attempt(process.execPath, [
    '--test', `--test-concurrency=${concurrency}`, `--test-timeout=${tooLongForFile}`,
    ...(pattern ? [`--test-name-pattern=${pattern}`] : []),
    '--test-reporter=spec', '--test-reporter-destination=stdout',
    '--test-reporter=tap', `--test-reporter-destination=${tap}`,
    ...files,
  ], { cwd: root, env: { ...process.env, ...env }, echo: true, silence: tooLongForFile + 5 * minutes });
  const summary = existsSync(tap) ? readFileSync(tap, 'utf8') : '';
  const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(summary)?.[1] ?? Number.NaN);
  if (Number.isNaN(count('tests'))) return died(`${howItEnded(result)}; at work were some of ${files.map((file) => basename(file)).join(', ')}`);
  // Node 20 calls tests of other names skipped.
  const otherNames = pattern ? summary.split('# SKIP test name does not match pattern').length - 1 : 0;
  return { passed: count('pass'), failed: count('fail') + count('cancelled'), skipped: count('skipped') + count('todo') - otherNames };
}

const howItEnded = ({ code, signal }) => `ended without a summary (${signal ?? `status ${code}`})`;

function died(why) {
  say(`  ${why}`);
  return { passed: 0, failed: 1, skipped: 0 };
}
