// The lab's comparison against plain double precision: one input under several settings, side by side.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attend, attendHeads, entropy } from '../reference.mjs';
import { browserAndSite, close, eventually, open, settled, text, turnedPairs } from './support/harness.mjs';

const q = [[1, -0.5, 2, 0], [0, 1, -1, 0.5], [2, 0, 0.25, 1]];
const k = [[0.5, 1, 0, -1], [1, 1, 2, 0], [-1, 0.25, 1, 2], [0, -2, 1, 0.5]];
const v = [[1, 0, 0, 2], [0, 1, 0, -1], [0, 0, 1, 1], [2, -1, 0.5, 0]];
const general = [[1, 0.5, 0, -1], [0, 1, 2, 0], [0.5, 0, 1, 0], [0, -1, 0, 1]];
const location = [[1, 0, -1, 0.5], [0, 2, 0, 1], [0.5, 0.5, 1, 0], [-1, 0, 0, 1]];
const painted = [[0, 1, 0, 0], [0, 0, 0, 1], [1, 1, 0, 0]];
const [queryWeight, keyWeight, scoreVector] = [[[1, 0, 0.5, -1], [0, 1, 0, 1]], [[0.5, 1, 0, 0], [1, 0, -1, 0.5]], [1, -0.5]];
const written = (rows) => rows.map((row) => row.join()).join(';');
const inputs = `&q=${written(q)}&k=${written(k)}&v=${written(v)}&general=${written(general)}&location=${written(location)}&locationB=0.5,-1,0,2` +
  `&painted=${written(painted)}&additiveQ=${written(queryWeight)}&additiveK=${written(keyWeight)}&additiveV=${scoreVector.join()}&window=1&padding=2`;

const additive = (hides) => ({ additive: q.map((_, t) => k.map((__, s) => (hides(t, s) ? -Infinity : 0))) });
const ofScore = { general: { weight: general }, location: { weight: location, bias: [0.5, -1, 0, 2] }, additive: { queryWeight, keyWeight, scoreVector } };
/** What each axis varies: options of attend by the pictures' names. */
const axes = {
  score: Object.fromEntries(['scaledDot', 'dot', 'sqrtNorm', 'cosine', 'general', 'additive', 'location'].map((score) => [score, { score, ...ofScore[score] }])),
  mask: {
    none: {}, causal: { mask: 'causal' }, window: { mask: additive((t, s) => Math.abs(s - t) > 1) },
    padding: { mask: additive((_, s) => s >= 2) }, free: { mask: additive((t, s) => painted[t][s] === 1) },
  },
  normalizer: Object.fromEntries(['softmax', 'sum', 'doubleSoftmax', 'sparsemax'].map((normalizer) => [normalizer, { normalizer }])),
  temperature: Object.fromEntries([0.1, 0.25, 0.5].map((temperature) => [temperature, { temperature }])),
};
const heads = { '1.1': [1, 0], '2.1': [2, 0], '2.2': [2, 1], '4.1': [4, 0], '4.2': [4, 1], '4.3': [4, 2], '4.4': [4, 3] };

/** Every picture of the comparison: its name, and all its numbers. */
async function compared(page) {
  const found = await page.$$eval('[data-mode="compare"] [data-picture]', (sections) => sections.map((section) => {
    const values = (selector) => [...section.querySelectorAll(selector)].map(({ dataset }) => dataset.value);
    return { id: section.dataset.picture, weights: values('[data-what="weights"] [data-value]'), entropy: values('li'), difference: values('[data-what="difference"] [data-value]'), most: values('.note b')[0] };
  }));
  return found.map(({ id, most, ...lists }) => ({ id, most: Number(most), ...Object.fromEntries(Object.entries(lists).map(([name, all]) => [name, all.map(Number)])) }));
}

/** expected: weights [T,S] by picture, in order; the others differ from `reference` as they should. */
async function agrees(page, expected, reference = Object.keys(expected)[0]) {
  const shown = await compared(page);
  assert.deepEqual(shown.map(({ id }) => id), Object.keys(expected));
  for (const { id, weights, entropy: h, difference, most } of shown) {
    close(weights, expected[id], `weights of ${id}`);
    // Negative weights have none.
    const rows = expected[id].map((row) => (row.some((w) => w < 0) ? NaN : entropy(row)));
    close(h, rows, `entropy of ${id}`);
    if (id === reference) {
      assert.deepEqual(difference, [], 'nothing is compared with itself');
      continue;
    }
    const apart = expected[id].flatMap((row, t) => row.map((x, s) => x - expected[reference][t][s]));
    close(difference, apart, `${id} less ${reference}`);
    close(most, Math.max(...apart.map(Math.abs)), 'the largest difference');
  }
}

for (const { browser: browserName, isolated, name } of turnedPairs) {
  describe(`lab, compare, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);
    const lab = (hash) => open(its.browser, its.home, `#view=lab&mode=compare&lang=en${hash}`);

    test('every score, mask, normaliser and temperature beside the first', async () => {
      for (const [axis, variants] of Object.entries(axes)) {
        const { page, verify } = await lab(`${inputs}&compare=${axis}&compare.${axis}=${Object.keys(variants).join()}`);
        await agrees(page, Object.fromEntries(Object.entries(variants).map(([id, options]) => [id, attend(q, k, v, options).weights])));
        await verify();
      }
    });

    test('heads, of one, two and four; and the head that is shown where something else is compared', async () => {
      const { page, verify } = await lab(`${inputs}&compare=heads&compare.heads=1,2,4&compare.with=2.2`);
      const weightsOf = (H, h, options) => attendHeads(H, q, k, v, options).weights[h];
      await agrees(page, Object.fromEntries(Object.entries(heads).map(([id, [H, h]]) => [id, weightsOf(H, h)])), '2.2');
      const second = await lab(`${inputs}&compare=mask&compare.mask=none,causal&heads=2&compare.head=2`);
      await agrees(second.page, { none: weightsOf(2, 1), causal: weightsOf(2, 1, { mask: 'causal' }) });
      await verify();
      await second.verify();
    });

    test('another reference, one cell in all pictures, and the address that shows the same', async () => {
      const { page, verify } = await lab(inputs);
      const expected = Object.fromEntries(['scaledDot', 'dot', 'cosine'].map((score) => [score, attend(q, k, v, { score }).weights]));
      await agrees(page, expected);
      await page.click('[data-picture="cosine"] button');
      await eventually(() => agrees(page, expected, 'cosine'));
      const all = Object.values(expected).map((weights) => weights[1][2]);
      const line = () => page.$$eval('[data-mode="compare"] .values b', (found) => found.map(({ dataset }) => Number(dataset.value)));
      await page.hover('[data-picture="dot"] [data-what="difference"] td[data-row="1"][data-column="2"]');
      await eventually(async () => close(await line(), all, 'the cell in each picture'));
      assert.equal((await page.$$('[data-mode="compare"] td.related')).length, 5, 'three weights, two differences');
      // By keyboard: from the first cell down and twice to the right, then locked.
      await page.focus('[data-picture="scaledDot"] td[tabindex="0"]');
      for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
      await eventually(() => assert.match(page.url(), /compare\.with=cosine&compare\.cell=1,2/));
      const again = await open(its.browser, its.home, new URL(page.url()).hash);
      await agrees(again.page, expected, 'cosine');
      close(await again.page.$$eval('[data-mode="compare"] .values b', (found) => found.map(({ dataset }) => Number(dataset.value))), all, 'the locked cell');
      await page.bringToFront();
      await page.keyboard.press('Escape');
      await eventually(() => assert.doesNotMatch(page.url(), /compare\.cell/));
      await again.verify();
      await verify();
    });

    test('a box ticked, the last one kept, reset; a sentence says who is sharpest and who is farthest', async () => {
      const { page, verify } = await lab(inputs);
      const box = (value) => `[data-mode="compare"] input[value="${value}"]`;
      const weights = (score) => attend(q, k, v, { score, ...ofScore[score] }).weights;
      await page.click(box('additive'));
      await eventually(() => agrees(page, { scaledDot: weights('scaledDot'), dot: weights('dot'), cosine: weights('cosine'), additive: weights('additive') }));
      for (const value of ['scaledDot', 'dot', 'additive']) await page.click(box(value));
      await eventually(() => agrees(page, { cosine: weights('cosine') }));
      assert.equal(await page.$eval(box('cosine'), (input) => input.disabled), true);
      assert.match(await text(page, '[data-mode="compare"] .summary'), /tick another/);
      await page.$$eval('[data-mode="compare"] button', (all) => all.find((button) => /Reset/.test(button.textContent)).click());
      await eventually(() => agrees(page, { scaledDot: weights('scaledDot'), dot: weights('dot'), cosine: weights('cosine') }));
      const mean = (score) => weights(score).map(entropy).reduce((a, b) => a + b, 0) / 3;
      const [least, most] = [mean('dot'), mean('cosine')].map((x) => x.toFixed(2));
      assert.match(await text(page, '[data-mode="compare"] .summary'), new RegExp(`^Most decided: dot \\(mean entropy ${least}\\d*\\); least: cosine \\(${most}\\d*\\)\\. Farthest from scaled dot is `));
      await verify();
    });

    test('what the core refuses is told in its place, and the others are there', async () => {
      const narrow = '&k=1,0;0,1;1,1;2,0&general=1,0;0,1;1,1;0,2';
      const { page, verify } = await lab(`&q=${written(q)}&v=${written(v)}${narrow}&compare.score=dot,general&compare.with=general`);
      assert.ok(await page.$('[data-picture="dot"] [data-code="SHAPE"]'));
      const { weights } = attend(q, [[1, 0], [0, 1], [1, 1], [2, 0]], v, { score: 'general', weight: [[1, 0], [0, 1], [1, 1], [0, 2]] });
      close((await compared(page)).at(-1).weights, weights, 'general');
      const broken = await lab(`${inputs}&compare=taste&compare.score=dot,none&compare.cell=1,x&compare.head=0`);
      await agrees(broken.page, Object.fromEntries(['scaledDot', 'dot', 'cosine'].map((score) => [score, attend(q, k, v, { score }).weights])));
      await broken.verify();
      await verify();
    });

    test('the modes are links, keep what they hold, and one undo goes for all', async () => {
      const { page, verify } = await open(its.browser, its.home, `#view=lab&lang=en${inputs}`);
      await page.click('nav[aria-label="Parts of the Lab"] a:nth-child(2)');
      await page.waitForSelector('[data-mode="compare"] [data-picture]');
      await settled(page);
      await page.$eval('[data-mode="compare"] input[value="mask"]', (input) => input.click());
      await page.waitForSelector('[data-picture="causal"]');
      await page.click('nav[aria-label="Parts of the Lab"] a:nth-child(4)');
      await page.waitForSelector('[data-mode="words"] [data-word]');
      await page.evaluate(() => history.back());
      await page.waitForSelector('[data-mode="compare"]:not([hidden]) [data-picture="causal"]');
      await page.keyboard.down('Control');
      await page.keyboard.press('z');
      await page.keyboard.up('Control');
      await page.waitForSelector('[data-picture="cosine"]');
      await verify();
    });
  });
}
