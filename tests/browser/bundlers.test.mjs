// Apps that Vite and esbuild built with the packed package: it computes on their pages and in their workers.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { builders } from '../node/support/bundles.mjs';
import { close, launch, settings, site } from './support/harness.mjs';

const { computed } = JSON.parse(await readFile(new URL('../../web/documents/examples.json', import.meta.url), 'utf8')).A1;

for (const [bundler, build] of Object.entries(builders)) {
  await build();
  describe(`the app that ${bundler} built`, () => {
    for (const { browser: browserName, isolated, name } of settings) {
      test(`computes on its page and in its worker, ${name}`, async () => {
        const browser = await launch(browserName);
        const home = await site(isolated, `build/fixtures/${bundler}`);
        try {
          const page = await browser.newPage();
          const complaints = [];
          page.on('console', (message) => { if (['error', 'warn'].includes(message.type())) complaints.push(message.text()); });
          page.on('pageerror', (error) => complaints.push(String(error)));
          await page.goto(home.url);
          await page.waitForFunction(() => document.title === 'done');
          const results = JSON.parse(await page.$eval('#result', (element) => element.textContent));
          for (const [place, { info, output, error }] of Object.entries(results)) {
            assert.equal(error, undefined, place);
            close(output, computed.scaled_dot.output, `output of the ${place}`);
            assert.equal(info.isolated, isolated, place);
            const cores = await page.evaluate(() => navigator.hardwareConcurrency);
            assert.equal(info.threads, isolated ? Math.min(cores, 8) : 1, place);
          }
          const loaded = (pattern) => new Set(home.requests.filter((url) => pattern.test(url))).size;
          assert.deepEqual([loaded(/\.wasm$/), loaded(/web-(single|multi)[^/]*\.js$/)], [1, 1], 'one binary, one glue');
          assert.deepEqual(complaints, []);
        } finally {
          await browser.close();
          await home.close();
        }
      });
    }
  });
}
