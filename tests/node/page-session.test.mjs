// A session and its worker, wired to one another: order, credit, slices, death and the way back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSource } from '../../tools/lib/page-source.mjs';

const { SessionClient, SessionHost, isAborted, CREDIT } = await pageSource(
  "export * from './src/engine/session.js'; export * from './src/engine/session-host.js'; export { isAborted } from './src/engine/client.js';");

const turn = () => new Promise((resolve) => { setTimeout(resolve); });
const turns = async (n = 5) => { for (let i = 0; i < n; i++) await turn(); };

/** Counts while it plays, and tells of every number. */
function counter(attn, { upTo }, tell, from = 0) {
  let [n, playing] = [from, false];
  return {
    commands: {
      play: () => { playing = true; },
      pause: () => { playing = false; return n; },
      slow: async (x) => { await turn(); return x; },
      refuse: () => { throw Object.assign(new Error('no'), { code: 'RANGE', op: 'refuse' }); },
      keep: () => tell({ kind: 'checkpoint', state: n }),
    },
    work() {
      if (!playing || n >= upTo) return false;
      n += 1;
      tell({ kind: 'progress', n });
      return true;
    },
  };
}

/** A client whose workers run the real host; `deaf` keeps what it says from being heard. */
function session({ open = counter, onchunk = () => {} } = {}) {
  const [workers, seen, statuses, thrown] = [[], [], [], []];
  const client = new SessionClient(() => {
    const worker = { sent: [], terminated: false, deaf: false, terminate() { this.terminated = true; } };
    const say = (data) => {
      try {
        if (!worker.terminated) worker.onmessage({ data: structuredClone(data) });
      } catch (error) {
        thrown.push(error.message); // a page's own, which no worker hears of
      }
    };
    const host = new SessionHost(say, (work) => setTimeout(() => { if (!worker.terminated) work(); }));
    worker.postMessage = (data) => {
      worker.sent.push(data);
      if ('start' in data) return void setTimeout(() => say({ kind: 'ready', info: {} }));
      if ('open' in data) return host.open(Promise.resolve({}), Promise.resolve(open), data.open.request, data.open.from);
      if ('heard' in data) return worker.deaf ? undefined : host.heard();
      return host.call(data.ticket, data.command, data.argument);
    };
    workers.push(worker);
    return worker;
  }, 'any', { status: (status) => statuses.push(status.kind), chunk: (chunk) => { seen.push(chunk); onchunk(client); } });
  return { client, workers, seen, statuses, thrown };
}

test('commands wait for the opening, and are answered in their order', async () => {
  const { client, statuses } = session();
  client.open({ upTo: 5 });
  const answers = [];
  const calls = [['slow', 1], ['slow', 2], ['pause']].map(([name, argument]) => client.call(name, argument).then((value) => answers.push(value)));
  await assert.rejects(client.call('refuse'), ({ problem }) => problem.code === 'RANGE' && problem.op === 'refuse');
  await Promise.all(calls);
  assert.deepEqual(answers, [1, 2, 0]);
  assert.deepEqual(statuses, ['opening', 'open']);
  client.close();
});

test('what lasts goes in slices, between which a command is heard', async () => {
  const { client, seen } = session();
  client.open({ upTo: 1e9 });
  await client.call('play');
  await turns(10);
  const n = await client.call('pause');
  assert.ok(n > 2, `${n} slices`);
  await turns();
  assert.equal(seen.at(-1).n, n, 'nothing after the pause');
  client.close();
});

test('no more chunks are under way than are heard; then the latest of each kind counts', async () => {
  const { client, workers, seen } = session();
  client.open({ upTo: 100 });
  workers[0].deaf = true;
  await client.call('play');
  await turns(150);
  assert.deepEqual(seen.map(({ n }) => n), Array.from({ length: CREDIT }, (_, i) => i + 1));
  await client.call('keep');
  workers[0].deaf = false;
  workers[0].postMessage({ heard: true });
  await turns();
  assert.deepEqual(seen.slice(CREDIT), [{ kind: 'progress', n: 100 }, { kind: 'checkpoint', state: 100 }]);
  client.close();
});

test('whoever hears a chunk may close the session', async () => {
  const { client, workers, seen, statuses, thrown } = session({ onchunk: (its) => its.close() });
  client.open({ upTo: 5 });
  client.call('play').catch(() => {}); // it may be closed before the answer
  await turns(20);
  assert.deepEqual([seen.length, statuses.at(-1), workers[0].terminated, thrown], [1, 'closed', true, []]);
});

test('a dead worker is told, its calls end, and the session opens again from its last checkpoint', async () => {
  const { client, workers, statuses } = session();
  client.open({ upTo: 7 });
  await client.call('play');
  await turns(20);
  await client.call('keep');
  const lost = client.call('slow', 1).catch((error) => isAborted(error));
  workers[0].onerror({ message: 'killed' });
  assert.equal(await lost, true);
  assert.deepEqual([workers[0].terminated, statuses.at(-1)], [true, 'died']);
  await assert.rejects(client.call('pause'), isAborted);
  client.reopen();
  assert.equal(await client.call('pause'), 7);
  assert.equal(workers.length, 2);
  client.close();
  assert.deepEqual([workers[1].terminated, statuses.at(-1)], [true, 'closed']);
});

test('a session that cannot open, or whose work throws, is told', async () => {
  for (const open of [() => { throw new Error('no model'); }, (...args) => ({ ...counter(...args), work() { throw new Error('broken'); } })]) {
    const { client, statuses } = session({ open });
    client.open({ upTo: 1 });
    await turns();
    assert.equal(statuses.at(-1), 'died');
  }
});
