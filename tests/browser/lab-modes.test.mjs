// The lab's other modes against plain double precision: settings side by side, positions, words.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load } from '../../dist/node.js';
import { alibi, attend, attendHeads, entropy, matmul, rotary, sinusoidal, transpose } from '../reference.mjs';
import { pageSource } from '../../tools/lib/page-source.mjs';
import { browserAndSite, choose, close, eventually, matrix, open, settled, text, turnedPairs, type } from './support/harness.mjs';

const { headOf, wordsOf, charactersOf } = await pageSource(`export * from './src/words/table.js';`);
const attn = await load({ threads: 1 });

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

const means = (values) => values[0].map((_, d) => {
  const found = values.flatMap((row, t) => row.filter((__, s) => Math.abs(t - s) === d));
  return found.reduce((a, b) => a + b, 0) / found.length;
});
const filled = (rows, columns, x) => Array.from({ length: rows }, () => new Array(columns).fill(x));
const plus = (a, b) => a.map((row, i) => row.map((x, j) => x + b[i][j]));

/** What the positions' pictures and curves must hold: those that there are, by name. */
function positionsOf(kind, { length = 16, dim = 16, base = 10000, heads: H = 4, head = 0, content } = {}) {
  const [queries, keys] = content ?? [0, 0].map(() => filled(length, dim, ['sinusoidal', 'learned'].includes(kind) ? 0 : 1));
  const weights = (a, b, mask = 'none') => attend(a, b, b, { mask }).weights;
  const without = weights(queries, keys);
  const [T, D] = [queries.length, queries[0].length];
  if (kind === 'none') return { without, with: without };
  if (kind === 'alibi') {
    const own = alibi(H, head, T);
    return { own, alike: own, without, with: weights(queries, keys, { additive: own }) };
  }
  if (kind === 'rotary') {
    const ones = rotary(filled(T, D, 1), base);
    const half = D / 2;
    const own = rotary(filled(T, D, 1).map((row) => row.fill(0, half)), base).map((row) => row.slice(0, half).map((x, i) => Math.atan2(row[half + i], x)));
    return { own, alike: matmul(ones, transpose(ones)), without, with: weights(rotary(queries, base), rotary(keys, base)) };
  }
  attn.manualSeed(1);
  const own = kind === 'sinusoidal' ? sinusoidal(T, D) : attn.nn.learned({ numPositions: T, embeddingDim: D }).weight.toArray();
  return { own, alike: matmul(own, transpose(own)), without, with: weights(plus(queries, own), plus(keys, own)) };
}

/** The curves' numbers, walked along by keyboard: { alike, without, with }, those that there are. */
async function byDistance(page, count) {
  const found = {};
  for (const what of ['alike', 'with']) {
    const curves = `[data-mode="positions"] [data-what="${what}-by-distance"]`;
    if (!(await page.$(curves))) continue;
    await page.focus(curves);
    await page.keyboard.press('Home');
    for (let d = 0; d < count; d++) {
      const shown = await eventually(async () => {
        const all = await page.$$eval('[data-mode="positions"] [data-distance]', (found) => found.map(({ dataset }) => ({ ...dataset })));
        assert.equal(Number(all[0]?.distance), d);
        return all;
      }, 2000);
      for (const { series, value } of shown) (found[series] ??= []).push(Number(value));
      await page.keyboard.press('ArrowRight');
    }
    await page.evaluate(() => document.activeElement.blur());
  }
  return found;
}

const pointedAt = (page) => page.$$eval('[data-mode="positions"] .values b', (all) => Object.fromEntries(all.map(({ dataset }) => [dataset.of, Number(dataset.value)])));

async function agreesOnPositions(page, kind, options) {
  const { own, ...expected } = positionsOf(kind, options);
  const shown = await byDistance(page, means(expected.with).length);
  if (kind === 'none') assert.equal(shown.alike, undefined);
  for (const [name, values] of Object.entries(expected)) close(shown[name], means(values), `${kind}, ${name} by distance`);
}

async function agreesOnWords(page, words, { causal = false, temperature = 1 } = {}) {
  const { query, key, bias } = headOf(words, causal);
  const shown = await matrix(page, '[data-mode="words"] [data-what="weights"]');
  close(shown, attend(query, key, key, { mask: { additive: bias }, temperature }).weights, 'weights of the words');
}

const frame = (what) => `[data-mode="positions"] [data-what="${what}"]`;

for (const { browser: browserName, isolated, name } of turnedPairs) {
  describe(`lab's modes, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);
    const mode = (which, hash = '') => open(its.browser, its.home, `#view=lab&mode=${which}&lang=en${hash}`);

    test('compare: every score, mask, normaliser and temperature beside the first', async () => {
      for (const [axis, variants] of Object.entries(axes)) {
        const { page, verify } = await mode('compare', `${inputs}&compare=${axis}&compare.${axis}=${Object.keys(variants).join()}`);
        await agrees(page, Object.fromEntries(Object.entries(variants).map(([id, options]) => [id, attend(q, k, v, options).weights])));
        await verify();
      }
    });

    test('compare: heads, of one, two and four; and the head that is shown where something else is compared', async () => {
      const { page, verify } = await mode('compare', `${inputs}&compare=heads&compare.heads=1,2,4&compare.with=2.2`);
      const weightsOf = (H, h, options) => attendHeads(H, q, k, v, options).weights[h];
      await agrees(page, Object.fromEntries(Object.entries(heads).map(([id, [H, h]]) => [id, weightsOf(H, h)])), '2.2');
      const second = await mode('compare', `${inputs}&compare=mask&compare.mask=none,causal&heads=2&compare.head=2`);
      await agrees(second.page, { none: weightsOf(2, 1), causal: weightsOf(2, 1, { mask: 'causal' }) });
      await verify();
      await second.verify();
    });

    test('compare: another reference, one cell in all pictures, and the address that shows the same', async () => {
      const { page, verify } = await mode('compare', inputs);
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

    test('compare: a box ticked, the last one kept, reset; a sentence says who is sharpest and who is farthest', async () => {
      const { page, verify } = await mode('compare', inputs);
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

    test('compare: what the core refuses is told in its place, and the others are there', async () => {
      const narrow = '&k=1,0;0,1;1,1;2,0&general=1,0;0,1;1,1;0,2';
      const { page, verify } = await mode('compare', `&q=${written(q)}&v=${written(v)}${narrow}&compare.score=dot,general&compare.with=general`);
      assert.ok(await page.$('[data-picture="dot"] [data-code="SHAPE"]'));
      const { weights } = attend(q, [[1, 0], [0, 1], [1, 1], [2, 0]], v, { score: 'general', weight: [[1, 0], [0, 1], [1, 1], [0, 2]] });
      close((await compared(page)).at(-1).weights, weights, 'general');
      const broken = await mode('compare', `${inputs}&compare=taste&compare.score=dot,none&compare.cell=1,x&compare.head=0`);
      await agrees(broken.page, Object.fromEntries(['scaledDot', 'dot', 'cosine'].map((score) => [score, attend(q, k, v, { score }).weights])));
      await broken.verify();
      await verify();
    });

    test('positions: each kind, its picture cell by cell, and its effect', async () => {
      const { page, verify } = await mode('positions', '&positions.cell=3,5');
      for (const kind of ['sinusoidal', 'rotary', 'alibi', 'learned', 'none']) {
        await page.$eval(`[data-mode="positions"] input[value="${kind}"]`, (input) => input.click());
        await eventually(() => agreesOnPositions(page, kind));
        const expected = positionsOf(kind);
        await eventually(async () => {
          const { own, ...pair } = await pointedAt(page);
          assert.deepEqual(Object.keys(pair).sort(), Object.keys(expected).filter((what) => what !== 'own').sort());
          for (const [what, x] of Object.entries(pair)) close(x, expected[what][3][5], `${kind}, ${what}`);
        });
        assert.equal(Boolean(await page.$(frame('own'))), kind !== 'none');
        if (kind === 'none') continue;
        // Through the picture by keyboard: the first key shows where one is.
        await page.focus(frame('own'));
        for (const [row, column] of [[0, 0], [0, 1], [0, 2], [1, 2], [2, 2]]) {
          await page.keyboard.press(row === 0 ? 'ArrowRight' : 'ArrowDown');
          await eventually(async () => close((await pointedAt(page)).own, expected.own[row][column], `${kind} at ${row},${column}`));
        }
        await page.evaluate(() => document.activeElement.blur());
      }
      await verify();
    });

    test('positions: length, features, base, slopes; a bad length changes nothing; the sentence; the address', async () => {
      const { page, verify } = await mode('positions', '&positions=rotary');
      await type(page, '[data-mode="positions"] .field input[type="text"]', '9');
      await choose(page, '8');
      const base = '[data-mode="positions"] .field:not(:has([type="range"])) input[type="text"]';
      await type(page, base, '100');
      const options = { length: 9, dim: 8, base: 100 };
      await eventually(() => agreesOnPositions(page, 'rotary', options));
      await type(page, '[data-mode="positions"] .field input[type="text"]', '3');
      assert.equal(await page.$eval('[data-mode="positions"] .field input[type="text"]', (input) => input.getAttribute('aria-invalid')), 'true');
      await agreesOnPositions(page, 'rotary', options);
      await type(page, '[data-mode="positions"] .field input[type="text"]', '9');
      const { with: weights } = positionsOf('rotary', options);
      const mean = (fits) => {
        const found = weights.flatMap((row, t) => row.filter((_, s) => fits(Math.abs(t - s))));
        return found.reduce((a, b) => a + b, 0) / found.length;
      };
      const percents = [mean((d) => d === 0), mean((d) => d === 1), mean((d) => d >= 5)].map((x) => 100 * x);
      const told = (await text(page, '[data-mode="positions"] .summary')).match(/\d+(\.\d+)?(?=%)/g).map(Number);
      percents.forEach((x, i) => assert.ok(Math.abs(told[i] - x) <= 0.5, `${told[i]}% instead of ${x}%`));
      await page.focus(frame('with'));
      for (const key of ['ArrowRight', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
      await eventually(() => assert.match(page.url(), /positions=rotary&positions\.length=9&positions\.dim=8&positions\.base=100&positions\.cell=1,0/));
      const again = await open(its.browser, its.home, new URL(page.url()).hash);
      await agreesOnPositions(again.page, 'rotary', options);
      close((await pointedAt(again.page)).with, weights[1][0], 'the locked pair');
      await again.verify();
      const slopes = await mode('positions', '&positions=alibi&positions.heads=8&positions.head=3&positions.length=1e9');
      await agreesOnPositions(slopes.page, 'alibi', { heads: 8, head: 2 });
      await slopes.verify();
      await verify();
    });

    test('positions: on the lab’s own queries and keys', async () => {
      const square = [...q, [0.5, 0, 1, -1]];
      for (const kind of ['sinusoidal', 'rotary', 'alibi', 'learned']) {
        const { page, verify } = await mode('positions', `&q=${written(square)}&k=${written(k)}&mask=causal&temperature=5&positions.content=lab&positions=${kind}`);
        await agreesOnPositions(page, kind, { content: [square, k] });
        await verify();
      }
      const odd = await mode('positions', '&q=1,2,3;0,1,0&k=1,1,0;0,0,1&v=1;2&positions.content=lab&positions=rotary');
      assert.ok(await odd.page.$('[data-mode="positions"] [data-code="SHAPE"]'), 'an odd number of features cannot be turned in pairs');
      await odd.verify();
    });

    test('words: weights as lines and as matrix, linked; the features that they come from', async () => {
      const { page, verify } = await mode('words');
      const words = ['Children', 'like', 'sweet', 'apples', 'but', 'never', 'eat', 'old', 'bread'];
      await agreesOnWords(page, words);
      assert.match(await text(page, '[data-mode="words"] .summary'), /^“never” gives \d+% of its attention to “eat”\./);
      const related = () => page.$$eval('[data-mode="words"] td.related', (all) => [...new Set(all.map(({ dataset }) => Number(dataset.row)))]);
      assert.deepEqual(await related(), [5]);
      await page.hover('[data-mode="words"] [data-word="2"]');
      await eventually(async () => assert.deepEqual(await related(), [2]));
      assert.equal(await page.$$eval('[data-mode="words"] path.chosen', (all) => all.every(({ dataset }) => dataset.t === '2')), true);
      await page.click('[data-mode="words"] [data-what="weights"] td[data-row="8"][data-column="6"]');
      await page.hover('.brand');
      await eventually(async () => assert.match(await text(page, '[data-mode="words"] .summary'), /^“bread” gives \d+% of its attention to “eat”\./));
      const { query, key } = headOf(words, false);
      const rows = [query[8], key[6], query[8].map((x, i) => x * key[6][i])];
      close(await matrix(page, '[data-mode="words"] [data-what="features"]'), rows, 'what bread seeks, what eat is, their product');
      await eventually(() => assert.match(page.url(), /words\.cell=8,6/));
      await verify();
    });

    test('words: typed, cut by word or by character, masked, at a temperature; the address; too many and none', async () => {
      const { page, verify } = await mode('words');
      const sentence = '我喝牛奶，但 she drinks tea';
      await type(page, '#lab-words', sentence);
      await eventually(() => agreesOnWords(page, wordsOf(sentence)));
      await page.$eval('[data-mode="words"] input[value="character"]', (input) => input.click());
      await eventually(() => agreesOnWords(page, charactersOf(sentence)));
      assert.match(await text(page, '[data-mode="words"]'), /Not in the table: 牛\./);
      await page.$eval('[data-mode="words"] input[value="causal"]', (input) => input.click());
      await type(page, '[data-mode="words"] .field:not(.sentence) input[type="text"]', '0.5');
      const options = { causal: true, temperature: 0.5 };
      await eventually(() => agreesOnWords(page, charactersOf(sentence), options));
      await type(page, '[data-mode="words"] .field:not(.sentence) input[type="text"]', '-1');
      await agreesOnWords(page, charactersOf(sentence), options);
      await eventually(() => assert.match(page.url(), /words\.by=character&words\.mask=causal&words\.temperature=0\.5/));
      const again = await open(its.browser, its.home, new URL(page.url()).hash);
      await agreesOnWords(again.page, charactersOf(sentence), options);
      await again.verify();
      const many = await mode('words', `&words=${'tea '.repeat(40).trim().replaceAll(' ', '%20')}`);
      assert.equal((await many.page.$$('[data-mode="words"] [data-word]')).length, 32);
      assert.match(await text(many.page, '[data-mode="words"]'), /first 32 tokens/);
      await many.verify();
      const none = await mode('words', '&words=%20');
      assert.match(await text(none.page, '[data-mode="words"]'), /Write a sentence/);
      await none.verify();
      await verify();
    });

    test('the modes are links, keep what they hold, and one undo goes for all', async () => {
      const { page, verify } = await mode('equation', inputs);
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
