// Every binary of the npm module under the strict policy, in a page and in a worker, without a bundler: attention, a
// checkpoint's logits, and steps of training.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { close, launch, settings, site } from './support/harness.mjs';

const json = async (name) => JSON.parse(await readFile(new URL(`../../${name}`, import.meta.url), 'utf8'));
const { inputs, computed } = (await json('web/documents/examples.json')).A1;
/** The model of gpt.safetensors: its logits by PyTorch, and what it is trained on. */
const golden = (await json('tests/golden/models.json')).find(({ layer }) => layer === 'gpt');
const rows = ({ shape: [count, size], values }) => Array.from({ length: count }, (_, i) => values.slice(i * size, (i + 1) * size));
const batch = { tokens: rows(golden.inputs.tokens), targets: rows(golden.inputs.targets) };
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
          const result = await page.evaluate((where, options, data) => globalThis[where](options, data), place, variant, { ...inputs, batch });
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
          // To 1e-5 of the largest, as in every other place.
          const { values } = golden.outputs.logits;
          const largest = Math.max(...values.map(Math.abs));
          result.logits.flat(2).forEach((logit, i) => assert.ok(Math.abs(logit - values[i]) <= 1e-5 * largest, `logit ${i}: ${logit} is not ${values[i]}`));
          assert.ok(Math.abs(result.losses[0] - golden.outputs.loss.values[0]) <= 1e-5 * largest, `loss ${result.losses[0]}`);
          assert.ok(result.losses.at(-1) < result.losses[0] / 2, `it learns: ${result.losses}`);
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
