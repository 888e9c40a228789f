// The documents' rows that last: their cost is named before they start, nothing starts by itself, each runs by its button in a
// worker of its own, can be stopped, and shows what came of it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserAndSite, eventually, open, text, turnedPairs, violations } from './support/harness.mjs';

const ids = ['A7', 'C7', 'C8', 'D2', 'E5', 'E6', 'E7'];

const outcomeOf = (page, id) => page.$eval(`#doc-${id} [role="status"]`, (status) => status.dataset.outcome);
const raw = (page, id, name) => page.$eval(`#doc-${id} [data-value="${name}"]`, (span) => Number(span.dataset.raw));
const near = (page, id) => page.$eval(`#doc-${id}`, (article) => article.scrollIntoView({ behavior: 'instant' }));
const press = (page, id, action) => page.$eval(`#doc-${id} [data-action="${action}"]`, (button) => button.click());
const pick = (page, id, value) => page.$eval(`#doc-${id} input[value="${value}"]`, (input) => input.click());
const finished = (page, id) => eventually(async () => assert.equal(await outcomeOf(page, id), 'whole', await text(page, `#doc-${id} [role="status"]`)), 60_000);
const parts = (page, id) => page.$eval(`#doc-${id}`, (article) => ({
  said: article.querySelectorAll('.parts > p').length, plots: article.querySelectorAll('[data-plot] canvas').length, tables: article.querySelectorAll('.parts table').length,
  numbers: [...article.querySelectorAll('.parts > p [data-raw]')].map((span) => Number(span.dataset.raw)),
}));
/** The workers of sessions: how many live. */
const countWorkers = (page) => page.evaluateOnNewDocument(() => {
  globalThis.sessions = 0;
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      this.session = options?.name === 'session';
      globalThis.sessions += Number(this.session);
    }

    terminate() {
      if (this.session) globalThis.sessions -= 1;
      this.session = false;
      super.terminate();
    }
  };
});

for (const { browser, isolated, name } of turnedPairs) {
  describe(`experiments, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browser, isolated);

    test('each says what it claims and costs, stands in the index, and waits for the reader', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=documents&lang=en');
      for (const id of ids) {
        await near(page, id);
        assert.match(await text(page, `#doc-${id}`), /What happens here.*The document claims.*Why/s, id);
        await eventually(async () => assert.ok(await raw(page, id, 'seconds') > 0, `${id}: seconds`));
        assert.ok(await raw(page, id, 'bytes') > 1000, `${id}: bytes`);
        assert.equal(await outcomeOf(page, id), undefined, `${id} has not begun`);
        assert.ok(await page.$(`nav a[data-id="${id}"]`), `${id} in the index`);
      }
      assert.equal(await raw(page, 'E5', 'parameters'), 45_675_496);
      const order = await page.$$eval('article', (all) => all.map((article) => article.id));
      assert.deepEqual(order.filter((id) => id.startsWith('doc-C')).slice(-3), ['doc-C6', 'doc-C7', 'doc-C8']);
      await verify();
    });

    test('each runs by its button, one worker at a time, and shows true numbers', async () => {
      const page = await its.browser.newPage();
      await countWorkers(page);
      await page.setViewport({ width: 1280, height: 900 });
      await page.goto(`${its.home.url}#view=documents&lang=en&D2.language=zh&D2.rate=r5e-3&E5.steps=s0&E7.part=noise`);
      await page.waitForSelector('#doc-A7');
      for (const id of ids) {
        await near(page, id);
        await press(page, id, 'run');
        if (id !== 'A7') await eventually(async () => assert.equal(await page.evaluate(() => globalThis.sessions), 1, `${id}: workers`));
        await finished(page, id);
        assert.equal(await page.evaluate(() => globalThis.sessions), 0, `${id}: its worker is closed`);
        const { said, plots, tables, numbers } = await parts(page, id);
        assert.ok(said > 0 && plots + tables > 0, `${id}: ${said} sentences, ${plots} plots, ${tables} tables`);
        assert.ok(numbers.every(Number.isFinite), `${id}: ${numbers}`);
      }
      assert.ok(await raw(page, 'A7', 'plain') < 1e-3, 'gradients vanish');
      assert.equal(await raw(page, 'C7', 'right'), 1, 'the texts are learnt');
      assert.ok(await raw(page, 'D2', 'accuracy') > 0.95);
      assert.ok(await raw(page, 'E6', 'find') < await raw(page, 'E6', 'mean'));
      assert.equal(await raw(page, 'E5', 'all'), 45_675_496);
      await page.close();
    });

    test('E5 can be stopped in the middle, at once; another takes its place', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=documents&lang=zh&E5.steps=s10');
      await near(page, 'E5');
      await press(page, 'E5', 'run');
      await page.waitForSelector('#doc-E5 [data-action="stop"]');
      await eventually(async () => assert.ok(await raw(page, 'E5', 'done') > 0), 30_000);
      const begin = Date.now();
      await press(page, 'E5', 'stop');
      await eventually(async () => assert.equal(await outcomeOf(page, 'E5'), 'part'));
      assert.ok(Date.now() - begin < 1000, 'at once');
      assert.match(await text(page, '#doc-E5 [role="status"]'), /停止/);
      assert.ok((await parts(page, 'E5')).said > 0, 'what there was stays');
      await press(page, 'E5', 'run');
      await press(page, 'A7', 'run');
      await eventually(async () => assert.equal(await outcomeOf(page, 'E5'), 'part', 'only one runs'));
      await finished(page, 'A7');
      await verify();
    });

    test('a choice is in the address, keeps its own result, and a link starts nothing', async () => {
      const { page, verify } = await open(its.browser, its.home, '#doc-A7');
      await press(page, 'A7', 'run');
      await finished(page, 'A7');
      await pick(page, 'A7', 'l8');
      await eventually(() => assert.match(page.url(), /A7\.depth=l8/));
      assert.equal(await outcomeOf(page, 'A7'), undefined);
      await pick(page, 'A7', 'l16');
      await eventually(async () => assert.equal(await outcomeOf(page, 'A7'), 'whole'));
      await verify();
      const again = await open(its.browser, its.home, '#doc-C8&C8.part=tuning');
      assert.equal(await again.page.$eval('#doc-C8 input[value="tuning"]', (input) => input.checked), true);
      assert.equal(await outcomeOf(again.page, 'C8'), undefined);
      await again.verify();
    });

    test('where there is more of it is a link away, in the same language', async () => {
      const { page, verify } = await open(its.browser, its.home, '#doc-C7&lang=zh');
      const link = (id) => page.$eval(`#doc-${id} .more a`, (each) => each.click());
      await link('A7');
      await eventually(() => assert.match(page.url(), /doc-E7/));
      await link('C7');
      await page.waitForSelector('[data-view="train"]:not([hidden]) h1, [data-view="train"]:not([hidden]) [data-action]');
      assert.match(page.url(), /view=train.*lang=zh.*train\.task=dates/);
      await verify();
    });

    test('a worker that dies is told, and can be started again', async () => {
      const { page } = await open(its.browser, its.home, '#doc-A7');
      await page.evaluate(() => {
        const { Worker } = globalThis;
        globalThis.Worker = class extends Worker {
          postMessage(message, ...rest) {
            if ('open' in message) return void setTimeout(() => this.onerror(new ErrorEvent('error', { message: 'killed' })));
            super.postMessage(message, ...rest);
          }
        };
        globalThis.heal = () => { globalThis.Worker = Worker; };
      });
      await press(page, 'A7', 'run');
      await eventually(async () => assert.equal(await outcomeOf(page, 'A7'), 'died'));
      assert.match(await text(page, '#doc-A7 [role="status"]'), /killed/);
      await page.evaluate(() => globalThis.heal());
      await press(page, 'A7', 'run');
      await finished(page, 'A7');
      await page.close();
    });

    test('run and stopped by keyboard; results have no violation, and nothing overflows on a phone', async () => {
      for (const [hash, width] of [['#view=documents&lang=en&theme=light', 1280], ['#view=documents&lang=zh&theme=dark', 360]]) {
        const { page, verify } = await open(its.browser, its.home, hash, { width, height: 740 });
        for (const id of ['A7', 'E6', 'C7']) {
          await near(page, id);
          await page.focus(`#doc-${id} [data-action="run"]`);
          await page.keyboard.press('Enter');
          await finished(page, id);
          assert.ok(await page.$eval(`#doc-${id} [data-action="run"]`, (button) => document.activeElement === button), `${id}: the focus stays`);
        }
        // Links that are scrolled out of the strip look to axe like ones to skip by.
        await page.$eval('nav:has([data-id])', (strip) => strip.scrollTo({ left: 0, behavior: 'instant' }));
        if (browser === 'chromium') assert.deepEqual(await violations(page), []);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
        await verify();
      }
    });
  });
}
