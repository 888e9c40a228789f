/**
 * A session from the page's side: a training run or a model that lives in a worker of its own. Commands go in and are
 * answered in order; progress streams out, and never faster than it is heard. Where the worker dies the session tells,
 * and opens again from its last checkpoint.
 */
import type { LoadOptions } from 'attention-playground';
import { aborted, Refusal } from './client.js';
import { CoreWorker, type Crash } from './core-worker.js';
import type { Chunk, FromSession, Problem, ToSession } from './protocol.js';

export type SessionStatus = { kind: 'opening' } | { kind: 'open' } | { kind: 'closed' } | { kind: 'died'; why: Crash; message: string; problem?: Problem };

interface Listener<C> { status(status: SessionStatus): void; chunk(chunk: C): void }

export class SessionClient<C extends Chunk = Chunk> {
  #worker: CoreWorker<ToSession, FromSession>;
  #opened: { request: unknown; from: unknown } | undefined;
  #waiting = new Map<number, { command: ToSession; resolve(value: unknown): void; reject(reason: unknown): void }>();
  #ticket = 0;

  constructor(makeWorker: () => Worker, private view: string, private listener: Listener<C>, options: LoadOptions = {}) {
    this.#worker = new CoreWorker<ToSession, FromSession>(makeWorker, {
      hear: (message) => this.#hear(message),
      ready: () => {},
      again: () => {
        this.#sendOpen();
        for (const { command } of this.#waiting.values()) this.#worker.send(command);
      },
      crashed: (message, why, problem) => this.#end(message, { kind: 'died', why, message, problem }),
    }, options);
  }

  /** A fresh worker, and in it the session; `from` is the state of a checkpoint. */
  open(request: unknown, from?: unknown) {
    this.#giveUp('opened anew');
    this.#opened = { request, from };
    this.listener.status({ kind: 'opening' });
    this.#worker.start();
    if (this.#worker.running) this.#sendOpen();
  }

  /** After it died: from its last checkpoint, or its beginning. */
  reopen() {
    if (this.#opened) this.open(this.#opened.request, this.#opened.from);
  }

  call(command: string, argument?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (!this.#worker.running) return reject(aborted('the session is not open'));
      const message = { ticket: ++this.#ticket, command, argument };
      this.#waiting.set(message.ticket, { command: message, resolve, reject });
      this.#worker.send(message);
    });
  }

  /** At once, whatever it is doing. */
  close() { this.#end('closed', { kind: 'closed' }); }

  #sendOpen() { this.#worker.send({ open: { view: this.view, request: this.#opened!.request, from: this.#opened!.from } }); }

  #hear(message: Extract<FromSession, { kind: 'opened' | 'chunk' | 'done' | 'refused' }>) {
    if (message.kind === 'opened') return this.listener.status({ kind: 'open' });
    if (message.kind === 'chunk') {
      const { chunk } = message;
      if (chunk.kind === 'checkpoint') this.#opened!.from = (chunk as { state: unknown }).state;
      this.listener.chunk(chunk as C);
      // Who hears the last chunk may have closed the session.
      if (this.#worker.running) this.#worker.send({ heard: true });
      return;
    }
    const waiting = this.#waiting.get(message.ticket);
    this.#waiting.delete(message.ticket);
    if (message.kind === 'done') waiting?.resolve(message.value);
    else waiting?.reject(new Refusal(message.problem));
  }

  #end(why: string, status: SessionStatus) {
    this.#worker.stop();
    this.#giveUp(why);
    this.listener.status(status);
  }

  #giveUp(why: string) {
    for (const { reject } of this.#waiting.values()) reject(aborted(why));
    this.#waiting.clear();
  }
}
