// The front door: one sentence and its attention, before the core is there and after; and what it says where something is missing.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { browserAndSite, choose, close, eventually, open, pairs, settled, site, text, type } from './support/harness.mjs';

const first = JSON.parse(await readFile(new URL('../../web/src/views/home/first.json', import.meta.url), 'utf8'));
const weightsOf = (page) => page.$$eval('.lines path', (paths) => paths.map(({ dataset: { t, s, weight } }) => [Number(t), Number(s), Number(weight)]));

for (const { browser: browserName, isolated, name } of pairs) {
  describe(`home, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);

    test('a sentence, its attention, and the fraction in numbers, without a click', async () => {
      const { page, verify } = await open(its.browser, its.home, '#lang=en');
      assert.match(await text(page, '.answer .sentence'), /“drinks” gives 45% of its attention to “coffee”\./);
      const lines = await weightsOf(page);
      for (const [t, s, weight] of lines) close(weight, first.en.weights[t][s], `the weight from ${t} to ${s}`);
      assert.equal(lines.length, first.en.weights.flat().filter((w) => w > 0.005).length);
      await eventually(async () => assert.match(await text(page, '.answer'), /=0\.449/));
      await choose(page, 'zh');
      await settled(page);
      assert.match(await text(page, '.answer .sentence'), /“喝”把 53% 的注意力给了“茶”。/);
      await verify();
    });

    test('tapping, typing, temperature and mask', async () => {
      const { page, verify } = await open(its.browser, its.home, '#lang=en');
      await page.click('[data-word="2"]');
      await eventually(async () => assert.match(await text(page, '.answer .sentence'), /“tea” gives 41% of its attention to “love”/));
      await choose(page, 'causal');
      await eventually(async () => assert.ok((await weightsOf(page)).every(([t, s]) => s <= t)));
      await type(page, '#home-text', 'the cat drinks milk');
      await eventually(async () => assert.equal((await page.$$('[data-word]')).length, 4));
      await settled(page);
      await page.click('[data-word="2"]');
      await eventually(async () => assert.match(await text(page, '.answer .sentence'), /“drinks” gives \d+% of its attention to “cat”/));
      await type(page, '.field input[type="text"]:not(#home-text)', '0.05');
      await eventually(async () => assert.match(await text(page, '.answer .sentence'), /“drinks” gives 100%/));
      const { hash } = new URL(page.url());
      await eventually(() => assert.match(new URL(page.url()).hash, /text=the%20cat%20drinks%20milk/), hash);
      await page.mouse.move(0, 0);
      await type(page, '#home-text', 'zyx drinks');
      await eventually(async () => assert.match(await text(page, '.answer'), /The table has no “zyx”/));
      await verify();
    });

    test('doors lead to the other views, which are kept when left', async () => {
      const { page, verify } = await open(its.browser, its.home, '#lang=en');
      await page.click('[data-view="home"] nav a:nth-child(2)');
      await page.waitForSelector('.lab');
      await settled(page);
      await choose(page, 'cosine');
      await page.click('header nav a');
      await eventually(() => assert.equal(new URL(page.url()).hash, ''));
      await page.click('header nav a:nth-child(3)');
      await eventually(() => assert.match(page.url(), /view=lab.*score=cosine/));
      await verify();
    });

    test('the first numbers stand in the HTML', async () => {
      const html = await (await fetch(its.home.url)).text();
      assert.match(html, /“drinks” gives 45% of its attention to “coffee”\./);
      assert.match(html, /“喝”把 53% 的注意力给了“茶”。/);
    });

    const without = {
      'no JavaScript': { prepare: (page) => page.setJavaScriptEnabled(false), says: /allow them and reload/ },
      'no worker': { prepare: (page) => page.evaluateOnNewDocument(() => { delete window.Worker; }), says: /no worker/ },
      'a worker that throws': {
        prepare: (page) => page.evaluateOnNewDocument(() => { window.Worker = class { constructor() { throw new Error('forbidden'); } }; }), says: /no worker/,
      },
    };
    // Firefox can be asked nothing without JavaScript.
    if (browserName === 'firefox') delete without['no JavaScript'];
    for (const [what, { prepare, says }] of Object.entries(without)) {
      test(`${what}: the sentence stays, and one message says what is missing`, async () => {
        const page = await its.browser.newPage();
        try {
          await prepare(page);
          await page.goto(`${its.home.url}#lang=en`);
          await eventually(async () => assert.match(await page.evaluate(() => document.body.innerText), says));
          assert.match(await page.evaluate(() => document.body.innerText), /“drinks” gives 45%/);
        } finally {
          await page.close();
        }
      });
    }

    test('without a worker nothing says for ever that it is computing', async () => {
      const page = await its.browser.newPage();
      try {
        await page.evaluateOnNewDocument(() => { delete window.Worker; });
        await page.goto(`${its.home.url}#view=documents&lang=en`);
        await eventually(async () => assert.match(await text(page, '#doc-A1'), /Not computed/));
        assert.doesNotMatch(await page.evaluate(() => document.body.innerText), /Computing…/);
      } finally {
        await page.close();
      }
    });

    test('a script that does not arrive is told', async () => {
      const broken = await site(isolated, 'build/page', (url) => /assets\/index.*\.js$/.test(url));
      const page = await its.browser.newPage();
      try {
        await page.goto(`${broken.url}#lang=en`);
        await eventually(async () => assert.match(await page.evaluate(() => document.body.innerText), /did not load in full/));
        assert.match(await page.evaluate(() => document.body.innerText), /“drinks” gives 45%/);
      } finally {
        await page.close();
        await broken.close();
      }
    });
  });
}
