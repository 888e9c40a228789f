// The path: every step has its picture and its question, goes on by keys, and is found again by its address.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserAndSite, choose, close, eventually, matrix, open, settled, text, turnedPairs } from './support/harness.mjs';

const ids = ['qkv', 'scores', 'scale', 'softmax', 'sum', 'cross', 'mask', 'heads', 'positions', 'cost'];

for (const { browser: browserName, isolated, name } of turnedPairs) {
  describe(`learn, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);

    test('ten steps by the arrow keys, each with a picture and an answer whose gaps are filled', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=learn&lang=en', { width: 1366, height: 768 });
      for (const [n, id] of ids.entries()) {
        await page.waitForSelector(`[data-step-id="${id}"][data-state="ready"]`);
        assert.match(await text(page, '.learn .where'), new RegExp(`Step ${n + 1} of 10`));
        await page.click('.question button');
        const answer = await text(page, '.answer');
        assert.doesNotMatch(answer, /[{}]|undefined|NaN/, answer);
        assert.ok(await page.$('.picture [role="grid"], .picture svg, .picture .square'), id);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
        const end = await page.$eval('.learn nav', (nav) => nav.getBoundingClientRect().bottom);
        assert.ok(end <= 768, `${id}: the way on is at ${end}`);
        await page.evaluate(() => document.activeElement.blur());
        if (n < 9) await page.keyboard.press('ArrowRight');
      }
      assert.match(page.url(), /step=cost/);
      await page.evaluate(() => history.back());
      await page.waitForSelector('[data-step-id="positions"]');
      await verify();
    });

    test('what is changed shows: the causal mask, one matrix for both, √d', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=learn&lang=en&step=mask');
      await choose(page, 'causal');
      await settled(page);
      await eventually(async () => assert.deepEqual((await matrix(page, '.matrix:nth-of-type(2) table'))[0], [1, 0, 0, 0]));
      const one = await open(its.browser, its.home, '#view=learn&lang=en&step=qkv&qkv=one');
      const s = await matrix(one.page, '.matrix:nth-of-type(4) table');
      s.forEach((row, i) => row.forEach((x, j) => close(x, s[j][i], 'QKᵀ is symmetric')));
      const scale = await open(its.browser, its.home, '#view=learn&lang=en&step=scale&scale=256');
      await scale.page.click('.question button');
      const [, plain, root, scaled] = /deviate by ([\d.]*\d) \(√d = ([\d.]*\d)\), the divided ones by ([\d.]*\d)/.exec(await text(scale.page, '.answer')).map(Number);
      // 2000 samples: the deviation of a sample's deviation is 1/√4000 of it.
      assert.equal(root, 16);
      assert.ok(Math.abs(plain / 16 - 1) < 5 / Math.sqrt(4000) && Math.abs(scaled - 1) < 5 / Math.sqrt(4000), `${plain}, ${scaled}`);
      // The axis stays: with d the dot products spread, the divided ones do not.
      const width = (which) => scale.page.$eval(`figure:nth-of-type(${which}) svg`, (svg) => [...svg.querySelectorAll('rect')].filter((rect) => rect.height.baseVal.value > 5).length);
      const [wide, narrow] = [await width(1), await width(2)];
      assert.ok(wide > 40 && narrow < 9, `${wide}, ${narrow}`);
      const heads = await open(its.browser, its.home, '#view=learn&lang=en&step=heads&heads=2');
      const [z, o] = [await matrix(heads.page, '.matrix:nth-of-type(3) table'), await matrix(heads.page, '.matrix:nth-of-type(4) table')];
      z.forEach((row, t) => close(o[t][0], row[0] + 0.5 * row[2], 'W_O adds half of the other head'));
      await verify();
      await one.verify();
      await scale.verify();
      await heads.verify();
    });

    test('a new visit goes on where the last one was', async () => {
      const last = await open(its.browser, its.home, '#view=learn&lang=en&step=mask');
      await last.verify();
      const again = await open(its.browser, its.home, '#view=learn&lang=en');
      await again.page.click('.kept a');
      await again.page.waitForSelector('[data-step-id="mask"]');
      assert.equal(await again.page.$('.kept'), null);
      await again.verify();
    });

    test('in Chinese, with the glossary', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=learn&lang=zh&step=heads');
      assert.match(await text(page, '.learn'), /第 8 步，共 10 步/);
      assert.match(await text(page, '.glossary'), /编码器.*微调/s);
      await verify();
    });
  });
}
