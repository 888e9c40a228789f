// Where the reader is: languages, themes, the address, history, and the way through the page by keyboard alone.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserAndSite, browsers, cell, choose, close, eventually, launch, matrix, more, open, settled, text, type, walk } from './support/harness.mjs';

/** Everything that makes a picture: all numbers, language, theme, view, and what is chosen. */
const picture = (page) => page.evaluate(() => ({
  numbers: [...document.querySelectorAll('[data-value]')].map(({ dataset }) => dataset.value),
  controls: [...document.querySelectorAll('input')].map((input) => (input.type === 'radio' ? input.checked : input.value)),
  lang: document.documentElement.lang,
  theme: document.documentElement.dataset.theme,
  title: document.title,
}));

const press = async (page, ...keys) => {
  for (const key of keys.slice(0, -1)) await page.keyboard.down(key);
  await page.keyboard.press(keys.at(-1));
  for (const key of keys.slice(0, -1).reverse()) await page.keyboard.up(key);
};

/** Tab until the focus is on what the selector names. */
async function tabTo(page, selector, most = 60) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}

for (const browserName of browsers) {
  describe(`state, ${browserName}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, true);

    test('the language comes from the browser, and the switch changes everything', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=documents');
      assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
      assert.match(await text(page, '#doc-A1'), /The document claims/);
      await choose(page, 'zh');
      await eventually(async () => assert.match(await text(page, '#doc-A1'), /文中说/));
      assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-Hans');
      await eventually(async () => assert.equal(new URL(page.url()).hash, '#view=documents&lang=zh'));
      assert.doesNotMatch(await page.$eval('h1', (h1) => h1.textContent), /[A-Za-z]/);
      await verify();
    });

    test('the address replays the picture: the lab', async () => {
      const first = await open(its.browser, its.home, '#view=lab');
      const { page } = first;
      await more(page);
      for (const value of ['zh', 'dark', 'cosine', 'sparsemax', 'causal', '2']) await choose(page, value);
      await type(page, cell('[data-input="k"]', 2, 1), '-0.125');
      await page.click('td[data-hidden][data-row="3"][data-column="0"]');
      await page.click('button[aria-label="Q 加一行"]');
      await type(page, '#lab-tokens', '我 爱 “喝” 茶 & 100%');
      await page.click('[data-step="scores"][data-head="1"] td[data-row="2"][data-column="1"]');
      await settled(page);
      await eventually(() => assert.match(page.url(), /cell=scores\.1\.2\.1/));
      const before = await picture(page);
      const again = await open(its.browser, its.home, new URL(page.url()).hash);
      await eventually(async () => assert.deepEqual(await picture(again.page), before));
      await first.verify();
      await again.verify();
    });

    test('the address replays the picture: edited documents', async () => {
      const first = await open(its.browser, its.home, '#view=documents&lang=en');
      await walk(first.page);
      await type(first.page, cell('#doc-E4 table[aria-label="E4 x_batched [2]"]', 1, 1), '4.5');
      await type(first.page, cell('#doc-C1 table[aria-label="C1 decoder_state"]', 0, 2), '-7');
      await eventually(() => assert.match(first.page.url(), /C1\.decoder_state=/));
      await settled(first.page);
      const again = await open(its.browser, its.home, new URL(first.page.url()).hash);
      await walk(again.page);
      await eventually(async () => assert.deepEqual(await picture(again.page), await picture(first.page)));
      await first.verify();
      await again.verify();
    });

    test('a broken address shows the defaults', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=lab&lang=en&q=1,x;2&heads=-1&score=none&temperature=0&%E0%A4%A&padding=1e9');
      assert.equal(await page.$('.problem'), null);
      assert.equal(await page.$$eval('[data-input="q"] [data-value]', (all) => all.length), 16);
      await verify();
    });

    test('back and forward', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=documents&lang=en');
      await page.click('nav a[data-id="A3"]');
      await eventually(() => assert.equal(new URL(page.url()).hash, '#doc-A3'));
      await page.click('header nav a:nth-child(3)');
      await page.waitForSelector('.lab');
      await page.evaluate(() => history.back());
      await page.waitForSelector('#doc-A3');
      assert.equal(new URL(page.url()).hash, '#doc-A3');
      await page.evaluate(() => history.forward());
      await page.waitForSelector('.lab');
      await verify();
    });

    test('undo, redo and reset', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=lab&lang=en');
      const start = await picture(page);
      await choose(page, 'additive');
      await choose(page, 'causal');
      await type(page, cell('[data-input="q"]', 0, 0), '9');
      await settled(page);
      await eventually(async () => assert.equal((await matrix(page, '[data-input="q"]'))[0][0], 9));
      await page.evaluate(() => document.activeElement.blur());
      const end = await picture(page);
      const chosen = (value) => page.$eval(`input[type="radio"][value="${value}"], option[value="${value}"]`, (choice) => choice.checked ?? choice.selected);
      // One undo is one edit: first the number goes back, then the mask, then the score.
      await press(page, 'Control', 'z');
      await eventually(async () => assert.equal((await matrix(page, '[data-input="q"]'))[0][0], 1));
      assert.deepEqual([await chosen('causal'), await chosen('additive')], [true, true]);
      await press(page, 'Control', 'z');
      await eventually(async () => assert.deepEqual([await chosen('causal'), await chosen('additive')], [false, true]));
      await press(page, 'Control', 'z');
      await eventually(async () => assert.deepEqual(await picture(page), start));
      for (let i = 0; i < 3; i++) await press(page, 'Control', 'Shift', 'Z');
      await eventually(async () => assert.deepEqual((await picture(page)).numbers, end.numbers));
      await page.evaluate(() => [...document.querySelectorAll('button')].find((button) => /Reset/.test(button.textContent)).click());
      await eventually(async () => assert.deepEqual(await picture(page), start));
      await verify();
    });

    test('by keyboard alone: skip link, editing, walking through a matrix, locking, painting', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=lab&lang=en');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
      await tabTo(page, '[data-input="q"] input');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.type('-3');
      await eventually(async () => assert.equal((await matrix(page, '[data-input="q"]'))[1][1], -3));
      await choose(page, 'free');
      await page.focus('#content'); // the mask comes before what it changes
      await tabTo(page, '[data-hidden]');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press(' ');
      await eventually(async () => assert.equal((await matrix(page, '[data-step="masked"]'))[0][1], -Infinity));
      await tabTo(page, '[data-step="weights"] td');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      await eventually(() => assert.match(page.url(), /cell=weights\.0\.1\.3/));
      const rows = await matrix(page, '[data-step="weights"]');
      close(await page.$eval('aside [data-value]', (element) => Number(element.dataset.value)), rows[1][3], 'the chosen cell');
      await page.keyboard.press('Escape');
      await eventually(() => assert.match(page.url(), /cell=(&|$)/));
      await verify();
    });

    test('the theme follows the system until the reader chooses', async () => {
      for (const dark of [false, true]) {
        const own = await launch(browserName, { dark });
        try {
          const { page, verify } = await open(own, its.home, '#view=lab&lang=en');
          const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
          const system = await background();
          assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), dark ? 'dark' : 'light');
          await choose(page, dark ? 'light' : 'dark');
          await eventually(async () => assert.notEqual(await background(), system));
          await eventually(() => assert.match(page.url(), dark ? /theme=light/ : /theme=dark/));
          await choose(page, 'auto');
          await eventually(async () => assert.equal(await background(), system));
          await verify();
        } finally {
          await own.close();
        }
      }
    });
  });
}
