/** A worker that loads the core, from the page's side: its start, and another start where one is stuck. */
import type { Info, LoadOptions } from 'attention-playground';
import type { Problem } from './protocol.js';

export type Crash = 'noWorker' | 'noWasm' | 'crashed';

/** What any such worker says of its start; `starting` comes again and again until it is done. */
export type FromStart = { kind: 'starting' } | { kind: 'ready'; info: Info } | { kind: 'failed'; problem: Problem; why?: 'noWasm' };

/**
 * Silence, once the worker has spoken, after which a start is stuck. In Firefox the worker sometimes (1 to 2 of 100 loads of a busy page) never returns
 * from starting the workers of its threads; the second attempt has always worked, the third does without threads.
 */
const PATIENCE_MS = 4000;
const THREADED_ATTEMPTS = 2;

interface Listener<From> {
  hear(message: Exclude<From, FromStart>): void;
  ready(info: Info): void;
  /** Another worker has taken the place of one that was stuck, and knows nothing of what that one was told. */
  again(): void;
  /** `problem`: what the worker itself told last. */
  crashed(message: string, why: Crash, problem?: Problem): void;
}

export class CoreWorker<To, From extends { kind: string }> {
  #worker: Worker | undefined;
  #watch: ReturnType<typeof setTimeout> | undefined;

  constructor(private make: () => Worker, private listener: Listener<From>, private options: LoadOptions = {}) {}

  get running() { return this.#worker !== undefined; }

  /** A fresh worker; the old one is given up. */
  start() {
    this.stop();
    this.#begin(1);
  }

  send(message: To, transfer: Transferable[] = []) { this.#worker!.postMessage(message, transfer); }

  stop() {
    clearTimeout(this.#watch);
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #begin(attempt: number) {
    let worker: Worker;
    try {
      worker = this.make();
    } catch (error) {
      return this.#crash((error as Error).message, 'noWorker');
    }
    const watch = () => {
      clearTimeout(this.#watch);
      this.#watch = setTimeout(() => {
        this.stop();
        this.#begin(attempt + 1);
        if (this.running) this.listener.again();
      }, PATIENCE_MS);
    };
    worker.onmessage = ({ data }: MessageEvent<From | FromStart>) => {
      if (data.kind === 'starting') return watch();
      clearTimeout(this.#watch);
      const message = data as FromStart;
      if (message.kind === 'ready') this.listener.ready(message.info);
      else if (message.kind === 'failed') this.#crash(message.problem.message, message.why ?? 'crashed', message.problem);
      else this.listener.hear(data as Exclude<From, FromStart>);
    };
    worker.onerror = (event) => this.#crash(event.message || 'the worker could not be started', 'crashed');
    worker.onmessageerror = () => this.#crash('an answer of the worker could not be read', 'crashed');
    this.#worker = worker;
    const start: LoadOptions = attempt > THREADED_ATTEMPTS ? { ...this.options, threads: 1 } : this.options;
    worker.postMessage({ start });
  }

  #crash(message: string, why: Crash, problem?: Problem) {
    this.stop();
    this.listener.crashed(message, why, problem);
  }
}
