// The front door's words, and its first numbers, which stand in the page before the core has computed them.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { load } from '../../dist/node.js';
import { pageSource } from '../../tools/lib/page-source.mjs';

const { charactersOf, headOf, isKnown, run, SLOPE, starters, wordsOf } = await pageSource(`
  export * from './src/words/table.js';
  export { starters } from './src/views/home/first.js';
  export { default as run } from './src/views/home/worker.js';
`);
const first = JSON.parse(await readFile(new URL('../../web/src/views/home/first.json', import.meta.url), 'utf8'));

test('what the page begins with is what the core computes', async () => {
  const attn = await load({ threads: 1 });
  for (const [language, { text }] of Object.entries(starters)) {
    const words = wordsOf(text);
    assert.ok(words.every(isKnown), text);
    const computed = run(attn, { words, causal: false, temperature: 1 });
    for (const what of ['scores', 'weights']) {
      computed[what].forEach((row, t) => row.forEach((x, s) =>
        assert.ok(Math.abs(x - first[language][what][t][s]) <= 1e-6, `${language} ${what}[${t}][${s}]: ${x}, not ${first[language][what][t][s]}`)));
      assert.equal(first[language][what].flat().length, words.length ** 2);
    }
  }
});

test('Chinese is cut by the table, and by character where it knows none; other scripts at blanks; marks alone', () => {
  assert.deepEqual(wordsOf('我爱喝茶，但不喝咖啡'), ['我', '爱', '喝', '茶', '，', '但', '不', '喝', '咖啡']);
  assert.deepEqual(wordsOf('注意力很鑫'), ['注意力', '很', '鑫']);
  assert.deepEqual(wordsOf(' It’s  tea, and 咖啡! '), ['It’s', 'tea', ',', 'and', '咖啡', '!']);
  assert.deepEqual(wordsOf('   '), []);
  assert.deepEqual(charactersOf('喝牛奶, and coffee'), ['喝', '牛', '奶', ',', 'and', 'coffee']);
});

test('a word that the table has not looks for nothing: its attention goes by distance alone', async () => {
  const attn = await load({ threads: 1 });
  const words = ['zyx', 'tea', 'and'];
  assert.deepEqual(words.map(isKnown), [false, true, true]);
  const [row] = run(attn, { words, causal: false, temperature: 1 }).weights;
  const terms = [0, 1, 2].map((s) => Math.exp(-SLOPE * s));
  const sum = terms.reduce((a, b) => a + b);
  row.forEach((w, s) => assert.ok(Math.abs(w - terms[s] / sum) < 1e-6));
  assert.equal(headOf(words, true).bias[0][1], -Infinity);
});
