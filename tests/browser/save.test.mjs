// What is seen leaves every view: as vectors with title and link, and as numbers, those that are shown.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserAndSite, keepFiles, matrix, pairs, savedFile } from './support/harness.mjs';

/** Where, what its title says, and which of its matrices is that which a table shows. */
const pictures = [
  { hash: '#lang=en', title: /“drinks” gives \d+% of its attention to “coffee”/ },
  { hash: '#lang=en&word=0', title: /“I” gives \d+% of its attention/, selected: true },
  { hash: '#view=learn&lang=en&step=sum', title: /weighted sum/i, named: 'V', table: '.matrix:nth-of-type(2) table' },
  { hash: '#view=learn&lang=en&step=cost', title: /costs/, named: 'words' },
  { hash: '#doc-A6&lang=en', scope: '#doc-A6', title: /^A6 /, named: 'K', table: '#doc-A6 table[data-tex="K"]' },
  { hash: '#view=lab&lang=en&mode=compare', title: /Compare: Score/, named: 'scaled dot', table: '[data-what="weights"]:nth-of-type(1)' },
  { hash: '#view=lab&lang=en&mode=positions', title: /Positions/ },
  { hash: '#view=lab&lang=en&mode=words', title: /^Children/ },
  { hash: '#view=train&lang=en&train.head=0.1', scope: '.model', title: /^Layer 1 head 2$/ },
];

for (const { browser: browserName, isolated, name } of pairs) {
  describe(`saving, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);

    for (const { hash, title, scope, named, table, selected } of pictures) {
      test(hash, async () => {
        const page = await its.browser.newPage();
        await page.setViewport({ width: 1366, height: 768 });
        await keepFiles(page);
        await page.goto(`${its.home.url}${hash}`);
        await page.waitForFunction((where) => [...document.querySelectorAll(`[data-view]:not([hidden]) ${where} [aria-haspopup="menu"]`)]
          .some((menu) => menu.checkVisibility() && menu.textContent.includes('Save')), { timeout: 20_000, polling: 100 }, scope ?? '');
        const svg = (await savedFile(page, 'svg', scope)).bytes.toString();
        const words = await page.evaluate((source) => {
          const read = new DOMParser().parseFromString(source, 'image/svg+xml');
          return read.querySelector('parsererror') ? [] : [...read.querySelectorAll('text')].map((text) => text.textContent);
        }, svg);
        assert.ok(words.some((word) => title.test(word)), words.join(' | '));
        assert.ok(words.some((word) => word.startsWith(its.home.url)), 'its address');
        const data = JSON.parse((await savedFile(page, 'json', scope)).bytes.toString());
        assert.match(data.title, title);
        if (selected) assert.match(data.selection.text, title);
        assert.ok(data.matrices.length > 0 && data.matrices.every(({ values, rows, columns }) => values.length === rows.length && values.every((row) => row.length === columns.length)));
        if (named) assert.ok(data.matrices.some((each) => each.name === named), data.matrices.map((each) => each.name).join());
        if (table) assert.deepEqual(data.matrices.find((each) => each.name === named).values, await matrix(page, table));
        await page.close();
      });
    }
  });
}
