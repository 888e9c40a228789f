// The packed tarball wherever Node runs programs: by import and by require(), on the main thread and in worker threads, in
// vitest.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { install, node, pack, root } from './support/package.mjs';

const folder = await install((await pack()).tarball, 'places');

for (const [how, args] of [
  ['import', ['imported.mjs']],
  ['require()', ['required.cjs']],
  ['require() of a Node that cannot require ES modules, as before 20.19', ['--no-experimental-require-module', 'required.cjs']],
]) {
  test(`${how}: it computes on the main thread and in a worker thread, and ends`, async () => {
    const child = await node(args, { cwd: folder });
    assert.deepEqual([child.code, child.signal, child.stderr], [0, null, '']);
    const results = JSON.parse(child.stdout);
    assert.equal(results.length, 2);
    for (const { softmax: [first, second], ...rest } of results) {
      assert.deepEqual(rest, { threads: 2, tensor: true, code: 'SHAPE' });
      assert.ok(Math.abs(first - 0.2689414213699951) <= 1e-7 && Math.abs(second - 0.7310585786300049) <= 1e-7, `${first}, ${second}`);
    }
  });
}

test('vitest runs tests that import it', async () => {
  const child = await node([join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--root', folder, '--reporter=json'], { cwd: folder });
  assert.deepEqual([child.code, child.signal], [0, null], child.stdout + child.stderr);
  const { numPassedTests, numTotalTests } = JSON.parse(child.stdout);
  assert.deepEqual([numPassedTests, numTotalTests], [2, 2]);
});
