/**
 * The page's side of the worker. One request is under way at a time; the others wait under their key, and a newer
 * request with the same key takes the place of the older: the latest wins, and typing never queues up.
 */
import type { Info } from 'attention-playground';
import type { FromWorker, Job, Problem, Run, ToWorker } from './protocol.js';

export type Status =
  | { kind: 'starting' }
  | { kind: 'ready'; info: Info }
  | { kind: 'crashed'; why: 'noWorker' | 'noWasm' | 'crashed'; message: string };

/** The core refused: its own code, operator, message and shapes. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) { super(problem.message); }
}

/** Nobody waits for this result any more: a newer request took its place, it was aborted, or the worker went away. */
export const isAborted = (error: unknown) => error instanceof DOMException && error.name === 'AbortError';
const aborted = (why: string) => new DOMException(why, 'AbortError');

interface Waiting {
  job: Job;
  signal: AbortSignal | undefined;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/**
 * Silence, once the worker has spoken, after which a start is stuck. In Firefox the worker sometimes (1 to 2 of 100 loads of a busy page) never returns
 * from starting the workers of its threads; the second attempt has always worked, the third does without threads.
 */
const PATIENCE_MS = 4000;
const THREADED_ATTEMPTS = 2;

export class ComputeClient {
  #worker: Worker | undefined;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #queue = new Map<string, Waiting>();
  #running: { ticket: number; key: string; waiting: Waiting } | undefined;
  #ticket = 0;

  constructor(private makeWorker: () => Worker, private onStatus: (status: Status) => void) {
    this.start();
  }

  /** A fresh worker; whatever the old one was doing is given up. */
  start() {
    this.#stop(aborted('restarted'));
    this.onStatus({ kind: 'starting' });
    this.#begin(1);
  }

  #begin(attempt: number) {
    let worker: Worker;
    try {
      worker = this.makeWorker();
    } catch (error) {
      return this.#crash((error as Error).message, 'noWorker');
    }
    const watch = () => {
      clearTimeout(this.#watch);
      this.#watch = setTimeout(() => this.#again(attempt + 1), PATIENCE_MS);
    };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'starting') return watch();
      clearTimeout(this.#watch);
      this.#hear(data);
    };
    worker.onerror = (event) => this.#crash(event.message || 'the worker could not be started');
    worker.onmessageerror = () => this.#crash('an answer of the worker could not be read');
    this.#worker = worker;
    this.#send({ start: attempt > THREADED_ATTEMPTS ? { threads: 1 } : {} });
  }

  /** Another worker in place of one that is stuck; what it was asked is asked again. */
  #again(attempt: number) {
    this.#worker?.terminate();
    const left = this.#running;
    this.#running = undefined;
    if (left && !left.waiting.signal?.aborted && !this.#queue.has(left.key)) this.#queue.set(left.key, left.waiting);
    this.#begin(attempt);
    this.#next();
  }

  #send(message: ToWorker) { this.#worker!.postMessage(message); }

  run<R extends Run>(key: string, job: Job<R>, signal?: AbortSignal): Promise<ReturnType<R>> {
    return new Promise((resolve, reject) => {
      if (!this.#worker) return reject(aborted('the worker is not running'));
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
    this.#send({ ticket: this.#ticket, job: waiting.job });
  }

  #hear(message: Exclude<FromWorker, { kind: 'starting' }>) {
    if (message.kind === 'ready') return this.onStatus({ kind: 'ready', info: message.info });
    if (message.kind === 'failed') return this.#crash(message.problem.message, message.why);
    if (message.ticket !== this.#running?.ticket) return;
    const { waiting } = this.#running;
    this.#running = undefined;
    if (message.kind === 'done') waiting.resolve(message.value);
    else waiting.reject(new Refusal(message.problem));
    this.#next();
  }

  #crash(message: string, why: 'noWorker' | 'noWasm' | 'crashed' = 'crashed') {
    this.#stop(aborted(message));
    this.onStatus({ kind: 'crashed', why, message });
  }

  #stop(reason: DOMException) {
    clearTimeout(this.#watch);
    this.#worker?.terminate();
    this.#worker = undefined;
    const left = [this.#running?.waiting, ...this.#queue.values()];
    this.#running = undefined;
    this.#queue.clear();
    for (const waiting of left) waiting?.reject(reason);
  }
}
