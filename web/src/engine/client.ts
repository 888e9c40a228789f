/**
 * The page's side of the worker. One request is under way at a time; the others wait under their key, and a newer
 * request with the same key takes the place of the older: the latest wins, and typing never queues up.
 */
import type { Info } from 'attention-playground';
import { CoreWorker, type Crash } from './core-worker.js';
import type { FromWorker, Job, Problem, Run, ToWorker } from './protocol.js';

export type Status =
  | { kind: 'starting' }
  | { kind: 'ready'; info: Info }
  | { kind: 'crashed'; why: Crash; message: string };

/** The core refused: its own code, operator, message and shapes. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) { super(problem.message); }
}

/** Nobody waits for this result any more: a newer request took its place, it was aborted, or the worker went away. */
export const isAborted = (error: unknown) => error instanceof DOMException && error.name === 'AbortError';
export const aborted = (why: string) => new DOMException(why, 'AbortError');

interface Waiting {
  job: Job;
  signal: AbortSignal | undefined;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

export class ComputeClient {
  #worker: CoreWorker<ToWorker, FromWorker>;
  #queue = new Map<string, Waiting>();
  #running: { ticket: number; key: string; waiting: Waiting } | undefined;
  #ticket = 0;

  constructor(makeWorker: () => Worker, private onStatus: (status: Status) => void) {
    this.#worker = new CoreWorker<ToWorker, FromWorker>(makeWorker, {
      hear: (message) => this.#hear(message),
      ready: (info) => this.onStatus({ kind: 'ready', info }),
      again: () => this.#again(),
      crashed: (message, why) => {
        this.#giveUp(aborted(message));
        this.onStatus({ kind: 'crashed', why, message });
      },
    });
    this.start();
  }

  /** A fresh worker; whatever the old one was doing is given up. */
  start() {
    this.#giveUp(aborted('restarted'));
    this.onStatus({ kind: 'starting' });
    this.#worker.start();
  }

  /** What one that was stuck was asked is asked again. */
  #again() {
    const left = this.#running;
    this.#running = undefined;
    if (left && !left.waiting.signal?.aborted && !this.#queue.has(left.key)) this.#queue.set(left.key, left.waiting);
    this.#next();
  }

  run<R extends Run>(key: string, job: Job<R>, signal?: AbortSignal): Promise<ReturnType<R>> {
    return new Promise((resolve, reject) => {
      if (!this.#worker.running) return reject(aborted('the worker is not running'));
      if (signal?.aborted) return reject(aborted('aborted'));
      const waiting: Waiting = { job, signal, resolve: resolve as Waiting['resolve'], reject };
      this.#queue.get(key)?.reject(aborted('a newer request took its place'));
      if (this.#running?.key === key) this.#running.waiting.reject(aborted('a newer request took its place'));
      this.#queue.set(key, waiting);
      signal?.addEventListener('abort', () => {
        if (this.#queue.get(key) === waiting) this.#queue.delete(key);
        reject(aborted('aborted'));
      }, { once: true });
      this.#next();
    });
  }

  #next() {
    const next = this.#queue.entries().next();
    if (this.#running || next.done) return;
    const [key, waiting] = next.value;
    this.#queue.delete(key);
    this.#running = { ticket: ++this.#ticket, key, waiting };
    this.#worker.send({ ticket: this.#ticket, job: waiting.job });
  }

  #hear(message: { ticket: number } & ({ kind: 'done'; value: unknown } | { kind: 'refused'; problem: Problem })) {
    if (message.ticket !== this.#running?.ticket) return;
    const { waiting } = this.#running;
    this.#running = undefined;
    if (message.kind === 'done') waiting.resolve(message.value);
    else waiting.reject(new Refusal(message.problem));
    this.#next();
  }

  #giveUp(reason: DOMException) {
    const left = [this.#running?.waiting, ...this.#queue.values()];
    this.#running = undefined;
    this.#queue.clear();
    for (const waiting of left) waiting?.reject(reason);
  }
}
