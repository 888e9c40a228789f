// What pictures write is legible: names of curves beside one another, words above a matrix each over its own column.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSource } from '../../tools/lib/page-source.mjs';

const { Curves, HeatMaps, tileOf, widthOf, painter } = await pageSource(`
  export { Curves } from './src/draw/curves.js';
  export { HeatMaps, tileOf } from './src/draw/heatmaps.js';
  export { painter } from './src/draw/colour.js';
  export { widthOf } from './src/draw/surface.js';
`);

// Colours are read from the style sheet, of which there is none.
globalThis.document = { documentElement: {} };
globalThis.getComputedStyle = () => ({ getPropertyValue: (name) => (name.endsWith('stops') ? '#000000, #808080, #ffffff' : '#000000') });
const paint = painter();

/** The texts that a picture writes. */
function written(picture) {
  const texts = [];
  const surface = { rect() {}, path() {}, pixels() {}, group: (x, y, draw) => draw(), text: (text, x, y, style) => texts.push({ text, x, y, ...style }) };
  const palette = { paint, ink: 'ink', muted: 'muted', line: 'line', edge: 'edge', accent: 'accent', card: 'card' };
  picture.draw(surface, palette, { preview: null, locked: null, related: () => false }, { x: 0, y: 0, width: picture.width, height: picture.height, scale: 1 });
  return texts;
}

test('the names of curves stand clear of one another, in as many lines as they need', () => {
  for (const [width, lines] of [[330, 3], [430, 2], [900, 1]]) {
    const names = ['loss, training', 'loss, unseen patterns', 'accuracy, unseen patterns', '留出句式的损失'];
    const picture = new Curves('t', [1, 2], names.map((name, i) => ({ name, values: [i, i + 1] })), { x: { name: 'epoch' }, y: { name: 'loss and accuracy' } }, String, width);
    const found = written(picture).filter(({ text }) => [...names, 'loss and accuracy'].includes(text)).sort((a, b) => a.y - b.y || a.x - b.x);
    assert.equal(found.length, names.length + 1);
    assert.equal(new Set(found.map(({ y }) => y)).size, lines, `${width}`);
    found.forEach(({ text, x, y }, i) => {
      assert.ok(x + widthOf(text) <= width, `${text} ends within ${width}`);
      const next = found[i + 1];
      assert.ok(next?.y !== y || x + widthOf(text) < next.x, `${text} and ${next?.text}`);
    });
    const top = Math.min(...written(picture).filter(({ text }) => /^[\d.]+$/.test(text)).map(({ y }) => y));
    assert.ok(top > found.at(-1).y, 'the axis begins below');
  }
});

test('words above a matrix stand upright, each over its own column, below the matrix’s name', () => {
  const words = Array.from({ length: 20 }, (_, i) => (i % 2 ? 'kitchen' : 'a'));
  const matrix = words.map(() => words.map(() => 0.05));
  const texts = written(new HeatMaps('t', [[tileOf('name', matrix, 'weights', 1, { rowNames: words, columnNames: words, upright: true })]], () => ''));
  const upright = texts.filter((text) => text.upright);
  assert.deepEqual(upright.map(({ text }) => text), words);
  upright.forEach(({ x }, i) => assert.ok(i === 0 || x - upright[i - 1].x >= 12, 'a line of letters apart'));
  const { y } = texts.find(({ text }) => text === 'name');
  assert.ok(upright.every((word) => word.y - widthOf(word.text) > y + 6), 'the name is clear of them');
  const flat = written(new HeatMaps('t', [[tileOf('', matrix, 'weights', 1, { columnNames: words })]], () => ''));
  assert.ok(flat.every((text) => !text.upright));
});
