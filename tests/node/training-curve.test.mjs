// A GPT of 0.8 million parameters on a text of a megabyte learns along the same curve here as natively
// (tests/native/training_curve_test.cpp), up to what rounding explains.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from '../../dist/node.js';
import { trainingCurve } from './support/training-curve.mjs';

const golden = JSON.parse(readFileSync(new URL('../golden/training_curve.json', import.meta.url), 'utf8'));

for (const threads of [1, 2]) {
  test(`the loss falls along the golden curve, threads: ${threads}`, async (t) => {
    const attn = await load({ threads });
    const { losses, parameters } = trainingCurve(attn, golden.losses.length);
    assert.equal(parameters, golden.parameters);
    assert.ok(losses.at(-1) < 0.75 * losses[0], 'it learns');
    const differences = losses.map((loss, step) => Math.abs(loss - golden.losses[step]));
    differences.forEach((difference, step) => assert.ok(difference <= golden.spread[step], `step ${step}: off by ${difference}`));
    t.diagnostic(`largest difference of a loss: ${Math.max(...differences)}`);
  });
}
