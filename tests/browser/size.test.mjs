// What a first visit downloads stays within its budget: `npm run size` prints the figures.
import assert from 'node:assert/strict';
import test from 'node:test';
import { budgets, measure } from '../../tools/size.mjs';

test('the first load of the page and the module keep their budgets', { timeout: 120_000 }, async () => {
  const sizes = await measure();
  for (const [what, budget] of Object.entries(budgets)) {
    assert.ok(sizes[what].brotli > 0 && sizes[what].brotli <= budget, `${what}: ${sizes[what].brotli} of ${budget} bytes`);
  }
  const kinds = (files) => files.map(({ path }) => path.replace(/^.*[-/](single|multi)(-.*)?\.(js|wasm)$/, '$3')).sort();
  assert.deepEqual(kinds(sizes.page.files).filter((kind) => ['js', 'wasm'].includes(kind)), ['js', 'wasm'], 'one glue, one binary');
});
