// What people bring to the lab and take from it: a matrix of another size, copies in other programs' words, programs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load } from '../../dist/node.js';
import { browserAndSite, cell, close, eventually, matrix, open, pairs, paste, text, violations } from './support/harness.mjs';

/** The clipboard: of a person's permissions a test has none, so the page's is replaced by one that listens, or refuses. */
const listen = (page) => page.evaluate(() => {
  Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (copied) => { globalThis.copied = copied; } } });
  // What is told goes again after a moment, which a slow machine may miss.
  globalThis.told = [];
  const place = document.querySelector('main + [role="status"]');
  new MutationObserver(() => globalThis.told.push(place.textContent)).observe(place, { characterData: true, childList: true, subtree: true });
});
const refuse = (page) => page.evaluate(() => {
  Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('no')) } });
});
const copied = (page) => page.evaluate(() => globalThis.copied);
const status = (page, scope) => text(page, `${scope} [role="status"]`);

async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
}
async function withControl(page, key) {
  await page.keyboard.down('Control');
  await page.keyboard.press(key);
  await page.keyboard.up('Control');
}

/** Opens a menu and picks from it, as a keyboard does. */
async function pick(page, opener, way) {
  await page.focus(opener);
  await press(page, 'Enter');
  const ways = await page.$$eval('[role="menu"] [role="menuitem"]', (items) => items.map((item) => item.dataset.pick));
  for (let i = 0; i <= ways.indexOf(way); i += 1) await press(page, 'ArrowDown');
  await press(page, 'Enter');
  assert.equal(await page.$('[role="menu"]'), null, 'closed');
  assert.ok(await page.$eval(opener, (button) => button === document.activeElement), 'the focus is where it was');
  return ways;
}

for (const { browser: browserName, isolated, name } of pairs) {
  describe(`lab, copy and paste, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);
    const lab = (hash = '') => open(its.browser, its.home, `#view=lab&lang=en${hash}`);
    const sizes = (page, names) => Promise.all([...names].map(async (each) => {
      const rows = await matrix(page, `[data-input="${each}"]`);
      // K is shown as what Q is multiplied by.
      return each === 'k' ? `${rows[0].length}x${rows.length}` : `${rows.length}x${rows[0].length}`;
    }));
    const inputs = (page) => page.$$eval('[data-input]', (all) => all.map(({ dataset }) => dataset.input).join());

    test('a matrix of another size is taken, what does not fit gives way, and one undo brings all back', async () => {
      const { page, verify } = await lab('&heads=2');
      await paste(page, cell('[data-input="k"]', 0, 0), '1\t2\t3\n4\t5\t6');
      await eventually(async () => {
        assert.deepEqual(await sizes(page, 'qkv'), ['4x3', '2x3', '2x4']);
        assert.equal((await matrix(page, '[data-step="weights"]'))[0].length, 2, 'computed');
      });
      assert.match(await status(page, '[data-input="k"]'), /^Resized to fit K: Q, V\. .*heads/);
      assert.equal(await status(page, '[data-input="q"]'), '');
      if (browserName === 'chromium') assert.deepEqual(await violations(page), []);
      await withControl(page, 'z');
      await eventually(async () => assert.deepEqual(await sizes(page, 'qkv'), ['4x4', '4x4', '4x4']));
      assert.equal(await status(page, '[data-input="k"]'), '');
      assert.ok(await page.$('.button[title^="Undo"]:disabled'), 'one step');
      await verify();
    });

    test('it may be X instead, or nothing; a later edit ends the question', async () => {
      const { page, verify } = await lab();
      const answer = (words) => page.$$eval('[data-input] button', (buttons, wanted) => buttons.find(({ textContent }) => textContent === wanted).click(), words);
      const pasted = [[1, 2, 3], [4, 5, 6]];
      await paste(page, cell('[data-input="q"]', 0, 0), JSON.stringify(pasted));
      await answer('Undo');
      await eventually(async () => assert.deepEqual(await sizes(page, 'qkv'), ['4x4', '4x4', '4x4']));
      assert.ok(await page.evaluate(() => document.activeElement.matches('[data-input="q"] input')), 'the focus goes on');

      await paste(page, cell('[data-input="q"]', 0, 0), JSON.stringify(pasted));
      await answer('Take it as X instead');
      await eventually(async () => {
        assert.equal(await inputs(page), 'x,wq,wk,wv');
        assert.deepEqual(await matrix(page, '[data-input="x"]'), pasted);
        assert.deepEqual(await sizes(page, ['x', 'wq', 'wk', 'wv']), ['2x3', '3x4', '3x4', '3x4']);
        assert.equal((await matrix(page, '[data-step="weights"]')).length, 2);
      });
      assert.ok(await page.evaluate(() => document.activeElement.matches('[data-input="x"] input')), 'the focus goes on');
      await page.$eval('input[type="radio"][value="qkv"]', (input) => input.click());
      await eventually(async () => assert.deepEqual(await sizes(page, 'qkv'), ['4x4', '4x4', '4x4'], 'they are as they were'));

      await paste(page, cell('[data-input="q"]', 0, 0), JSON.stringify(pasted));
      await page.click('button[aria-label="Add a row to Q"]');
      await eventually(async () => assert.equal(await status(page, '[data-input="q"]'), ''));
      await verify();
    });

    test('what a score is made with follows the inputs, and says so; its hidden units are the reader’s', async () => {
      const { page, verify } = await lab('&score=additive');
      await paste(page, cell('[data-input="additiveQ"]', 0, 0), '1 2\n3 4\n5 6\n7 8\n9 10');
      await eventually(async () => assert.deepEqual(await sizes(page, ['additiveQ', 'additiveK', 'additiveV']), ['5x4', '5x4', '1x5']));
      assert.match(await status(page, '[data-input="additiveQ"]'), /va\. Cut or filled to 5 × 4/);
      await verify();
    });

    test('every matrix is copied in every format by keyboard, and pasted back', async () => {
      const { page, verify } = await lab('&mask=causal&heads=2');
      await listen(page);
      assert.deepEqual(await pick(page, 'button[aria-label="Copy Weights, Head 2"]', 'NumPy'), ['TSV', 'CSV', 'JSON', 'NumPy', 'PyTorch', 'LaTeX']);
      await eventually(async () => assert.match(await copied(page), /^np\.array\(\[\[1\., 0\., 0\., 0\.\],\n/));
      await eventually(async () => assert.ok((await page.evaluate(() => globalThis.told)).includes('Copied Weights, Head 2 (NumPy)')));
      const weights = await matrix(page, '[data-step="weights"][data-head="1"]');
      await paste(page, cell('[data-input="q"]', 0, 0), await copied(page));
      await eventually(async () => assert.deepEqual((await matrix(page, '[data-input="q"]')).map((row) => row.map(Math.fround)), weights));

      const names = await page.$$eval('.copy button', (all) => all.map((button) => button.getAttribute('aria-label')));
      const heads = [1, 2].flatMap((head) => ['Scores', 'Scaled', 'Masked', 'Weights'].map((step) => `Copy ${step}, Head ${head}`));
      assert.deepEqual([...names].sort(), ['Copy as code', 'Copy K', 'Copy Output', 'Copy Q', 'Copy V', ...heads].sort());

      await page.focus('button[aria-label="Copy K"]');
      await press(page, 'Enter', 'ArrowDown');
      if (browserName === 'chromium') assert.deepEqual(await violations(page), []);
      await press(page, 'Escape');
      assert.equal(await page.$('[role="menu"]'), null);
      assert.ok(await page.$eval('button[aria-label="Copy K"]', (button) => button === document.activeElement));
      assert.ok(await page.$('.locked'), 'Esc closed the menu and nothing else');
      await verify();
    });

    test('Ctrl+C on a cell copies the matrix for a spreadsheet, but not instead of what is selected', async () => {
      const { page, verify } = await lab('&mask=causal');
      await listen(page);
      await page.focus('[data-step="masked"] td[tabindex="0"]');
      await withControl(page, 'c');
      await eventually(async () => assert.match(await copied(page), /^\S+\t-inf\t-inf\t-inf\n(\S+\t){3}\S+\n/));
      await page.click('button[aria-label="Add a row to Q"]', { count: 9 });
      await page.waitForSelector('[data-step="scores"] canvas');
      await page.focus('[data-step="scores"] [role="grid"]');
      await withControl(page, 'c');
      await eventually(async () => assert.equal((await copied(page)).split('\n').length, 13, 'a picture has no cells, but numbers'));
      await page.evaluate(() => {
        globalThis.copied = undefined;
        getSelection().selectAllChildren(document.querySelector('h1'));
      });
      await withControl(page, 'c');
      assert.equal(await copied(page), undefined, 'the browser copies what is selected');
      await verify();
    });

    test('where the browser refuses to copy, the text is shown, selected', async () => {
      const { page, verify } = await lab();
      await refuse(page);
      await pick(page, 'button[aria-label="Copy K"]', 'CSV').catch(() => {}); // the focus is in the dialog
      const chosen = () => page.$eval('dialog textarea', (field) => field.value.slice(field.selectionStart, field.selectionEnd));
      await eventually(async () => assert.equal(await chosen(), '1,0,1,0\n0,1.5,-1,1\n1,0.5,0,-2\n0,1,1,1'));
      assert.ok(await page.evaluate(() => document.activeElement.matches('dialog textarea')));
      await press(page, 'Escape');
      await eventually(async () => assert.equal(await page.$('dialog'), null));
      await verify();
    });

    test('the copied program computes what is shown', async () => {
      const { page, verify } = await lab('&source=x&score=cosine&mask=window&heads=2&temperature=0.5');
      await listen(page);
      assert.deepEqual(await pick(page, 'button[aria-label="Copy as code"]', 'JavaScript'), ['NumPy', 'PyTorch', 'JavaScript']);
      const program = (await eventually(async () => (await copied(page)) ?? assert.fail('nothing yet'))).replace(/^import.*\n/, '');
      const AsyncFunction = (async () => {}).constructor;
      const said = [];
      await new AsyncFunction('load', 'console', program)(() => load({ threads: 1 }), { log: (value) => said.push(value) });
      close(said, await matrix(page, '[data-step="output"]'), 'output');
      await verify();
    });
  });
}
