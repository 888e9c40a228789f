// What people type and paste, read as numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSource } from './support/page.mjs';

const { parseMatrix, parseNumber } = await pageSource("export * from './src/numbers.js'");

test('numbers as they are typed', () => {
  for (const [text, x] of [['1', 1], ['−2.5', -2.5], ['－２', -2], ['１２', 12], ['.5', 0.5], ['1.', 1], ['1e-3', 1e-3], ['1/4', 0.25], [' -3 / 2 ', -1.5]]) {
    assert.equal(parseNumber(text), x, text);
  }
  for (const text of ['', '1,5', '1/0', '1/2/3', 'x', '--1', '1e99', 'Infinity']) assert.equal(typeof parseNumber(text).key, 'string', text);
});

test('matrices as programs print and people write them', () => {
  const expected = [[1, 2.5], [-3, 4]];
  const ways = {
    JSON: '[[1, 2.5], [-3, 4]]',
    NumPy: '[[ 1.   2.5]\n [-3.   4. ]]',
    'NumPy, repr': 'array([[ 1. ,  2.5],\n       [-3. ,  4. ]], dtype=float32)',
    PyTorch: "tensor([[ 1.0000,  2.5000],\n        [-3.0000,  4.0000]], device='cuda:0', grad_fn=<MmBackward0>)",
    'a spreadsheet': '1\t2.5\n-3\t4',
    CSV: '1,2.5\n-3,4\n',
    blanks: '1 2.5\n-3   4',
    'decimal commas': '1;2,5\n-3;4',
    'decimal commas between tabs': '1\t2,5\r\n-3\t4',
    'full width': '１，２．５\n－３，４',
    fractions: '1, 5/2\n-3, 8/2',
  };
  for (const [way, text] of Object.entries(ways)) assert.deepEqual(parseMatrix(text), { matrix: expected, header: false }, way);
  assert.deepEqual(parseMatrix('a,b\n1,2.5\n-3,4'), { matrix: expected, header: true });
  assert.deepEqual(parseMatrix('[1, 2, 3]'), { matrix: [[1, 2, 3]], header: false });
});

test('what is no matrix is told by its place', () => {
  assert.deepEqual(parseMatrix(' \n'), { key: 'emptyPaste' });
  assert.deepEqual(parseMatrix('[[1, 2], [3, 4]'), { key: 'badJson' });
  assert.deepEqual(parseMatrix('1 2\n3'), { key: 'ragged', values: { row: 2, count: 1, width: 2 } });
  assert.deepEqual(parseMatrix('1 2\n3 x'), { key: 'badCell', values: { row: 2, column: 2, text: 'x' } });
  assert.deepEqual(parseMatrix('1\n'.repeat(33)), { key: 'tooBig', values: { rows: 33, columns: 1, most: 32 } });
});
