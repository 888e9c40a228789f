// Cores to test on, numbers to test with, and how near is near enough.
import assert from 'node:assert/strict';
import { load } from '../../../dist/node.js';

/** float32's epsilon */
export const EPSILON = 2 ** -23;

/** The same binary with one thread and with two: its results must have the same bits. */
export const loadBoth = () => Promise.all([load({ threads: 1 }), load({ threads: 2 })]);

/** A stream of numbers in [-2, 2), each exactly a float32; the same for the same seed. */
export function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 12) / 2 ** 18 - 2;
  };
}

/** Nested arrays of such numbers. */
export function random(shape, next) {
  const [size, ...rest] = shape;
  return size === undefined ? next() : Array.from({ length: size }, () => random(rest, next));
}

/** epsilon·terms relative to max(1, |x|): float32 with `terms` roundings, against doubles. Shapes must agree too. */
export function close(actual, expected, what, terms = 16) {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), `${what}: an array expected, got ${actual}`);
    assert.equal(actual.length, expected.length, `${what}: length`);
    expected.forEach((value, i) => close(actual[i], value, `${what}[${i}]`, terms));
    return;
  }
  const fits = Object.is(actual, expected) || Math.abs(actual - expected) <= terms * EPSILON * Math.max(1, Math.abs(expected));
  assert.ok(fits, `${what}: ${actual} is not ${expected}`);
}

/** Equal to the last bit; NaN equals NaN. */
export function sameBits(one, other, what) {
  assert.deepEqual(one.shape, other.shape, what);
  const [a, b] = [one, other].map((tensor) => new Uint32Array(tensor.data().buffer));
  const at = a.findIndex((bits, i) => bits !== b[i]);
  assert.equal(at, -1, `${what}: element ${at} differs`);
}
