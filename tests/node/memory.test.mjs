// Memory: scopes, dropped tensors, and that ten thousand calls leave nothing behind, refused ones included.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../../dist/node.js';
import { node, root } from './support/package.mjs';

const attn = await load({ threads: 1 });

/** f makes tensors and must leave none but what it returns, which is freed here. */
function leavesNothing(f) {
  const before = attn.memory();
  f();
  assert.equal(attn.memory(), before, `${f}`);
}

test('memory counts the bytes of live tensors', () => {
  const before = attn.memory();
  const x = attn.zeros([10, 10]);
  assert.equal(attn.memory() - before, 400);
  const view = x.transpose(0, 1); // shares its elements
  assert.equal(attn.memory() - before, 400);
  x.dispose();
  assert.equal(attn.memory() - before, 400, 'the view keeps them');
  view.dispose();
  assert.equal(attn.memory(), before);
});

test('numbers as arguments and what an operator needs inside are freed at once', () => {
  const before = attn.memory();
  const results = attn.attend([[1, 2]], [[3, 4]], [[5, 6]], { mask: { additive: [[0]], padding: [1] }, score: 'general', weight: [[1, 0], [0, 1]] });
  assert.equal(attn.memory() - before, 4 * (1 + 1 + 1 + 1 + 2), 'the five results');
  for (const tensor of Object.values(results)) tensor.dispose();
  assert.equal(attn.memory(), before);
});

test('a scope frees all that it does not return', () => {
  leavesNothing(() => {
    let inside;
    const result = attn.scope(() => {
      inside = attn.ones([100]).add(1);
      return inside.sum();
    });
    assert.ok(inside.disposed);
    assert.equal(result.item(), 200);
    result.dispose();
  });
  leavesNothing(() => assert.equal(attn.scope(() => attn.ones([7]).sum().item()), 7));
});

test('tensors that a scope returns in arrays, objects, Maps and Sets survive', () => {
  leavesNothing(() => {
    const one = () => attn.ones([1]);
    const returned = attn.scope(() => {
      const result = { a: [one(), { b: one() }], map: new Map([['c', one()], ['d', [one()]]]), set: new Set([one()]), attention: attn.attend([[1]], [[1]], [[1]]), none: null };
      result.self = result;
      one();
      return result;
    });
    const kept = [returned.a[0], returned.a[1].b, returned.map.get('c'), returned.map.get('d')[0], ...returned.set, ...Object.values(returned.attention)];
    assert.equal(kept.length, 10);
    for (const tensor of kept) {
      assert.equal(tensor.disposed, false);
      assert.equal(tensor.item(), 1);
      tensor.dispose();
    }
  });
});

test('scopes nest: what the inner returns belongs to the outer', () => {
  leavesNothing(() => {
    let [dropped, passed] = [];
    const result = attn.scope(() => {
      passed = attn.scope(() => {
        dropped = attn.ones([5]);
        return dropped.add(1);
      });
      assert.deepEqual([dropped.disposed, passed.disposed], [true, false]);
      return passed.sum();
    });
    assert.ok(passed.disposed);
    assert.equal(result.item(), 10);
    result.dispose();
  });
});

test('a tensor from outside stays, one disposed inside is no matter', () => {
  leavesNothing(() => {
    const outside = attn.ones([3]);
    attn.scope(() => attn.ones([2]).dispose());
    attn.scope(() => void outside.add(1));
    assert.equal(attn.scope(() => outside), outside);
    assert.equal(outside.disposed, false);
    outside.dispose();
  });
});

test('a scope that throws frees all, throws on, and leaves the outer scope as it was', () => {
  leavesNothing(() => {
    const own = new Error('mine');
    let inside;
    attn.scope(() => {
      const mine = attn.ones([4]);
      assert.throws(() => attn.scope(() => { inside = attn.ones([9]); throw own; }), (error) => error === own);
      assert.deepEqual([inside.disposed, mine.disposed], [true, false]);
    });
  });
});

test('a scope refuses an asynchronous function, whose later failure stays quiet', async () => {
  let tensor;
  leavesNothing(() => {
    assert.throws(() => attn.scope(async () => {
      tensor = attn.ones([4]);
      await undefined;
      tensor.add(1); // freed by now: rejects
    }), { code: 'TYPE', op: 'scope', message: /must not be asynchronous/ });
  });
  assert.ok(tensor.disposed);
  await new Promise(setImmediate); // an unhandled rejection would fail this test
});

for (const threads of [1, 2]) {
  test(`10,000 calls and 10,000 refused ones leave the heap as it was (threads: ${threads})`, async () => {
    const child = await node(['--expose-gc', 'tests/node/support/leaks.mjs', `${threads}`], { cwd: root });
    assert.equal(child.code, 0, child.stderr);
    for (const [name, { calls, tensors, heap, buffers }] of Object.entries(JSON.parse(child.stdout))) {
      assert.equal(calls, 10_000, name);
      assert.equal(tensors, 0, `${name}: bytes of tensors`);
      // What training keeps from step to step changes places, so that its end wanders; 625 blocks of one leak would show.
      assert.ok(heap <= (name.startsWith('training') ? 4096 : 0), `${name}: growth of the core's own memory by ${heap}`);
      assert.ok(buffers < 2 ** 20, `${name}: ${buffers} bytes of array buffers`);
    }
  });
}

test('dropped tensors are collected in the end', async () => {
  const program = `
    const { load } = await import('./dist/node.js');
    const { setTimeout: sleep } = await import('node:timers/promises');
    const attn = await load({ threads: 1 });
    const kept = attn.ones([10]);
    for (let i = 0; i < 1000; i++) attn.attend([[i]], [[1]], [[1]]).output.add(kept);
    const most = attn.memory();
    for (let i = 0; i < 100 && attn.memory() > 40; i++) { gc(); await sleep(10); }
    console.log(JSON.stringify([most, attn.memory(), kept.sum().item()]));`;
  const child = await node(['--expose-gc', '--input-type=module', '--eval', program], { cwd: root });
  assert.equal(child.code, 0, child.stderr);
  const [most, left, sum] = JSON.parse(child.stdout);
  assert.ok(most > 40, 'they were there');
  assert.deepEqual([left, sum], [40, 10]);
});

test('elements are read where they are, though the copy of a view makes the memory grow', async () => {
  const own = await load({ threads: 1 });
  const kept = [];
  for (let n = 0; n < 60; n++) {
    // A megabyte each, and one for the copy: sooner or later it is the copy that has no room.
    const x = own.arange(0, 2 * 131072).reshape([2, 131072]);
    kept.push(x);
    const data = x.transpose(0, 1).data();
    assert.deepEqual([data.length, data[0], data[1], data.at(-1)], [262144, 0, 131072, 262143]);
  }
  own.dispose();
});
