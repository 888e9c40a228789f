// The lab's positions against plain double precision: their picture, how alike they are, what they do to the weights.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load } from '../../dist/node.js';
import { alibi, attend, matmul, rotary, sinusoidal, transpose } from '../reference.mjs';
import { browserAndSite, choose, close, eventually, open, text, turnedPairs, type } from './support/harness.mjs';

const attn = await load({ threads: 1 });

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

/**
 * The curves' numbers, walked along by their keys: { alike, without, with }, those that there are. The page presses them
 * itself: asked one by one, Firefox took a quarter of a minute for what is one question.
 */
async function byDistance(page) {
  const found = await page.evaluate(async () => {
    const all = {};
    for (const curves of document.querySelectorAll('[data-mode="positions"] [data-what$="-by-distance"]')) {
      const press = async (key) => {
        curves.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
        await new Promise((resolve) => { setTimeout(resolve); });
        return [...curves.closest('figure').querySelectorAll('[data-distance]')].map(({ dataset }) => ({ ...dataset }));
      };
      let at = -1;
      for (let shown = await press('Home'); Number(shown[0].distance) !== at; shown = await press('ArrowRight')) {
        at += 1;
        for (const { distance, series, value } of shown) (all[series] ??= [])[distance] = value;
      }
    }
    return all;
  });
  return Object.fromEntries(Object.entries(found).map(([series, values]) => [series, values.map(Number)]));
}

const pointedAt = (page) => page.$$eval('[data-mode="positions"] .values b', (all) => Object.fromEntries(all.map(({ dataset }) => [dataset.of, Number(dataset.value)])));

async function agrees(page, kind, options) {
  const { own, ...expected } = positionsOf(kind, options);
  const shown = await byDistance(page);
  if (kind === 'none') assert.equal(shown.alike, undefined);
  for (const [name, values] of Object.entries(expected)) close(shown[name], means(values), `${kind}, ${name} by distance`);
}

const frame = (what) => `[data-mode="positions"] [data-what="${what}"]`;

for (const { browser: browserName, isolated, name } of turnedPairs) {
  describe(`lab, positions, ${name}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, isolated);
    const lab = (hash) => open(its.browser, its.home, `#view=lab&mode=positions&lang=en${hash}`);

    test('each kind, its picture cell by cell, and its effect', async () => {
      const { page, verify } = await lab('&positions.cell=3,5');
      for (const kind of ['sinusoidal', 'rotary', 'alibi', 'learned', 'none']) {
        await page.$eval(`[data-mode="positions"] input[value="${kind}"]`, (input) => input.click());
        await eventually(() => agrees(page, kind));
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
      // And through a curve, by a person's keys.
      await page.focus(frame('with-by-distance'));
      for (const [key, d] of [['Home', 0], ['ArrowRight', 1], ['End', 15], ['ArrowLeft', 14]]) {
        await page.keyboard.press(key);
        await eventually(async () => assert.deepEqual(await page.$$eval('[data-distance]', (all) => [...new Set(all.map(({ dataset }) => Number(dataset.distance)))]), [d]));
      }
      await verify();
    });

    test('length, features, base, slopes; a bad length changes nothing; the sentence; the address', async () => {
      const { page, verify } = await lab('&positions=rotary');
      await type(page, '[data-mode="positions"] .field input[type="text"]', '9');
      await choose(page, '8');
      const base = '[data-mode="positions"] .field:not(:has([type="range"])) input[type="text"]';
      await type(page, base, '100');
      const options = { length: 9, dim: 8, base: 100 };
      await eventually(() => agrees(page, 'rotary', options));
      await type(page, '[data-mode="positions"] .field input[type="text"]', '3');
      assert.equal(await page.$eval('[data-mode="positions"] .field input[type="text"]', (input) => input.getAttribute('aria-invalid')), 'true');
      await agrees(page, 'rotary', options);
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
      await agrees(again.page, 'rotary', options);
      close((await pointedAt(again.page)).with, weights[1][0], 'the locked pair');
      await again.verify();
      const slopes = await lab('&positions=alibi&positions.heads=8&positions.head=3&positions.length=1e9');
      await agrees(slopes.page, 'alibi', { heads: 8, head: 2 });
      await slopes.verify();
      await verify();
    });

    test('on the lab’s own queries and keys', async () => {
      const written = (rows) => rows.map((row) => row.join()).join(';');
      const q = [[1, -0.5, 2, 0], [0, 1, -1, 0.5], [2, 0, 0.25, 1], [0.5, 0, 1, -1]];
      const k = [[0.5, 1, 0, -1], [1, 1, 2, 0], [-1, 0.25, 1, 2], [0, -2, 1, 0.5]];
      for (const kind of ['sinusoidal', 'rotary', 'alibi', 'learned']) {
        const { page, verify } = await lab(`&q=${written(q)}&k=${written(k)}&mask=causal&temperature=5&positions.content=lab&positions=${kind}`);
        await agrees(page, kind, { content: [q, k] });
        await verify();
      }
      const odd = await lab('&q=1,2,3;0,1,0&k=1,1,0;0,0,1&v=1;2&positions.content=lab&positions=rotary');
      assert.ok(await odd.page.$('[data-mode="positions"] [data-code="SHAPE"]'), 'an odd number of features cannot be turned in pairs');
      await odd.verify();
    });
  });
}
