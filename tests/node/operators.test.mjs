// Every operator against plain JavaScript doubles; changes of shape and reductions are in shape.test.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matmul, softmax, transpose } from '../reference.mjs';
import { close, loadBoth, numbers, random, sameBits } from './support/numbers.mjs';

const [attn, threaded] = await loadBoth();

const erf = (x) => { // the series, which converges fast for |x| < 2
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
};
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const unary = {
  neg: (x) => -x, exp: Math.exp, log: Math.log, sqrt: Math.sqrt, tanh: Math.tanh, sigmoid, relu: (x) => Math.max(x, 0),
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)), silu: (x) => x * sigmoid(x),
};
const binary = { add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b, pow: (a, b) => a ** b };

for (const [name, f] of Object.entries(unary)) {
  test(`${name} is elementwise`, () => {
    const next = numbers(1);
    const positive = name === 'log' || name === 'sqrt';
    const x = random([3, 7], positive ? () => Math.abs(next()) + 0.25 : next);
    close(attn.tensor(x)[name]().toArray(), x.map((row) => row.map(f)), name);
    close(attn.tensor(x).transpose(0, 1)[name]().toArray(), transpose(x).map((row) => row.map(f)), `${name}, transposed`);
  });
}

for (const [name, f] of Object.entries(binary)) {
  test(`${name} broadcasts`, () => {
    const next = numbers(2);
    const positive = name === 'pow' ? () => Math.abs(next()) + 0.25 : next;
    const away = name === 'div' ? () => next() + 5 : next; // from zero
    const x = random([3, 4], positive);
    const [whole, row, column, scalar, deep] = [[3, 4], [4], [3, 1], [], [2, 1, 4]].map((shape) => random(shape, away));
    const pairs = (pick) => x.map((line, i) => line.map((value, j) => f(value, pick(i, j))));
    const check = (other, expected, what) => close(attn.tensor(x)[name](other).toArray(), expected, `${name}, ${what}`, 32);
    check(whole, pairs((i, j) => whole[i][j]), 'same shape');
    check(attn.tensor(whole), pairs((i, j) => whole[i][j]), 'tensor');
    check(attn.tensor(transpose(whole)).transpose(0, 1), pairs((i, j) => whole[i][j]), 'transposed');
    check(row, pairs((i, j) => row[j]), 'row');
    check(Float32Array.from(row), pairs((i, j) => row[j]), 'typed row');
    check(column, pairs((i) => column[i][0]), 'column');
    check(scalar, pairs(() => scalar), 'scalar');
    check(deep, deep.map(([line]) => pairs((i, j) => line[j])), 'more dimensions');
  });
}

test('matmul of matrices, vectors and batches', () => {
  const next = numbers(3);
  const [a, b, v, w] = [[3, 5], [5, 4], [5], [3]].map((shape) => random(shape, next));
  const product = matmul(a, b);
  close(attn.tensor(a).matmul(b).toArray(), product, 'matrices');
  close(attn.tensor(v).matmul(b).toArray(), matmul([v], b)[0], 'vector · matrix');
  close(attn.tensor(a).matmul(v).toArray(), matmul(a, v.map((x) => [x])).flat(), 'matrix · vector');
  close(attn.tensor(w).matmul(w).toArray(), w.reduce((sum, x) => sum + x * x, 0), 'vector · vector');
  close(attn.tensor([a, a]).matmul(b).toArray(), [product, product], 'batch · matrix');
  close(attn.tensor([[a], [a]]).matmul([b, b, b]).toArray(), [0, 1].map(() => [product, product, product]), 'batches broadcast');
  close(attn.tensor(transpose(a)).transpose(0, 1).matmul(attn.tensor(transpose(b)).transpose(-1, -2)).toArray(), product, 'transposed');
});

test('softmax and logSoftmax along any dimension', () => {
  const next = numbers(4);
  const x = random([3, 4], next);
  const log = (rows) => rows.map((row) => row.map(Math.log));
  close(attn.tensor(x).softmax().toArray(), x.map(softmax), 'last');
  close(attn.tensor(x).softmax(0).toArray(), transpose(transpose(x).map(softmax)), 'first');
  close(attn.tensor(x).softmax(-2).toArray(), transpose(transpose(x).map(softmax)), 'last but one');
  close(attn.tensor(x).logSoftmax().toArray(), log(x.map(softmax)), 'log, last');
  close(attn.tensor(x).logSoftmax(0).toArray(), log(transpose(transpose(x).map(softmax))), 'log, first');
  assert.deepEqual(attn.tensor([[-Infinity, -Infinity]]).softmax().toArray(), [[0, 0]]);
  close(attn.tensor([1000, 1001]).softmax().toArray(), softmax([0, 1]), 'large');
});

test('one thread and two give the same bits on larger tensors', () => {
  const results = [attn, threaded].map((core) => {
    core.manualSeed(9);
    const [x, y] = [core.randn([150, 333]), core.randn([333, 170])];
    return {
      x, gelu: x.gelu(), add: x.add(x.slice(0, 0, 1)), matmul: x.matmul(y), softmax: x.softmax(), first: x.softmax(0),
      sum: x.sum(), rows: x.mean(1), columns: x.sum(0), max: x.max(0), index: y.index([5, 5, 0]), transposed: x.transpose(0, 1).exp(),
    };
  });
  for (const name of Object.keys(results[0])) sameBits(results[0][name], results[1][name], name);
});
