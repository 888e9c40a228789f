// The page, its recipes and the module's types agree: Vite strips types without looking at them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('svelte-check finds nothing', () => {
  const { status, stdout } = spawnSync(process.execPath,
    ['node_modules/svelte-check/bin/svelte-check', '--tsconfig', 'web/tsconfig.json', '--fail-on-warnings'], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});
