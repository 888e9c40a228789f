// When the core itself stops, by a trap or a stack that ran out, the module says so and refuses from then on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { load } from '../../dist/node.js';
import { loadOpen } from './support/open.mjs';

function assertStopped(attn, x, why) {
  const uses = {
    exp: () => x.exp(), tensor: () => attn.tensor([1]), attend: () => attn.attend([[1]], [[1]], [[1]]), data: () => x.toArray(),
    memory: () => attn.memory(), zeros: () => attn.zeros([1]), sinusoidal: () => attn.nn.sinusoidal({ length: 1, dim: 1 }),
  };
  for (const [op, f] of Object.entries(uses)) {
    assert.throws(f, (error) => error.code === 'INTERNAL' && error.op === op && why.test(error.message) && /load\(\) a new one/.test(error.message), op);
  }
  x.dispose(); // harmless still
  assert.equal(attn.scope(() => 5), 5);
}

for (const threads of [1, 2]) {
  test(`after a trap the core refuses, others go on (threads: ${threads})`, async () => {
    const { attn, exports } = await loadOpen({ threads });
    const x = attn.tensor([[1, 2], [3, 4]]);
    attn.scope(() => void attn.attend(x, x, x)); // the glue keeps what it has called
    const table = Object.values(exports).find((value) => value instanceof WebAssembly.Table);
    for (let i = 0; i < table.length; i++) table.set(i, null); // every call through a pointer traps
    assert.throws(() => attn.attend(x, x, x), (error) => error.code === 'INTERNAL' && error.op === 'attend'
      && /the core stopped \(.+\); load\(\) a new one/.test(error.message) && error.cause instanceof WebAssembly.RuntimeError);
    assertStopped(attn, x, /the core stopped earlier \(.+\)/);
    const fresh = await load({ threads });
    assert.deepEqual(fresh.tensor([1, 2]).add(1).toArray(), [2, 3]);
  });
}

test('tensors of a stopped core that are dropped do not call into it', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  let uncaught;
  process.once('uncaughtException', (error) => { uncaught = error; });
  await (async () => {
    const { attn, exports } = await loadOpen({ threads: 1 });
    const x = attn.tensor([1, 2]);
    attn.scope(() => void x.add(1));
    const table = Object.values(exports).find((value) => value instanceof WebAssembly.Table);
    for (let i = 0; i < table.length; i++) table.set(i, null);
    assert.throws(() => x.add(1), { code: 'INTERNAL' });
  })();
  for (let i = 0; i < 5; i++) {
    await setTimeout(20); // finalisers run between tasks
    gc();
  }
  await setTimeout(20);
  assert.equal(uncaught, undefined);
});

test('a stack that runs out inside a call stops the core, since it may be in the middle of anything', async () => {
  const attn = await load({ threads: 1 });
  const x = attn.tensor([1, 2]);
  const stopped = () => {
    try {
      attn.memory();
      return false;
    } catch (error) {
      return error.code === 'INTERNAL';
    }
  };
  const dive = () => {
    try {
      dive();
    } catch (error) {
      // Here there is room for a few calls only; further up for more, until one gets into the core and no further.
      if (!stopped()) x.add(1);
      throw error;
    }
  };
  assert.throws(dive);
  assert.ok(stopped());
  assertStopped(attn, x, /the core stopped earlier \(Maximum call stack size exceeded\)/);
});

test('so it does where there was no room left even to notice', async () => {
  const attn = await load({ threads: 1 });
  const model = new attn.models.GPT({ vocabSize: 5, maxLength: 4, dModel: 4, numHeads: 2, numLayers: 2 }).eval();
  model.generate([1], { maxNewTokens: 2 });
  const tried = [];
  const dive = () => {
    try {
      dive();
    } catch (error) {
      // From here up there is room for the way into the core, then for more and more of the way through it.
      if (tried.length < 2000) {
        try {
          tried.push(model.generate([1], { maxNewTokens: 2 }));
        } catch (again) {
          tried.push(again);
        }
      }
      throw error;
    }
  };
  assert.throws(dive);
  assert.deepEqual(tried.filter(Array.isArray), [], 'no call succeeds after one that never came back');
  assert.throws(() => attn.memory(), { code: 'INTERNAL', message: /the core stopped (earlier )?\(Maximum call stack size exceeded\)/ });
});

test('what a user’s own code throws ends nothing, whatever it says', async () => {
  const attn = await load({ threads: 1 });
  const x = attn.tensor([1, 2]);
  const throwing = (error) => ({ get score() { throw error; } });
  const deep = () => deep() + 1;
  for (const error of [
    new Error('Maximum call stack size exceeded'), new RangeError('too much recursion'), new Error('recursion'), Object.assign(new Error('call stack'), { name: 'InternalError' }),
    'call stack', undefined,
  ]) {
    assert.throws(() => attn.attend([[1]], [[1]], [[1]], throwing(error)), { name: 'AttnError', op: 'attend' });
    assert.throws(() => new attn.nn.GRU({ inputSize: 1, hiddenSize: 1 }).forward([[1]], null, { probe() { throw error; } }), (thrown) => thrown === error);
  }
  assert.throws(() => attn.attend([[1]], [[1]], [[1]], { get score() { return deep(); } }), { name: 'AttnError', op: 'attend' }, 'a stack that runs out outside');
  assert.deepEqual(x.add(1).toArray(), [2, 3]);
});
