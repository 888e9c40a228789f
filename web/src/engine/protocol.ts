/** What page and worker say to each other. */
import type { AttnError, Attn, LoadOptions } from 'attention-playground';
import type { FromStart } from './core-worker.js';

/** What a view's worker.ts exports: from a request to its result, on the core. Both cross postMessage. */
export type Run = (attn: Attn, request: never) => unknown;

/** One request to the `run` of a view. */
export interface Job<R extends Run = Run> { view: string; request: Parameters<R>[1] }

/** An AttnError on its way through postMessage, which keeps no classes. */
export type Problem = Pick<AttnError, 'code' | 'op' | 'message' | 'shapes'>;

type Answer = { kind: 'done'; ticket: number; value: unknown } | { kind: 'refused'; ticket: number; problem: Problem };

/** `start` comes first. */
export type ToWorker = { start: LoadOptions } | { ticket: number; job: Job };
export type FromWorker = FromStart | Answer;

/** What a session streams: the latest of a kind is what counts, and a checkpoint is where it can begin again. */
export type Chunk = { kind: string } | { kind: 'checkpoint'; state: unknown };

/** What a view's session.ts opens: it lives in a worker of its own until it is closed. */
export interface Session {
  /** By name; each takes one argument, and its result crosses postMessage. */
  commands: Record<string, (argument: never) => unknown>;
  /** One slice of what lasts, some 30 ms, between which commands are heard; true while there is more. */
  work(): boolean;
}

/** `from` is the state of a checkpoint; `tell` streams, with what is handed over rather than copied. */
export type Open = (attn: Attn, request: never, tell: (chunk: Chunk, transfer?: Transferable[]) => void, from?: never) => Session | Promise<Session>;

/** `start` comes first, then `open`; `heard` gives back the credit of one chunk. */
export type ToSession = { start: LoadOptions } | { open: { view: string; request: unknown; from: unknown } } | { ticket: number; command: string; argument: unknown } | { heard: true };
export type FromSession = FromStart | Answer | { kind: 'opened' } | { kind: 'chunk'; chunk: Chunk };
