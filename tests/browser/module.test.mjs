// Every binary of the npm module under the strict policy, in a page and in a worker, without a bundler.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { close, launch, settings, site } from './support/harness.mjs';

const { inputs, computed } = JSON.parse(await readFile(new URL('../../web/documents/examples.json', import.meta.url), 'utf8')).A1;
const variants = ['fixed', 'relaxed'].flatMap((simd) => [1, 2].map((threads) => ({ simd, threads })));

for (const { browser: browserName, isolated, name } of settings) {
  describe(`module, ${name}`, { timeout: 300_000 }, () => {
    let browser, home, page;
    before(async () => {
      browser = await launch(browserName);
      home = await site(isolated, '');
      page = await browser.newPage();
      await page.goto(`${home.url}tests/browser/fixtures/module.html`);
      await page.waitForFunction(() => 'inWorker' in globalThis);
    });
    after(async () => {
      await browser?.close();
      await home?.close();
    });

    for (const place of ['inPage', 'inWorker']) {
      for (const variant of variants) {
        test(`${variant.simd} SIMD, ${variant.threads} thread${variant.threads > 1 ? 's' : ''}, ${place === 'inPage' ? 'in a page' : 'in a worker'}`, async () => {
          const before = home.requests.length;
          const result = await page.evaluate((where, options, data) => globalThis[where](options, data), place, variant, inputs);
          const possible = (isolated || variant.threads === 1) && (variant.simd === 'fixed' || await hasRelaxedSimd(page));
          if (!possible) {
            // The refusal is the module's own, says why, and comes before anything was loaded.
            assert.deepEqual([result.error?.name, result.error?.code], ['AttnError', 'UNSUPPORTED']);
            assert.match(result.error.message, /relaxed SIMD|cross-origin isolated/);
            assert.deepEqual(home.requests.slice(before).filter((url) => url.endsWith('.wasm')), []);
            return;
          }
          assert.equal(result.error, undefined);
          assert.deepEqual([result.info.simd, result.info.threads, result.info.isolated], [variant.simd, variant.threads, isolated]);
          close(result.weights, computed.scaled_dot.weights, 'weights');
          close(result.output, computed.scaled_dot.output, 'output');
          const binary = `${variant.simd === 'fixed' ? 'simd' : 'relaxed'}-${variant.threads === 1 ? 'single' : 'multi'}.wasm`;
          assert.deepEqual([...new Set(home.requests.slice(before).filter((url) => url.endsWith('.wasm')))], [`/dist/wasm/${binary}`]);
        });
      }
    }
  });
}

/** A module of one instruction, f32x4.relaxed_madd: engines without it do not validate it. */
const hasRelaxedSimd = (page) => page.evaluate(() => WebAssembly.validate(new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11,
])));
