// Runs one test program and counts: { passed, failed, skipped }. A program that
// dies without its summary counts as one failure.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { say } from '../lib/console.mjs';
import { fromRoot, root } from '../lib/paths.mjs';
import { attempt, which } from '../lib/run.mjs';

const tooLong = 10 * 60 * 1000;

// The tests ask for more memory than there is and expect the core to survive it;
// left to itself a sanitizer would end the program at such a request.
const sanitizers = Object.fromEntries(['ASAN_OPTIONS', 'TSAN_OPTIONS'].map((name) =>
  [name, ['allocator_may_return_null=1', process.env[name]].filter(Boolean).join(':')]));

/** A doctest program, native or under Node. */
export async function runDoctest(command, args = []) {
  const missing = [command, ...args].filter((path) => path.startsWith(root) && !existsSync(path));
  if (missing.length > 0) return died(`${missing.join()} was not built`);
  const options = { cwd: root, env: { ...process.env, ...sanitizers }, echo: true, timeout: tooLong };
  let result = await attempt(command, [...args, '--no-colors=true'], options);
  if (/FATAL: ThreadSanitizer: unexpected memory mapping/.test(result.output) && which('setarch')) {
    say('  this kernel scatters addresses too widely for ThreadSanitizer: once more without');
    result = await attempt('setarch', ['-R', command, ...args, '--no-colors=true'], options);
  }
  const summary = /test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped/.exec(result.output);
  if (!summary) return died(howItEnded(result));
  const [passed, failed, skipped] = summary.slice(1).map(Number);
  // A sanitizer may fail a program whose own tests all passed.
  return { passed, failed: result.code !== 0 && failed === 0 ? 1 : failed, skipped };
}

/** A native doctest program under each instruction set that this processor has, one after another; counts are added up. */
export async function runUnderEverySet(program) {
  if (!existsSync(program)) return died(`${program} was not built`);
  const { stdout } = await attempt(program, ['--instruction-sets']);
  const results = [];
  for (const set of stdout.trim().split('\n')) {
    say(`  ${set}`);
    results.push(await runDoctest(program, [`--instruction-set=${set}`]));
  }
  return added(results);
}

/** Doctest programs at the same time; what each says of itself may mix, but for its last line. */
export async function runSideBySide(programs) {
  return added(await Promise.all(programs.map(async ({ name, command, args }) => {
    const result = await runDoctest(command, args);
    say(`  ${name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
    return result;
  })));
}

/** What several runs come to. */
export const added = (results) => Object.fromEntries(['passed', 'failed', 'skipped'].map((kind) =>
  [kind, results.reduce((sum, result) => sum + result[kind], 0)]));

/** Every *.test.mjs of a folder, by Node's own test runner. */
export async function runNodeTests(folder, { concurrency, env = {} }) {
  const tests = existsSync(fromRoot(folder))
    ? readdirSync(fromRoot(folder)).filter((file) => file.endsWith('.test.mjs')).map((file) => join(folder, file)) : [];
  if (tests.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const tap = fromRoot('build', `${folder.replace('/', '-')}.tap`);
  mkdirSync(fromRoot('build'), { recursive: true });
  rmSync(tap, { force: true });
  const result = await attempt(process.execPath, [
    '--test', `--test-concurrency=${concurrency}`,
    '--test-reporter=spec', '--test-reporter-destination=stdout',
    '--test-reporter=tap', `--test-reporter-destination=${tap}`,
    ...tests,
  ], { cwd: root, env: { ...process.env, ...env }, echo: true, timeout: tooLong });
  const summary = existsSync(tap) ? readFileSync(tap, 'utf8') : '';
  const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(summary)?.[1] ?? Number.NaN);
  if (Number.isNaN(count('tests'))) return died(howItEnded(result));
  return { passed: count('pass'), failed: count('fail') + count('cancelled'), skipped: count('skipped') + count('todo') };
}

const howItEnded = ({ code, signal }) => `ended without a summary (${signal ?? `status ${code}`})`;

function died(why) {
  say(`  ${why}`);
  return { passed: 0, failed: 1, skipped: 0 };
}
