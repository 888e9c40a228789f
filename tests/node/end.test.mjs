// A core's end: attn.dispose(), and what becomes of a core that is only dropped. Browsers: tests/browser/end.test.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../../dist/node.js';
import { node, root } from './support/package.mjs';

const refused = { code: 'TYPE', message: /the core was ended by attn\.dispose\(\); load\(\) a new one$/ };

for (const threads of [1, 3]) {
  test(`whatever is left of a core that ended says so (threads: ${threads})`, async () => {
    const attn = await load({ threads });
    const { nn, optim, F, models, info } = attn;
    const x = attn.tensor([[1, 2], [3, 4]], { requiresGrad: true });
    const layer = new nn.Linear({ inFeatures: 2, outFeatures: 2 });
    const gpt = new models.GPT({ vocabSize: 3, maxLength: 4, dModel: 2, numHeads: 1, numLayers: 1 });
    const optimizer = new optim.Adam(layer.parameters());
    const loss = x.sum();
    attn.dispose();
    for (const [op, f] of Object.entries({
      add: () => x.add(x), data: () => x.toArray(), item: () => loss.item(), backward: () => loss.backward(), softmax: () => F.softmax([1]), tensor: () => attn.tensor([1]),
      attend: () => attn.attend([[1]], [[1]], [[1]]), memory: () => attn.memory(), manualSeed: () => attn.manualSeed(1), noGrad: () => attn.noGrad(() => 1),
      Linear: () => layer.forward([[1, 2]]), GPT: () => new models.GPT({ vocabSize: 3, maxLength: 4, dModel: 2, numHeads: 1, numLayers: 1 }), generate: () => gpt.generate([1]),
      step: () => optimizer.step(), saveCheckpoint: () => attn.saveCheckpoint(layer), loadSafetensors: () => attn.loadSafetensors(new Uint8Array(8)),
    })) {
      assert.throws(f, { name: 'AttnError', ...refused }, op);
    }
    assert.throws(() => layer.parameters(), refused);
    assert.deepEqual([x.disposed, layer.disposed, optimizer.disposed], [true, true, true]);
    assert.deepEqual([x.shape, x.dtype, x.size, info.threads], [[2, 2], 'float32', 4, threads], 'what it was can still be told');
    for (const one of [x, layer, optimizer, attn]) {
      one.dispose();
      one[Symbol.dispose]();
    }
    assert.equal(attn.scope(() => 5), 5);
    const other = await load({ threads });
    assert.deepEqual(other.ones([2]).add(1).toArray(), [2, 2], 'others go on');
    assert.throws(() => other.ones([2]).add(x), { code: 'TYPE' });
    other.dispose();
  });
}

test('a core can be ended inside its scope, and after a trap', async () => {
  const attn = await load({ threads: 1 });
  assert.equal(attn.scope(() => { attn.ones([2]); attn.dispose(); return 5; }), 5);
  assert.throws(() => attn.noGrad(() => {}), refused);
});

/** In a process of its own: `body` is run 100 times; what grew since the 20th time. */
async function grown(body) {
  const program = `
    import { readdirSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    const { load } = await import('./dist/node.js');
    const threadsNow = () => { try { return readdirSync('/proc/self/task').length; } catch { return 0; } };
    const held = [];
    const measure = async () => {
      for (let i = 0; i < 20; i++) { gc(); await sleep(10); }
      return { rss: process.memoryUsage().rss, threads: threadsNow() };
    };
    let before;
    for (let i = 0; i < 100; i++) {
      if (i === 20) before = await measure();
      ${body}
    }
    const after = await measure();
    console.log(JSON.stringify({ megabytes: (after.rss - before.rss) / 1e6, threads: after.threads - before.threads }));`;
  const child = await node(['--expose-gc', '--input-type=module', '--eval', program], { cwd: root });
  assert.deepEqual([child.code, child.stderr], [0, '']);
  return JSON.parse(child.stdout);
}

// 80 cores of a few megabytes each, with as many threads or more, would show.
for (const threads of [1, 3]) {
  test(`100 loads in a row leave memory flat, whatever is still held of them (threads: ${threads})`, async () => {
    const { megabytes, threads: left } = await grown(`
      const attn = await load({ threads: ${threads} });
      held.push(attn, attn.ones([10]), attn.attend([[1]], [[1]], [[1]]));
      attn.zeros([500_000]);
      attn.dispose();`);
    assert.ok(megabytes < 60, `${megabytes} MB`);
    assert.equal(left, 0, 'threads');
  });
}

test('cores that are dropped end, too, threads and all', async () => {
  const { megabytes, threads } = await grown(`
    (await load({ threads: 3 })).zeros([500_000]);
    if (i % 10 === 9) { gc(); await sleep(20); }`);
  assert.ok(megabytes < 60, `${megabytes} MB`);
  assert.equal(threads, 0);
});
