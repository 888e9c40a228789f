// The page's side of its worker: which of its requests are asked, and asked again, with a worker that the test plays.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { pageSource } from '../../tools/lib/page-source.mjs';

const { ComputeClient, isAborted } = await pageSource("export * from './src/engine/client.js'");

/** A client whose workers only note what they are sent. */
function client() {
  const workers = [];
  const own = new ComputeClient(() => {
    const worker = { asked: [], terminated: false, postMessage(message) { if ('job' in message) this.asked.push(message); }, terminate() { this.terminated = true; } };
    workers.push(worker);
    return worker;
  }, () => {});
  const hear = (data) => workers.at(-1).onmessage({ data });
  return { own, workers, hear, asked: () => workers.map(({ asked }) => asked.map(({ job }) => job.request)) };
}
const job = (request) => ({ view: 'lab', request });
const outcome = (promise) => promise.then((value) => value, (error) => (isAborted(error) ? 'aborted' : error));

test('a signal that was aborted before is heeded: nothing is asked, and nothing makes way', async () => {
  const { own, asked, workers, hear } = client();
  const running = outcome(own.run('a', job('first')));
  const waiting = outcome(own.run('b', job('second')));
  assert.equal(await outcome(own.run('a', job('never'), AbortSignal.abort())), 'aborted');
  assert.equal(await outcome(own.run('b', job('never'), AbortSignal.abort())), 'aborted');
  hear({ kind: 'done', ticket: workers[0].asked[0].ticket, value: 1 });
  hear({ kind: 'done', ticket: workers[0].asked[1].ticket, value: 2 });
  assert.deepEqual([await running, await waiting], [1, 2]);
  assert.deepEqual(asked(), [['first', 'second']]);
});

test('a stuck worker makes way for another, which is asked what is still wanted and no aborted job', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    for (const wanted of [true, false]) {
      const { own, asked, workers, hear } = client();
      const abort = new AbortController();
      const result = outcome(own.run('a', job('running'), abort.signal));
      const next = outcome(own.run('b', job('waiting')));
      hear({ kind: 'starting' });
      if (!wanted) abort.abort();
      mock.timers.tick(60_000);
      assert.deepEqual([workers.length, workers[0].terminated], [2, true]);
      for (let answered = 0; answered < workers[1].asked.length; answered++) {
        const { ticket, job: { request } } = workers[1].asked[answered];
        hear({ kind: 'done', ticket, value: request });
      }
      assert.deepEqual(asked(), [['running'], wanted ? ['waiting', 'running'] : ['waiting']]);
      assert.deepEqual([await result, await next], [wanted ? 'running' : 'aborted', 'waiting']);
    }
  } finally {
    mock.timers.reset();
  }
});

test('where a page may have no worker, the client says so and asks nothing', async () => {
  const told = [];
  const own = new ComputeClient(() => { throw new ReferenceError('Worker is not defined'); }, (status) => told.push(status));
  assert.deepEqual(told.at(-1), { kind: 'crashed', why: 'noWorker', message: 'Worker is not defined' });
  assert.equal(await outcome(own.run('a', job('never'))), 'aborted');
});

test('a core that finds no WebAssembly is told apart from one that broke', () => {
  for (const [message, why] of [[{ why: 'noWasm' }, 'noWasm'], [{}, 'crashed']]) {
    const told = [];
    const workers = [];
    new ComputeClient(() => { workers.push({ postMessage() {}, terminate() {} }); return workers.at(-1); }, (status) => told.push(status));
    workers[0].onmessage({ data: { kind: 'failed', problem: { message: 'why' }, ...message } });
    assert.deepEqual(told.at(-1), { kind: 'crashed', why, message: 'why' });
  }
});
