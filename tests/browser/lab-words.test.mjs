// The lab's words against plain double precision: a sentence, its weights as lines and as matrix, where they come from.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pageSource } from '../../tools/lib/page-source.mjs';
import { attend } from '../reference.mjs';
import { browserAndSite, close, eventually, matrix, open, text, turnedPairs, type } from './support/harness.mjs';

const { headOf, wordsOf, charactersOf } = await pageSource(`export * from './src/words/table.js';`);

async function agrees(page, words, { causal = false, temperature = 1 } = {}) {
  const { query, key, bias } = headOf(words, causal);
  const shown = await matrix(page, '[data-mode="words"] [data-what="weights"]');
  close(shown, attend(query, key, key, { mask: { additive: bias }, temperature }).weights, 'weights of the words');
}

for (const { browser: browserName, isolated, name } of turnedPairs) {
  describe(`lab, words, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);
    const lab = (hash = '') => open(its.browser, its.home, `#view=lab&mode=words&lang=en${hash}`);

    test('weights as lines and as matrix, linked; the features that they come from', async () => {
      const { page, verify } = await lab();
      const words = ['Children', 'like', 'sweet', 'apples', 'but', 'never', 'eat', 'old', 'bread'];
      await agrees(page, words);
      assert.match(await text(page, '[data-mode="words"] .summary'), /^“never” gives \d+% of its attention to “eat”\./);
      const related = () => page.$$eval('[data-mode="words"] td.related', (all) => [...new Set(all.map(({ dataset }) => Number(dataset.row)))]);
      assert.deepEqual(await related(), [5]);
      await page.hover('[data-mode="words"] [data-word="2"]');
      await eventually(async () => assert.deepEqual(await related(), [2]));
      assert.equal(await page.$$eval('[data-mode="words"] path.chosen', (all) => all.every(({ dataset }) => dataset.t === '2')), true);
      await page.click('[data-mode="words"] [data-what="weights"] td[data-row="8"][data-column="6"]');
      await page.hover('.brand');
      await eventually(async () => assert.match(await text(page, '[data-mode="words"] .summary'), /^“bread” gives \d+% of its attention to “eat”\./));
      const { query, key } = headOf(words, false);
      const rows = [query[8], key[6], query[8].map((x, i) => x * key[6][i])];
      close(await matrix(page, '[data-mode="words"] [data-what="features"]'), rows, 'what bread seeks, what eat is, their product');
      await eventually(() => assert.match(page.url(), /words\.cell=8,6/));
      await verify();
    });

    test('typed, cut by word or by character, masked, at a temperature; the address; too many and none', async () => {
      const { page, verify } = await lab();
      const sentence = '我喝牛奶，但 she drinks tea';
      await type(page, '#lab-words', sentence);
      await eventually(() => agrees(page, wordsOf(sentence)));
      await page.$eval('[data-mode="words"] input[value="character"]', (input) => input.click());
      await eventually(() => agrees(page, charactersOf(sentence)));
      assert.match(await text(page, '[data-mode="words"]'), /Not in the table: 牛\./);
      await page.$eval('[data-mode="words"] input[value="causal"]', (input) => input.click());
      await type(page, '[data-mode="words"] .field:not(.sentence) input[type="text"]', '0.5');
      const options = { causal: true, temperature: 0.5 };
      await eventually(() => agrees(page, charactersOf(sentence), options));
      await type(page, '[data-mode="words"] .field:not(.sentence) input[type="text"]', '-1');
      await agrees(page, charactersOf(sentence), options);
      await eventually(() => assert.match(page.url(), /words\.by=character&words\.mask=causal&words\.temperature=0\.5/));
      const again = await open(its.browser, its.home, new URL(page.url()).hash);
      await agrees(again.page, charactersOf(sentence), options);
      await again.verify();
      const many = await lab(`&words=${'tea '.repeat(40).trim().replaceAll(' ', '%20')}`);
      assert.equal((await many.page.$$('[data-mode="words"] [data-word]')).length, 32);
      assert.match(await text(many.page, '[data-mode="words"]'), /first 32 tokens/);
      await many.verify();
      const none = await lab('&words=%20');
      assert.match(await text(none.page, '[data-mode="words"]'), /Write a sentence/);
      await none.verify();
      await verify();
    });
  });
}
