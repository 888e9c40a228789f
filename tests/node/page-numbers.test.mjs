// What people type and paste, read as numbers; and what they copy, written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSource } from '../../tools/lib/page-source.mjs';

const { formats, parseMatrix, parseNumber } = await pageSource("export * from './src/numbers.js'; export { formats } from './src/written.js'");

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

test('what is copied is pasted back as the same float32', () => {
  const matrices = {
    'whole numbers': [[1, 0], [-2, 300]],
    'float32 as the core gives them': [0.1, 1 / 3, -2.718281828, 1e-7, 6.02e23, -1.17549435e-38, 16777217].map((x) => [Math.fround(x), Math.fround(-x)]),
    'typed, with more digits than a float32 has': [[0.1, 0.123456789012, 1e-3]],
    'one cell': [[0.5]],
    'too wide for one line': Array.from({ length: 3 }, (_, r) => Array.from({ length: 32 }, (__, c) => Math.fround(Math.sin(r + c)))),
  };
  for (const [what, matrix] of Object.entries(matrices)) {
    for (const [name, write] of Object.entries(formats(matrix))) {
      const text = write();
      const { matrix: back } = parseMatrix(text);
      assert.deepEqual(back?.map((row) => row.map(Math.fround)), matrix.map((row) => row.map(Math.fround)), `${name}, ${what}: ${text}`);
    }
  }
});

test('each format in its own words', () => {
  const matrix = [[Math.fround(0.1), -Infinity], [-2, NaN]];
  assert.deepEqual(Object.fromEntries(Object.entries(formats(matrix)).map(([name, write]) => [name, write()])), {
    TSV: '0.1\t-inf\n-2\tnan',
    CSV: '0.1,-inf\n-2,nan',
    JSON: '[[0.1, null], [-2, null]]',
    NumPy: 'np.array([[0.1, -np.inf], [-2., np.nan]])',
    PyTorch: 'torch.tensor([[0.1, -torch.inf], [-2., torch.nan]])',
    LaTeX: '\\begin{bmatrix}\n0.1 & -\\infty \\\\\n-2 & \\mathrm{NaN}\n\\end{bmatrix}',
  });
  // Pasted, they are told by their place, and never taken for names of columns.
  for (const [name, write] of Object.entries(formats([[-Infinity, -Infinity], [1, 2]]))) {
    assert.equal(parseMatrix(write()).key, 'badCell', name);
  }
});
