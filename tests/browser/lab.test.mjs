// The lab against plain double precision: every score, normaliser and mask, heads, scale and temperature.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserAndSite, cell, choose, close, eventually, matrix, more, open, turnedPairs, text, type } from './support/harness.mjs';
import { attendHeads, entropy as rowEntropy, matmul } from '../reference.mjs';

const scores = ['scaledDot', 'dot', 'sqrtNorm', 'cosine', 'general', 'additive', 'location'];
const normalizers = ['softmax', 'sum', 'doubleSoftmax', 'sparsemax'];
const general = [[1, 0.5, 0, -1], [0, 1, 2, 0], [0.5, 0, 1, 0], [0, -1, 0, 1]];

/** All numbers that the lab shows, in one go, since each question to a browser takes its time. */
async function shown(page) {
  const found = await page.evaluate(() => {
    const rows = (element) => [...element.querySelectorAll('tbody tr')].map((row) =>
      [...row.querySelectorAll('[data-value]')].map((cell) => cell.dataset.value));
    return {
      inputs: [...document.querySelectorAll('[data-input]')].map((element) => [element.dataset.input, rows(element)]),
      steps: [...document.querySelectorAll('[data-step]')].map((element) => [`${element.dataset.step} ${element.dataset.head}`, rows(element)]),
      entropy: [...document.querySelectorAll('[data-entropy]')].map((element) => [...element.querySelectorAll('li')].map((li) => li.dataset.value)),
    };
  });
  const numbers = (value) => (Array.isArray(value) ? value.map(numbers) : Number(value)); // −∞ and NaN come as text
  const byName = (entries) => Object.fromEntries(entries.map(([name, rows]) => [name, numbers(rows)]));
  const inputs = byName(found.inputs);
  // K is shown as what Q is multiplied by.
  if (inputs.k) inputs.k = inputs.k[0].map((_, row) => inputs.k.map((line) => line[row]));
  return { inputs, steps: byName(found.steps), entropy: numbers(found.entropy) };
}

/** The lab's weights under the names that attend knows them by. */
const weightsOf = {
  general: ({ general: weight }) => ({ weight }),
  additive: ({ additiveQ, additiveK, additiveV }) => ({ queryWeight: additiveQ, keyWeight: additiveK, scoreVector: additiveV[0] }),
  location: ({ location, locationB }) => ({ weight: location, bias: locationB[0] }),
};

/**
 * All steps of all heads agree with the reference under these options; inputs and weights are those in the editors.
 * hides(t, s): whether the mask keeps key s from query t.
 */
async function agrees(page, { heads = 1, hides = () => false, ...options } = {}) {
  const { inputs: { q, k, v, ...weights }, steps, entropy } = await shown(page);
  const expected = attendHeads(heads, q, k, v, {
    ...options, ...weightsOf[options.score]?.(weights), mask: { additive: q.map((_, t) => k.map((__, s) => (hides(t, s) ? -Infinity : 0))) },
  });
  assert.equal(entropy.length, expected.weights.length, 'one row of pictures a head');
  for (const head of entropy.keys()) {
    for (const step of ['scores', 'scaled', 'masked', 'weights']) {
      // A step that changes nothing is folded: no mask, or scores that nothing scales.
      if (!steps[`${step} ${head}`]) {
        const before = { masked: 'scaled', scaled: 'scores' }[step];
        close(expected[step][head], expected[before][head], `${step}, which is not shown`);
        continue;
      }
      close(steps[`${step} ${head}`], expected[step][head], `${step} of head ${head}`);
    }
    close(entropy[head], expected.weights[head].map(rowEntropy), 'entropy');
  }
  close(steps['output 0'], expected.output, 'output');
}

for (const { browser: browserName, isolated, name } of turnedPairs) {
  describe(`lab, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);
    const lab = (hash = '') => open(its.browser, its.home, `#view=lab&lang=en${hash}`);

    test('something is shown before the first click, with its formula in numbers', async () => {
      const { page, verify } = await lab();
      await agrees(page);
      assert.match(await text(page, 'aside annotation'), /^A_\{12\} = .*e\^\{-0\.25\}.* = 0\.118$/);
      await verify();
    });

    test('every score function', async () => {
      const { page, verify } = await lab(`&general=${general.map((row) => row.join()).join(';')}&locationB=0.5,-1,0,2`);
      for (const score of scores) {
        await choose(page, score);
        await eventually(() => agrees(page, { score }));
      }
      await verify();
    });

    test('every normaliser', async () => {
      const { page, verify } = await lab();
      await more(page);
      for (const normalizer of normalizers) {
        await choose(page, normalizer);
        await eventually(() => agrees(page, { normalizer }));
      }
      await verify();
    });

    test('every mask, and painting on from one', async () => {
      const { page, verify } = await lab('&window=1&padding=2');
      const masks = { causal: (t, s) => s > t, window: (t, s) => Math.abs(s - t) > 1, padding: (_, s) => s >= 2, none: () => false };
      for (const [mask, hides] of Object.entries(masks)) {
        await choose(page, mask);
        await eventually(() => agrees(page, { hides }));
      }
      await choose(page, 'causal');
      await page.click('td[data-hidden][data-row="0"][data-column="0"]');
      await eventually(() => agrees(page, { hides: (t, s) => s > t || (t === 0 && s === 0) }));
      assert.deepEqual((await matrix(page, '[data-step="weights"]'))[0], [0, 0, 0, 0], 'a fully masked row is zeros');
      await page.click('td[data-hidden][data-row="1"][data-column="3"]');
      await eventually(() => agrees(page, { hides: (t, s) => (s > t || (t === 0 && s === 0)) && !(t === 1 && s === 3) }));
      await verify();
    });

    test('heads, scale and temperature together', async () => {
      const { page, verify } = await lab();
      await choose(page, '2');
      await eventually(() => agrees(page, { heads: 2 }));
      await choose(page, '4');
      await choose(page, 'additive');
      await eventually(() => agrees(page, { heads: 4, score: 'additive' }));
      const field = (label) => page.evaluateHandle((words) =>
        [...document.querySelectorAll('label')].find((one) => one.textContent === words).control, label);
      await more(page);
      await (await field('Scale')).type('-0.5');
      await eventually(() => agrees(page, { heads: 4, score: 'additive', scale: -0.5 }));
      const temperature = await field('Temperature');
      await temperature.evaluate((input) => { input.focus(); input.select(); });
      await page.keyboard.type('2.5');
      await eventually(() => agrees(page, { heads: 4, score: 'additive', scale: -0.5, temperature: 2.5 }));
      await temperature.evaluate((input) => { input.select(); });
      await page.keyboard.type('-3');
      assert.equal(await temperature.evaluate((input) => input.getAttribute('aria-invalid')), 'true');
      await agrees(page, { heads: 4, score: 'additive', scale: -0.5, temperature: 2.5 });
      await temperature.evaluate((input) => { input.select(); });
      await page.keyboard.type('5');
      await eventually(() => agrees(page, { heads: 4, score: 'additive', scale: -0.5, temperature: 5 }));
      await page.keyboard.down('Control');
      await page.keyboard.press('z');
      await page.keyboard.up('Control');
      // What was typed into one field is one edit.
      await eventually(async () => assert.equal(await temperature.evaluate((input) => input.value), '1', 'undone in the field too'));
      await eventually(() => agrees(page, { heads: 4, score: 'additive', scale: -0.5, temperature: 1 }));
      await verify();
    });

    test('X with its projections', async () => {
      const { page, verify } = await lab('&source=x');
      await type(page, cell('[data-input="x"]', 0, 1), '-1.5');
      await eventually(async () => {
        const { inputs: { x, wq, wk, wv }, steps } = await shown(page);
        assert.equal(x[0][1], -1.5);
        const expected = attendHeads(1, matmul(x, wq), matmul(x, wk), matmul(x, wv));
        close(steps['weights 0'], expected.weights[0], 'weights');
        close(steps['output 0'], expected.output, 'output');
      });
      await verify();
    });

    test('rows and columns are added and removed, and what belongs together stays together', async () => {
      const { page, verify } = await lab();
      await page.click('button[aria-label="Add a column to Kᵀ"]');
      await page.click('button[aria-label="Remove a column from Q"]');
      await page.click('button[aria-label="Add a column to V"]');
      await eventually(async () => {
        const { inputs: { q, k, v } } = await shown(page);
        assert.deepEqual([q, k, v].map((m) => [m.length, m[0].length]), [[4, 3], [5, 3], [5, 5]]);
        await agrees(page);
      });
      await verify();
    });

    test('sizes that do not fit are refused by the core, and the last result stays', async () => {
      const { page, verify } = await lab();
      await page.evaluate(() => { location.hash = '#view=lab&lang=en&k=1,2;3,4'; });
      const refusal = await page.waitForSelector('.now [data-code="SHAPE"]');
      assert.match(await refusal.evaluate((element) => element.textContent), /\[4,4\].*\[2,2\]/);
      assert.ok(await page.$('.steps .stale'), 'the last result stays, dimmed');
      assert.equal((await matrix(page, '[data-step="weights"]')).length, 4);
      await page.click('header button[title^="Undo"]');
      await eventually(async () => assert.equal(await page.$('.steps .stale'), null));
      await agrees(page);
      await verify();
    });

    test('pointing previews a cell, a click locks it, Esc releases it', async () => {
      const { page, verify } = await lab();
      const value = () => page.$eval('aside [data-value]', (element) => Number(element.dataset.value)).catch(() => undefined);
      const at = (step, row, column) => `[data-step="${step}"] td[data-row="${row}"][data-column="${column}"]`;
      const rows = await matrix(page, '[data-step="scores"]');
      await page.hover(at('scores', 1, 1));
      await eventually(async () => assert.equal(await value(), rows[1][1]));
      await page.hover('.brand');
      await eventually(async () => assert.notEqual(await value(), rows[1][1]));
      await page.click(at('scores', 3, 3));
      await page.hover('.brand');
      await eventually(async () => assert.equal(await value(), rows[3][3]));
      await eventually(async () => assert.match(page.url(), /cell=scores\.0\.3\.3/));
      await page.evaluate(() => document.activeElement.blur());
      await page.keyboard.press('Escape');
      await eventually(async () => assert.equal(await value(), undefined));
      await verify();
    });
  });
}
