/** The worker's side of a session: commands as they come, and between them slices of what lasts. */
import type { Attn } from 'attention-playground';
import { problemOf } from './core.js';
import type { Chunk, FromSession, Open, Session } from './protocol.js';

/** So many chunks may be on their way; of those beyond, the latest of each kind waits. */
export const CREDIT = 3;

/** `post` sends to the page; `soon` runs a function after the messages that have come meanwhile. */
export class SessionHost {
  #session: Session | undefined;
  /** What has come so far, done in order: the opening, then each command. */
  #last: Promise<unknown> = Promise.resolve();
  #credit = CREDIT;
  #kept = new Map<string, { chunk: Chunk; transfer: Transferable[] }>();
  #working = false;

  constructor(private post: (message: FromSession, transfer?: Transferable[]) => void, private soon: (work: () => void) => void) {}

  open(attn: Promise<Attn>, open: Promise<Open>, request: unknown, from: unknown) {
    this.#last = (async () => {
      try {
        this.#session = await (await open)(await attn, request as never, (chunk, transfer) => this.#tell(chunk, transfer), from as never);
        this.post({ kind: 'opened' });
        this.#go();
      } catch (error) {
        this.post({ kind: 'failed', problem: problemOf(error) });
      }
    })();
  }

  call(ticket: number, command: string, argument: unknown) {
    this.#last = this.#last.then(async () => {
      try {
        this.post({ kind: 'done', ticket, value: await this.#session!.commands[command]!(argument as never) });
      } catch (error) {
        this.post({ kind: 'refused', ticket, problem: problemOf(error) });
      }
      this.#go();
    });
  }

  /** The page is done with a chunk: the next may go. */
  heard() {
    this.#credit += 1;
    const next = this.#kept.entries().next();
    if (next.done) return;
    this.#kept.delete(next.value[0]);
    this.#tell(next.value[1].chunk, next.value[1].transfer);
  }

  #tell(chunk: Chunk, transfer: Transferable[] = []) {
    if (this.#credit === 0) return void this.#kept.set(chunk.kind, { chunk, transfer });
    this.#credit -= 1;
    this.post({ kind: 'chunk', chunk }, transfer);
  }

  #go() {
    if (this.#working || !this.#session) return;
    this.#working = true;
    this.soon(() => this.#slice());
  }

  #slice() {
    this.#working = false;
    try {
      if (this.#session!.work()) this.#go();
    } catch (error) {
      this.post({ kind: 'failed', problem: problemOf(error) });
    }
  }
}
