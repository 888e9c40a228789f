// The lab as a picture: on one screen, with signs, in colour alone where it is large, and saved as it is seen.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserAndSite, cell, close, eventually, keepFiles, matrix, open, pairs, savedFile, text, type } from './support/harness.mjs';
import { attendHeads } from '../reference.mjs';

const wave = (size, phase) => Array.from({ length: size }, (_, r) => Array.from({ length: size }, (__, c) => Math.round(10 * Math.sin(r + 2 * c + phase)) / 10));
const large = { q: wave(32, 0), k: wave(32, 1), v: wave(32, 2) };
const hashOf = (inputs) => Object.entries(inputs).map(([name, rows]) => `&${name}=${rows.map((row) => row.join()).join(';')}`).join('');

for (const { browser: browserName, isolated, name } of pairs) {
  describe(`the lab as a picture, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);
    const lab = (hash = '', size = { width: 1366, height: 768 }) => open(its.browser, its.home, `#view=lab&lang=en${hash}`, size);

    test('the whole equation stands on one screen, in its order and with its signs', async () => {
      const { page, verify } = await lab();
      const seen = await page.evaluate(() => [...document.querySelectorAll('[data-input], [data-step], .sign')].map((element) => {
        const { left, bottom } = element.getBoundingClientRect();
        return { what: element.dataset.input ?? element.dataset.step ?? element.textContent, left, bottom };
      }));
      assert.deepEqual(seen.map(({ what }) => what), ['q', '×', 'k', '=', 'scores', '÷ √d', 'scaled', 'softmax →', 'weights', '×', 'v', '=', 'output']);
      for (const { what, bottom } of seen) assert.ok(bottom <= 768, `${what} ends at ${bottom}`);
      for (const row of [seen.slice(0, 7), seen.slice(7)]) {
        row.reduce((before, each) => {
          assert.ok(each.left > before.left, `${each.what} stands after ${before.what}`);
          return each;
        });
      }
      await verify();
    });

    test('what is typed shows its effect beside the cell, moves nothing, and one outlier bleaches nothing', async () => {
      const { page, verify } = await lab('&cell=weights.0.0.1');
      const width = () => page.$eval(cell('[data-input="q"]', 0, 0), (input) => input.closest('td').getBoundingClientRect().width);
      const colour = (row, column) => page.$eval(cell('[data-input="q"]', row, column), (input) => getComputedStyle(input.closest('td')).backgroundColor);
      const before = { width: await width(), one: await colour(2, 0), zero: await colour(0, 1) };
      const was = (await matrix(page, '[data-step="weights"]'))[0][1];
      await type(page, cell('[data-input="q"]', 0, 0), '-1000.0625');
      await eventually(async () => {
        const is = (await matrix(page, '[data-step="weights"]'))[0][1];
        assert.notEqual(is, was);
        assert.match(await text(page, '.changed'), new RegExp(`A\\[1, 2\\]: 0\\.118 → ${is < 5e-4 && is > 0 ? '' : Number(is.toFixed(3))}`));
      });
      assert.equal(await width(), before.width);
      assert.equal(await colour(2, 0), before.one);
      assert.notEqual(before.one, before.zero);
      await verify();
    });

    test('above twelve it is colour alone: one field edits the chosen cell, the keyboard walks, and numbers are those of the core', async () => {
      const { page: shown, verify } = await lab(hashOf(large));
      assert.equal((await shown.$$('[data-input="q"] input')).length, 1);
      const value = () => shown.$eval('aside [data-value]', (element) => Number(element.dataset.value)).catch(() => undefined);
      let expected = attendHeads(1, large.q, large.k, large.v, {});
      // By keyboard: three to the right, one down, locked.
      await shown.focus('[data-step="weights"] [role="grid"]');
      for (const key of ['ArrowRight', 'Home', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter']) await shown.keyboard.press(key);
      await eventually(() => assert.match(shown.url(), /cell=weights\.0\.1\.3/));
      await eventually(async () => close(await value(), expected.weights[0][1][3], 'the chosen cell'));
      const described = await shown.$eval('[data-step="weights"] [role="gridcell"]', (element) => element.textContent);
      assert.match(described, /Query 2 gives <0\.1% of its attention to key 4/);
      // A click chooses a cell for the field.
      const box = await (await shown.$('[data-input="q"] canvas')).boundingBox();
      await shown.mouse.click(box.x + box.width - 4, box.y + box.height - 4);
      await eventually(async () => assert.equal(await shown.evaluate(() => document.activeElement.dataset.row), '31'));
      await shown.keyboard.type('2.5');
      const q = large.q.map((row, r) => row.map((x, c) => (r === 31 && c === 31 ? 2.5 : x)));
      expected = attendHeads(1, q, large.k, large.v, {});
      await shown.focus('[data-step="weights"] [role="grid"]');
      for (const key of ['ArrowRight', 'End', 'ArrowLeft', 'Enter']) await shown.keyboard.press(key);
      await shown.keyboard.down('Control');
      await shown.keyboard.press('ArrowDown');
      await shown.keyboard.up('Control');
      await shown.keyboard.press('Enter');
      await eventually(async () => close(await value(), expected.weights[0][31][30], 'after the edit'));
      // Nearer, and back.
      await shown.keyboard.press('+');
      await (await shown.waitForSelector('[data-step="weights"] .frame button')).click();
      assert.equal(await shown.$('[data-step="weights"] .frame button'), null);
      await verify();
    });

    test('it is saved as it is seen: picture, vectors, table and data, with title, link and what is chosen', async () => {
      const page = await its.browser.newPage();
      await page.setViewport({ width: 1366, height: 768 });
      await keepFiles(page);
      await page.goto(`${its.home.url}#view=lab&lang=en&heads=2&mask=causal&cell=weights.1.2.1`);
      await page.waitForSelector('[data-step="output"] [data-value]');
      const png = await savedFile(page, 'png');
      assert.equal(png.name, 'attention.png');
      assert.equal(png.bytes.subarray(1, 4).toString(), 'PNG');
      assert.ok(png.bytes.readUInt32BE(16) > 800 && png.bytes.readUInt32BE(20) > 800, 'at twice its size');
      const svg = (await savedFile(page, 'svg')).bytes.toString();
      for (const wanted of ['Attention: every step', 'heads=2', 'Query 3 gives', 'softmax →', 'Head 2']) assert.ok(svg.includes(wanted), wanted);
      assert.equal(await page.evaluate((source) => new DOMParser().parseFromString(source, 'image/svg+xml').querySelector('parsererror'), svg), null);
      const data = JSON.parse((await savedFile(page, 'json')).bytes.toString());
      assert.match(data.link, /heads=2/);
      assert.match(data.selection.text, /Query 3 gives/);
      const weights = data.matrices.filter(({ name: title }) => title.startsWith('A ')).map(({ values }) => values);
      assert.deepEqual(weights, [await matrix(page, '[data-step="weights"][data-head="0"]'), await matrix(page, '[data-step="weights"][data-head="1"]')]);
      assert.equal(data.matrices.find(({ name: title }) => title.startsWith('Ŝ')).values[0][1], '-Infinity');
      const csv = (await savedFile(page, 'csv')).bytes.toString();
      assert.ok(csv.startsWith('\uFEFF'));
      const at = csv.split('\n').findIndex((line) => line.startsWith('O,1,2,3,4'));
      assert.deepEqual(csv.split('\n')[at + 1].split(',').slice(1).map(Number), (await matrix(page, '[data-step="output"]'))[0]);
      await page.close();
    });

    test('on a phone the matrices come first, and the explanation is a sheet that opens', async () => {
      const { page, verify } = await lab('', { width: 360, height: 740 });
      const top = await page.$eval('[data-input="q"] td[role="gridcell"]', (td) => td.getBoundingClientRect().top);
      assert.ok(top < 400, `the first cell stands at ${top}`);
      const visible = () => page.$eval('aside .how', (how) => how.getBoundingClientRect().height > 0);
      assert.equal(await visible(), false);
      await page.click('aside button[aria-expanded]');
      await eventually(async () => assert.equal(await visible(), true));
      await verify();
    });
  });
}
