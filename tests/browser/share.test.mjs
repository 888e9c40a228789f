// What leaves the page as a whole: shown to a class, standing in another page, a link to a step.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserAndSite, browsers, eventually, open, settled, site, text } from './support/harness.mjs';

const projectors = [{ width: 1366, height: 768 }, { width: 1920, height: 1080 }];
const visible = (page, selector) => page.$$eval(selector, (all) => all.some((element) => element.checkVisibility()));
const hashOf = (page) => new URL(page.url()).hash;
const pick = async (page, action) => {
  await page.click('header button[aria-haspopup="menu"]');
  await page.click(`header [data-pick="${action}"]`);
};
/** The clipboard asks for a permission that only Chromium can be given: here it is a list. */
const copies = (page) => page.evaluateOnNewDocument(() => {
  window.copied = [];
  Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (words) => { window.copied.push(words); } } });
});

async function openCopying(browser, { url }, hash) {
  const page = await browser.newPage();
  await copies(page);
  await page.goto(`${url}${hash}`);
  await settled(page);
  return page;
}

for (const browserName of browsers) {
  describe(`share, ${browserName}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, true);

    test('what is open is presented, in large type and without what stands around it; Esc leaves', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=learn&lang=en&step=mask', projectors[0]);
      await pick(page, 'present');
      await eventually(() => assert.match(hashOf(page), /present=1/));
      assert.equal(await visible(page, '#app > header, .learn nav, .glossary'), false);
      const size = await page.$eval('.learn header p:last-child', (words) => parseFloat(getComputedStyle(words).fontSize));
      assert.ok(size >= 24, `${size} px`);
      await page.keyboard.press('ArrowRight');
      await page.waitForSelector('[data-step-id="heads"]');
      await page.keyboard.press('PageUp');
      await page.waitForSelector('[data-step-id="mask"]');
      await page.click('footer button:nth-of-type(2)');
      await page.waitForSelector('[data-step-id="heads"]');
      // A browser that went full screen takes Esc for itself.
      await page.evaluate(() => document.fullscreenElement && document.exitFullscreen());
      await page.keyboard.press('Escape');
      await eventually(() => assert.doesNotMatch(hashOf(page), /present/));
      assert.ok(await visible(page, '#app > header'));
      await verify();
    });

    test('every step of the path fits a projector, its answer shown', async () => {
      for (const size of projectors) {
        for (const lang of ['zh', 'en']) {
          const { page, verify } = await open(its.browser, its.home, `#view=learn&lang=${lang}&present=1&heads=2`, size);
          for (let n = 0; n < 10; n++) {
            await settled(page);
            await page.click('.question button');
            const left = await page.evaluate(() => [document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]);
            assert.ok(left.every((more) => more <= 0), `${await text(page, 'h1')}, ${size.width}, ${lang}: ${left}`);
            await page.evaluate(() => document.activeElement.blur());
            if (n < 9) await page.keyboard.press('ArrowRight');
            await page.waitForFunction((step) => document.querySelector('.where').textContent.includes(step), {}, String(Math.min(n + 2, 10)));
          }
          await verify();
        }
      }
    });

    test('the lab’s equation fits a projector, with its formula and, folded, its settings', async () => {
      for (const size of projectors) {
        for (const hash of ['lang=en', 'lang=zh&mask=causal']) {
          const { page, verify } = await open(its.browser, its.home, `#view=lab&present=1&${hash}`, size);
          await page.waitForSelector('.inspector .katex');
          const left = await page.evaluate(() => [document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]);
          assert.ok(left.every((more) => more <= 0), `${hash}, ${size.width}: ${left}`);
          // No cell's number is cut off, and all are read from the last row.
          assert.ok(await page.$$eval('[data-mode="equation"] :is(td[data-value], .cells input)', (cells) => cells.every((cell) => !cell.checkVisibility() || parseFloat(getComputedStyle(cell).fontSize) >= 23.9)));
          assert.deepEqual(await page.$$eval('[data-mode="equation"] td[data-value]', (cells) => cells.filter((cell) => cell.checkVisibility() && cell.scrollWidth > cell.clientWidth + 2).map(({ textContent }) => textContent)), []);
          await verify();
        }
      }
    });

    test('presented documents go from example to example', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=documents&lang=en&present=1', projectors[0]);
      const [first, second] = await page.$$eval('article[id^="doc-"]', (all) => all.slice(0, 2).map(({ id }) => id));
      for (const [key, id] of [['ArrowRight', first], ['ArrowRight', second], ['ArrowLeft', first]]) {
        await page.keyboard.press(key);
        await eventually(() => assert.match(hashOf(page), new RegExp(id)));
      }
      await verify();
    });

    test('the link and the heading of a step lead to it', async () => {
      const page = await openCopying(its.browser, its.home, '#view=learn&lang=zh&step=heads&heads=2');
      await pick(page, 'link');
      await eventually(async () => assert.equal((await page.evaluate(() => window.copied)).length, 1));
      const [link] = await page.evaluate(() => window.copied);
      assert.equal(link, page.url());
      await page.waitForFunction(() => document.querySelector('main + [role="status"]').textContent === '已复制链接');
      // Where the browser refuses, the reader copies it.
      await page.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); });
      await pick(page, 'link');
      const field = await page.waitForSelector('dialog textarea');
      assert.equal(await field.evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd)), page.url());
      await page.keyboard.press('Escape');
      await page.waitForFunction(() => !document.querySelector('dialog'));
      assert.equal(await page.$eval('.learn h1 a', (a) => a.href), page.url());
      const fourth = await page.$eval('.learn nav li:nth-child(4) a', (a) => a.href);
      await page.goto('about:blank');
      await page.goto(fourth);
      await page.waitForSelector('[data-step-id="softmax"]');
      await page.close();
    });

    for (const { isolated, hash, shows } of [
      { isolated: true, hash: '#lang=zh&temperature=2', shows: '.lines path' },
      { isolated: false, hash: '#view=learn&lang=zh&step=mask', shows: '.matrix td[data-value]' },
      { isolated: true, hash: '#view=lab&lang=zh&score=cosine', shows: '[data-step="weights"] td[data-value]' },
    ]) {
      test(`the copied frame shows it within another page${isolated ? '' : ', not isolated'}: ${hash}`, async () => {
        const home = isolated ? its.home : await site(false);
        const page = await openCopying(its.browser, home, hash);
        await pick(page, 'frame');
        await eventually(async () => assert.equal((await page.evaluate(() => window.copied)).length, 1));
        const [code] = await page.evaluate(() => window.copied);
        const title = await page.title();
        await page.goto(`${home.url}another-page`);
        await page.evaluate((html) => { document.body.innerHTML = html; }, code);
        const element = await page.$('iframe');
        const { width, height, name } = await element.evaluate((frame) => ({ width: frame.width, height: frame.height, name: frame.title }));
        assert.deepEqual([width, Number(height) > 300, name], ['100%', true, title]);
        const frame = await element.contentFrame();
        await frame.waitForSelector(shows, { timeout: 20_000 });
        assert.equal(await frame.evaluate(() => crossOriginIsolated), isolated);
        assert.equal(await frame.evaluate(() => document.documentElement.lang), 'zh-Hans');
        assert.equal(await frame.$('#app > header, #app > footer:not(.away), nav[aria-label="从这里进去"]'), null);
        assert.equal(await frame.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
        await frame.$eval('input[value="causal"]', (input) => input.click());
        await eventually(async () => assert.match(await frame.$eval('.away a', (a) => a.href), /mask=causal/));
        const away = await frame.$eval('.away a', (a) => ({ href: a.href, target: a.target }));
        assert.equal(away.target, '_blank');
        assert.doesNotMatch(away.href, /embed/);
        await page.goto(away.href);
        await settled(page);
        assert.ok(await visible(page, '#app > header'));
        await page.close();
        if (!isolated) await home.close();
      });
    }
  });
}
