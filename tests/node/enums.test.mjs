// Enums cross to the core as places in lists: every list of bindings/src/enums.ts against the names that the core gives.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { openCore } from './support/open.mjs';

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

test('the facade lists the values of the core’s enums in the core’s order', async () => {
  const source = fileURLToPath(new URL('../../bindings/src/enums.ts', import.meta.url));
  const { outputFiles: [{ text }] } = await build({ entryPoints: [source], format: 'esm', write: false });
  const facade = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  const core = (await openCore()).enums();
  assert.deepEqual({ ...facade }, Object.fromEntries(Object.entries(core).map(([list, names]) => [list, names.map(camel)])));
});
