// Checks of what the module refuses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttnError } from '../../../dist/node.js';
import { close, loadBoth } from './numbers.mjs';

export const [attn, threaded] = await loadBoth();
export const q = [[0, 1], [1, 0], [0, 1]];
export const x = attn.tensor([[1, 2, 3], [4, 5, 6]]);
export const mha = { numHeads: 1, inProjWeight: attn.ones([6, 2]), outProjWeight: attn.eye(2) };
export const SDPA = 'scaledDotProductAttention';
export const MHA = 'multiHeadAttentionForward';

/** Calls f; checks its error, that nothing of it stays in memory, and that the core computes as before. */
export function refuses(f, { code, op, message, shapes }) {
  const [before, beforeThreaded] = [attn.memory(), threaded.memory()];
  let error;
  try {
    f();
  } catch (thrown) {
    error = thrown;
  }
  const what = `${f}: ${error?.stack ?? 'no error'}`;
  assert.ok(error instanceof AttnError && error instanceof Error, what);
  assert.deepEqual([error.name, error.code, error.op], ['AttnError', code, op], what);
  if (message instanceof RegExp) assert.match(error.message, message, what);
  else if (message) assert.equal(error.message, message);
  assert.ok(error.message.startsWith(`${op}: `) && error.message.length > op.length + 10, what);
  if (shapes) assert.deepEqual(error.shapes, shapes, what);
  assert.deepEqual([attn.memory(), threaded.memory()], [before, beforeThreaded], `${what}: bytes of tensors`);
  for (const core of [attn, threaded]) {
    close(core.scope(() => core.attend(q, q, q).weights.toArray())[0], [0.401112, 0.197776, 0.401112], 'attend goes on', 100);
  }
}
/** Rows of [code, op, f, the rest]. */
export const spell = (name, rows) => test(name, () => {
  for (const [code, op, f, rest] of rows) refuses(f, { code, op, ...rest });
});
/** f makes what it likes; in the end nothing of it may be left. */
export const tidy = (name, f) => test(name, () => {
  const before = attn.memory();
  attn.scope(f);
  assert.equal(attn.memory(), before, 'bytes of tensors');
});
