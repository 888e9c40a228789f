// Train: a task is learnt in sight, kept through a closed tab, taken out and in; and what goes wrong loses nothing.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { browserAndSite, eventually, keepFiles, pairs, savedFile, settings, settled, text } from './support/harness.mjs';

const raw = (page, name) => page.$eval(`[data-value="${name}"]`, ({ dataset }) => Number(dataset.raw));
const metric = (page) => raw(page, 'metric');
const until = (page, check, patience = 60_000) => eventually(async () => assert.ok(await check(), 'not yet'), patience);
const click = (page, action) => page.$eval(`[data-action="${action}"]`, (button) => button.click());
const answers = (page) => page.$$eval('[data-what="samples"] li', (items) => items.map(({ textContent }) => textContent.trim()));

/** In a context of its own, where no other test's runs are kept, or in one that is given. */
async function at(its, hash, { before, context } = {}) {
  const page = await (context ?? await its.browser.createBrowserContext()).newPage();
  await page.setViewport({ width: 1366, height: 768 });
  await keepFiles(page);
  if (before) await page.evaluateOnNewDocument(before);
  await page.goto(`${its.home.url}#view=train&lang=en${hash}`);
  await settled(page);
  return page;
}
const saved = (page, what) => savedFile(page, what, '', 'Export');
const fill = (page, selector, value) => page.$eval(selector, (field, content) => {
  field.value = content;
  field.dispatchEvent(new Event('input', { bubbles: true }));
}, value);
const scrub = (page, frame) => page.$eval('[data-value="film"]', (range, value) => {
  range.value = value;
  range.dispatchEvent(new Event('input', { bubbles: true }));
}, frame);

for (const { browser: browserName, isolated, name } of settings) {
  describe(`the default task, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);

    test('trains to its mark over a closed tab, leaves and comes back with the same answers; the film scrubs, and a head switched off is missed', async () => {
      const context = await its.browser.createBrowserContext();
      let page = await at(its, '', { context });
      assert.equal(await raw(page, 'step'), 0, 'nothing starts by itself');
      await click(page, 'play');
      await until(page, async () => await raw(page, 'step') > 60);
      await click(page, 'pause');
      await page.waitForSelector('[data-action="play"]:not(:disabled)');
      const paused = await raw(page, 'step');
      assert.ok(paused < 600, `${paused}`);
      await eventually(async () => assert.equal(await page.$$eval('[data-run]', (runs) => runs.length), 1));
      await page.close();

      page = await at(its, '', { context });
      assert.equal(await raw(page, 'step'), paused, 'as it was left');
      await click(page, 'play');
      await page.waitForSelector('[data-ended="done"]', { timeout: 90_000 });
      assert.ok(await metric(page) >= 0.99, `${await metric(page)}`);
      const said = await answers(page);
      assert.ok(said.length === 6 && said.every((answer) => answer.includes('✓')), said.join(' | '));

      const file = await saved(page, 'checkpoint');
      assert.equal(file.name, 'recall-600.safetensors');
      const folder = await mkdtemp(join(tmpdir(), 'train-'));
      const path = join(folder, file.name);
      await writeFile(path, file.bytes);
      await click(page, 'reset');
      await until(page, async () => await raw(page, 'step') === 0 && await metric(page) < 0.5);
      await (await page.$('input[type="file"][accept=".safetensors"]')).uploadFile(path);
      await until(page, async () => await raw(page, 'step') === 600);
      await eventually(async () => assert.deepEqual(await answers(page), said));
      assert.ok(await metric(page) >= 0.99);
      await rm(folder, { recursive: true });

      for (const head of ['1.0', '1.1']) {
        await page.click(`[data-head="${head}"]`);
        await click(page, 'ablate');
      }
      await until(page, async () => await metric(page) < 0.6);
      assert.match(page.url(), /train\.off=1\.0,1\.1|view=train/);
      await page.close();
    });
  });
}

for (const { browser: browserName, isolated, name } of pairs) {
  describe(`Train, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);

    test('the film shows the heads as they were, and another run at the same steps', async () => {
      const page = await at(its, '&train.task=copy&train.set=recipe.steps:40');
      await click(page, 'play');
      await page.waitForSelector('[data-ended="done"]');
      const pixels = () => page.$eval('[data-head="0.0"] canvas', (canvas) => canvas.toDataURL());
      const now = await pixels();
      await scrub(page, 0);
      await eventually(async () => assert.equal(await raw(page, 'film'), 0));
      await eventually(async () => assert.notEqual(await pixels(), now));
      await scrub(page, 1000);
      await eventually(async () => assert.equal(await pixels(), now));
      // Another seed is another run.
      await click(page, 'seed');
      await until(page, async () => await raw(page, 'step') === 0);
      await click(page, 'play');
      await page.waitForSelector('[data-ended="done"]');
      await page.$eval('[data-view="train"] details[data-what="runs"] summary', (summary) => summary.click());
      await until(page, async () => (await page.$$('[data-run]')).length === 2);
      await page.$eval('[data-run] input:not(:disabled)', (box) => box.click());
      await page.waitForFunction(() => /seed/.test(document.querySelector('[data-what="runs"] tbody')?.textContent ?? ''));
      const option = await page.$$eval('.film option', (options) => options.at(-1).value);
      await page.select('.film select', option);
      await page.waitForFunction(() => document.querySelectorAll('.film [role="img"]').length === 16); // two runs of 2 layers × 4 heads
      // Deleted, and brought back.
      await page.$eval('[data-run]:last-of-type button:last-of-type', (button) => button.click());
      await until(page, async () => (await page.$$('[data-run]')).length === 1);
      await click(page, 'restore');
      await until(page, async () => (await page.$$('[data-run]')).length === 2);
      await page.close();
    });

    test('a link restores task, settings and seed, and starts nothing', async () => {
      const page = await at(its, '&train.task=sort&train.seed=3&train.set=model.numLayers:2,recipe.lr:0.003&train.head=1.1');
      assert.equal(await raw(page, 'step'), 0);
      const chips = await page.$$eval('.chip', (all) => all.map(({ textContent }) => textContent));
      assert.deepEqual(chips, ['Layers 2', 'Learning rate 0.003']);
      assert.equal(await page.$eval('[data-head="1.1"]', (button) => button.getAttribute('aria-pressed')), 'true');
      const before = await raw(page, 'params');
      // One field's own way back.
      await page.$eval('[data-setting="model.numLayers"] [title^="Back to"]', (button) => button.click());
      await eventually(async () => assert.ok(await raw(page, 'params') < before));
      await eventually(async () => assert.ok(!page.url().includes('numLayers') && page.url().includes('recipe.lr')));
      await page.close();
    });

    test('another task is chosen while one plays: what was learnt is kept, and nothing of it is shown as the other’s', async () => {
      const page = await at(its, '');
      const broken = [];
      page.on('pageerror', (error) => broken.push(String(error)));
      await click(page, 'play');
      await until(page, async () => await raw(page, 'step') > 20);
      for (const task of ['copy', 'digits', 'sentiment']) {
        await page.select('.what select', task);
        await page.waitForSelector(`[data-task="${task}"][data-state="ready"]`);
        await until(page, async () => await raw(page, 'step') === 0);
        assert.equal(await page.$$eval('[data-measure]', (heads) => heads.length), 0, 'heads are measured in recall alone');
      }
      await page.$eval('[data-what="runs"] summary', (summary) => summary.click());
      await eventually(async () => assert.match(await text(page, '[data-run]'), /Recall.*step (2[1-9]|[3-9]\d|\d{3})/s));
      assert.deepEqual(broken, []);
      await page.close();
    });

    test('what the core refuses is said where it was set', async () => {
      const page = await at(its, '&train.set=model.numHeads:5');
      await page.waitForSelector('[data-view="train"] .problem');
      assert.match(await text(page, '[data-view="train"] .problem'), /num_?heads|heads|32/i);
      await page.close();
    });

    test('one’s own Chinese text is learnt, and gone on with', async () => {
      const page = await at(its, '&train.task=text&train.set=values.length:32,recipe.steps:40');
      const own = Array.from({ length: 60 }, (_, i) => `春天第${i % 7}天，花开了。`).join('');
      await fill(page, '#train-text', own);
      await until(page, async () => (await page.$eval('.says .output', ({ textContent }) => textContent)).split('').every((letter) => `${own}\n∅→■`.includes(letter)));
      const before = await raw(page, 'loss');
      await click(page, 'play');
      await page.waitForSelector('[data-ended="done"]', { timeout: 60_000 });
      assert.ok(await raw(page, 'loss') < 0.7 * before, `${before} to ${await raw(page, 'loss')}`);
      const said = await page.$eval('.says .output', ({ textContent }) => textContent);
      assert.ok(said.length === 32 && [...said].every((letter) => own.includes(letter) || letter === '\n'), said);
      await page.close();
    });

    test('of one’s own table bad rows are named by their lines, the others used', async () => {
      const page = await at(its, '&train.task=table');
      await fill(page, '#train-table', 'one,1\ntwo\nthree,3\n,4\nfive,5\n');
      await eventually(async () => assert.equal(await raw(page, 'rows'), 3));
      assert.deepEqual(await page.$$eval('[data-line]', (lines) => lines.map(({ dataset }) => Number(dataset.line))), [2, 4]);
      await page.close();
    });

    test('one types a sample, and is told which token is none', async () => {
      const page = await at(its, '&train.task=copy');
      await fill(page, '#train-own', 'abca');
      await page.waitForFunction(() => /abca/.test(document.querySelector('.says')?.textContent.replaceAll(/\s/g, '') ?? ''));
      await fill(page, '#train-own', 'ab7');
      await page.waitForFunction(() => document.querySelector('#train-own-bad')?.textContent.includes('“7”'));
      await page.close();
    });

    test('a digit is drawn by keys and told', async () => {
      const page = await at(its, '&train.task=digits');
      await page.focus('[role="application"]');
      for (const key of [' ', 'ArrowDown', ' ', 'ArrowDown', ' ']) await page.keyboard.press(key);
      await page.waitForFunction(() => /→\s*\d/.test(document.querySelector('.says')?.textContent ?? ''));
      assert.match(page.url(), /view=train/);
      await page.close();
    });

    test('a dead worker loses only the steps since it was kept, and says so', async () => {
      const page = await at(its, '&train.task=copy', {
        before: () => {
          const Real = globalThis.Worker;
          globalThis.made = [];
          globalThis.Worker = class extends Real { constructor(...all) { super(...all); globalThis.made.push([this, all[1]?.name]); } };
        },
      });
      for (let i = 0; i < 3; i++) {
        await click(page, 'step');
        await until(page, async () => await raw(page, 'step') === i + 1);
      }
      await click(page, 'play');
      await until(page, async () => await raw(page, 'step') > 4);
      await page.evaluate(() => {
        const [worker] = globalThis.made.findLast(([, called]) => called === 'train');
        worker.terminate();
        worker.onerror({ message: 'killed' });
      });
      await page.waitForSelector('[data-action="reopen"]');
      assert.match(await text(page, '.died'), /killed.*kept up to step 3; [1-9]\d* steps after that are lost/);
      await click(page, 'reopen');
      await until(page, async () => await raw(page, 'step') === 3);
      await click(page, 'step');
      await until(page, async () => await raw(page, 'step') === 4);
      await page.close();
    });

    test('a browser that keeps nothing is told of, and training goes on', async () => {
      const page = await at(its, '&train.task=copy', {
        before: () => { IDBObjectStore.prototype.put = () => { throw new DOMException('The disk is full', 'QuotaExceededError'); }; },
      });
      await click(page, 'step');
      await page.waitForFunction(() => /The disk is full/.test(document.querySelector('[aria-label="Runs"] [role="alert"]')?.textContent ?? ''));
      await click(page, 'step');
      await until(page, async () => await raw(page, 'step') === 2);
      await page.close();
    });

    test('a hidden tab pauses, and goes on when it is seen again', async () => {
      const page = await at(its, '&train.task=random&train.set=recipe.steps:100000');
      const hide = (hidden) => page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
      await click(page, 'play');
      await until(page, async () => await raw(page, 'step') > 3);
      await hide(true);
      await page.waitForSelector('[data-action="play"]:not(:disabled)');
      const step = await raw(page, 'step');
      await new Promise((resolve) => { setTimeout(resolve, 300); });
      assert.equal(await raw(page, 'step'), step);
      await hide(false);
      await until(page, async () => await raw(page, 'step') > step);
      await page.close();
    });

    test('numbers that are not finite stop it, in words', async () => {
      const page = await at(its, '&train.task=copy&train.set=recipe.optimizer:SGD,recipe.lr:10,recipe.clip:0,recipe.schedule:constant,recipe.weightDecay:10');
      await click(page, 'play');
      await page.waitForSelector('[data-ended="diverged"]', { timeout: 60_000 });
      assert.match(await text(page, '[data-ended]'), /no longer finite/);
      await page.close();
    });

    test('curves leave as CSV, the run as JSON with its link, the model as a file of PyTorch', async () => {
      const page = await at(its, '&train.task=copy');
      await click(page, 'step');
      await until(page, async () => await raw(page, 'step') === 1);
      const csv = (await saved(page, 'csv')).bytes.toString();
      assert.match(csv, /step,loss,gradient norm,held-out loss,metric/);
      const json = JSON.parse((await saved(page, 'json')).bytes.toString());
      assert.equal(json.settings.task, 'copy');
      assert.match(json.link, /view=train&.*train\.task=copy/);
      const { name: file, bytes } = await saved(page, 'pytorch');
      assert.equal(file, 'copy-1.py');
      assert.match(bytes.toString(), /import torch[^]*class GPT\(nn\.Module\)[^]*load_state_dict/);
      await page.close();
    });
  });
}
