// The document examples on the page: every number that the oracle computed is there, and edits recompute.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { cell, choose, close, eventually, launch, matrix, open, paste, pairs, site, text, type, walk } from './support/harness.mjs';
import { attend } from '../reference.mjs';

const examples = JSON.parse(await readFile(new URL('../../web/documents/examples.json', import.meta.url), 'utf8'));
/** Of each section its worked examples, then its experiments, which experiments.test.mjs runs. */
const rows = 'A6 A1 A2 A3 A4 A5 A7 B1 B2 B3 C1 C2 C3 C4 C5 C6 C7 C8 D1 D2 E1 E2 E3 E4 E5 E6 E7'.split(' ');
const ids = rows.filter((id) => !/A7|C7|C8|D2|E[567]/.test(id));
/** Sums whose addends are not in the examples: nothing on the page could compute them. */
const uncomputable = ['C3.claimed_column_actually_sums_to', 'C4.claimed_column_actually_sums_to'];

const leaves = (value, path = '') => (typeof value !== 'object' || Array.isArray(value) ? [[path, value]]
  : Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key)));

/** By example and oracle path: the numbers of its tables, or undefined for a refusal. */
const shown = (page) => page.$$eval('article [data-oracle]', (elements) => elements.map((element) => ({
  id: element.closest('article').id.slice('doc-'.length),
  path: element.dataset.oracle,
  figure: [...document.querySelectorAll('figure')].indexOf(element.closest('figure')),
  numbers: element.matches('table') ? [...element.querySelectorAll('[data-value]')].map((td) => Number(td.dataset.value)) : undefined,
  refusal: element.querySelector('[data-code]')?.dataset.code,
})));

/** The first row's second weight of A1, as it is written. */
const secondWeight = (page) => page.$eval('#doc-A1 table[data-oracle="scaled_dot.weights"] td[data-column="1"]', (td) => td.textContent);

for (const { browser: browserName, isolated, name } of pairs) {
  describe(`documents, ${name}`, { timeout: 300_000 }, () => {
    let browser, home, view, far;
    before(async () => {
      browser = await launch(browserName);
      home = await site(isolated);
      view = await open(browser, home, '#view=documents&lang=en');
      far = await view.page.$$eval('article', (all) => all.map(({ dataset, textContent }) => ({ state: dataset.state, length: textContent.length })));
      await walk(view.page);
    });
    after(async () => {
      await browser?.close();
      await home?.close();
    });

    test('every example is there, computed', async () => {
      assert.deepEqual(await view.page.$$eval('article', (all) => all.map((article) => `${article.id} ${article.dataset.state}`)),
        rows.map((id) => `doc-${id} ready`));
    });

    test('what is out of sight keeps its sentences and is not drawn yet', () => {
      assert.ok(far.filter(({ state }) => state === 'far').length > 15, JSON.stringify(far));
      assert.ok(far.every(({ length }) => length > 150), 'title and sentences');
    });

    test('paper shows all that the window has not come near to', async () => {
      const { page } = await open(browser, home, '#view=documents&lang=en');
      await page.evaluate(() => new Promise((resolve) => { setTimeout(resolve, 4000); }));
      await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
      assert.equal(await page.$$eval('article:has(table[data-tex])', (all) => all.length), ids.length);
      await page.close();
    });

    test('A1 shows 0.401 among its weights, and 0.401112 and 1.604448 where six decimals are asked for', async () => {
      assert.equal(await secondWeight(view.page), '0.401');
      await choose(view.page, '6');
      await eventually(() => assert.match(view.page.url(), /decimals=6/));
      const content = await text(view.page, '#doc-A1');
      assert.match(content, /0\.401112/);
      assert.match(content, /1\.604448/);
    });

    test('every number of the oracle is shown, and agrees to 1e-6', async () => {
      const found = await shown(view.page);
      for (const [id, { computed }] of Object.entries(examples)) {
        for (const [path, value] of leaves(computed)) {
          if (uncomputable.includes(`${id}.${path}`)) continue;
          const here = found.filter((entry) => entry.id === id && entry.path === path);
          assert.ok(here.length > 0, `${id}.${path} is not shown`);
          if (typeof value === 'string') assert.ok(here.every((entry) => entry.refusal), `${id}.${path} is no refusal`);
          else {
            // A value of three dimensions is several tables of one figure.
            for (const figure of new Set(here.map((entry) => entry.figure))) {
              close(here.filter((entry) => entry.figure === figure).flatMap((entry) => entry.numbers), value, `${id}.${path}`);
            }
          }
        }
      }
      assert.equal(await view.page.$$eval('.badge.bad', (all) => all.length), 0, 'the page itself sees a difference');
    });

    test('A5 shows the shape error with both shapes, and a corrected variant', async () => {
      const refusal = await text(view.page, '#doc-A5 [data-code="SHAPE"]');
      assert.match(refusal, /\[3,1\]/);
      assert.match(refusal, /\[3,5\]/);
      assert.ok((await view.page.$$('#doc-A5 table[data-tex]')).length > 0);
    });

    test('claimed cells that differ are marked in words too', async () => {
      assert.match(await text(view.page, '#doc-A1'), /shape 3 × 2 instead of 3 × 3/);
      assert.ok((await view.page.$$('#doc-C2 td.differs')).length > 0);
    });

    test('an edited input recomputes its example alone, and can be undone and reset', async () => {
      const { page } = view;
      const { q, k, v } = examples.A1.inputs;
      const weights = '#doc-A1 table[data-oracle="scaled_dot.weights"]';
      const others = await matrix(page, '#doc-A3 table[data-oracle="cosine.weights"]');
      await type(page, cell('#doc-A1 table[aria-label="A1 q"]', 0, 0), '-2.5');
      const edited = attend([[-2.5, q[0][1]], ...q.slice(1)], k, v);
      await eventually(async () => close(await matrix(page, weights), edited.weights, 'edited weights'));
      close(await matrix(page, '#doc-A3 table[data-oracle="cosine.weights"]'), others, 'the other example');
      assert.equal(await page.$('#doc-A1 .badge'), null, 'the oracle does not speak of edited inputs');
      await page.keyboard.down('Control');
      await page.keyboard.press('z');
      await page.keyboard.up('Control');
      await eventually(async () => close(await matrix(page, weights), examples.A1.computed.scaled_dot.weights, 'undone'));
      await type(page, cell('#doc-A1 table[aria-label="A1 q"]', 1, 1), '7');
      await page.waitForSelector('#doc-A1 .inputs button');
      await page.click('#doc-A1 .inputs button');
      await eventually(async () => close(await matrix(page, weights), examples.A1.computed.scaled_dot.weights, 'reset'));
      await eventually(async () => assert.ok(await page.$('#doc-A1 .badge')));
    });

    test('a text in a cell is marked and explained, and the last result stays, dimmed', async () => {
      const { page } = view;
      const field = cell('#doc-A1 table[aria-label="A1 k"]', 2, 0);
      for (const wrong of ['NaN', ' ', '∞', 'abc']) {
        await type(page, field, wrong);
        assert.equal(await page.$eval(field, (input) => input.getAttribute('aria-invalid')), 'true', wrong);
        assert.equal(await page.$eval(field, (input) => input.value), wrong, 'what was typed stays');
      }
      assert.match(await text(page, '#doc-A1 ul.complaint'), /row 3, column 1: “abc” is not a finite number/);
      assert.ok(await page.$('#doc-A1 .stale'));
      close(await matrix(page, '#doc-A1 table[data-oracle="scaled_dot.weights"]'), examples.A1.computed.scaled_dot.weights, 'last result');
      await page.keyboard.press('Escape');
      await eventually(async () => assert.equal(await page.$('#doc-A1 .stale'), null));
    });

    test('cells pasted from a spreadsheet replace the matrix; a wrong shape is refused by the core', async () => {
      const { page } = view;
      const field = cell('#doc-A4 table[aria-label="A4 q"]', 0, 0);
      await paste(page, field, '2\n\u22121\n0.5');
      const { k, v } = examples.A4.inputs;
      const expected = attend([[2], [-1], [0.5]], k, v);
      await eventually(async () => close(await matrix(page, '#doc-A4 table[data-oracle="weights"]'), expected.weights, 'pasted'));
      await paste(page, field, '1\t2\n3\tx');
      assert.match(await text(page, '#doc-A4 ul.complaint'), /row 2, column 2: “x” is not a number; nothing was changed/);
      await paste(page, field, '[[1, 2], [3, 4]]');
      await page.waitForSelector('#doc-A4[data-state="error"] > .now [data-code="SHAPE"]');
      assert.ok(await page.$('#doc-A4 .stale'), 'the last result stays, dimmed');
    });

    test('a column pasted into a vector becomes its row; a paste too large for the page is refused with a sentence', async () => {
      const { page } = view;
      const field = cell('#doc-D1 table[aria-label="D1 x"]', 0, 0);
      await paste(page, field, '4\n5\n6');
      await eventually(async () => assert.deepEqual(await page.$$eval('#doc-D1 table[aria-label="D1 x"] input', (all) => all.map((input) => input.value)), ['4', '5', '6']));
      await paste(page, cell('#doc-A1 table[aria-label="A1 q"]', 0, 0), '1\n'.repeat(33));
      assert.match(await text(page, '#doc-A1 ul.complaint'), /33 rows.*32 of each are the most/);
      assert.equal((await page.$$('#doc-A1 table[aria-label="A1 q"] input')).length, 6, 'nothing was changed');
    });

    test('a matrix is copied as others write it, what is printed as well as what is computed', async () => {
      const { page, verify } = await open(browser, home, '#doc-A1&lang=en');
      await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (words) => { globalThis.copied = words; } } }));
      await walk(page, ['A1']);
      const copy = (table, way) => page.evaluate(async (selector, named) => {
        globalThis.copied = undefined;
        document.querySelector(selector).closest('.part').querySelector('[aria-haspopup="menu"]').click();
        await new Promise((resolve) => { setTimeout(resolve, 50); });
        document.querySelector(`[role="menu"] [data-pick="${named}"]`).click();
        await new Promise((resolve) => { setTimeout(resolve, 50); });
        return globalThis.copied;
      }, table, way);
      const computed = await matrix(page, '#doc-A1 table[data-oracle="scaled_dot.weights"]');
      assert.deepEqual(JSON.parse(await copy('#doc-A1 table[data-oracle="scaled_dot.weights"]', 'JSON')).map((row) => row.map(Math.fround)), computed.map((row) => row.map(Math.fround)));
      assert.match(await copy('#doc-A1 table[data-oracle="scaled_dot.weights"]', 'NumPy'), /^np\.array\(\[\[0\.19/);
      assert.match(await copy('#doc-A1 .tag.printed + .parts table', 'CSV'), /^0\.5,0\.5/);
      await verify();
    });

    test('nothing was complained about, one glue and one binary were loaded, no request left the origin', async () => {
      await view.verify();
      const loaded = (pattern) => new Set(home.requests.filter((url) => pattern.test(url)));
      assert.equal(loaded(/\.wasm$/).size, 1, [...loaded(/\.wasm$/)].join());
      assert.equal(loaded(/web-(single|multi)[^/]*\.js$/).size, 1);
      assert.match([...loaded(/\.wasm$/)][0], isolated ? /multi/ : /single/);
    });
  });

  test(`the bare address #doc-A5 opens the example and scrolls to it, ${name}`, async () => {
    const browser = await launch(browserName);
    const home = await site(isolated);
    try {
      const { page, verify } = await open(browser, home, '#doc-A5');
      await eventually(async () => {
        const top = await page.$eval('#doc-A5', (article) => article.getBoundingClientRect().top);
        assert.ok(top >= 0 && top < 300, `its top is at ${top}`);
      });
      assert.equal(new URL(page.url()).hash, '#doc-A5');
      // An edit elsewhere stays where it is.
      await walk(page, ['E1']);
      const elsewhere = cell('#doc-E1 table[aria-label="E1 x"]', 0, 0);
      await page.$eval(elsewhere, (input) => input.scrollIntoView({ block: 'center', behavior: 'instant' }));
      await type(page, elsewhere, '5');
      await eventually(async () => assert.equal(await page.$('#doc-E1 .badge'), null));
      assert.ok(await page.$eval(elsewhere, (input) => document.activeElement === input), 'the focus is where the edit is');
      const place = await page.$eval(elsewhere, (input) => input.getBoundingClientRect().top);
      assert.ok(place > 0 && place < 900, `the edited field is at ${place}`);
      await verify();
    } finally {
      await browser.close();
      await home.close();
    }
  });
}
