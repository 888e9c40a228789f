/** What page and worker say to each other. */
import type { AttnError, Attn, Info, LoadOptions } from 'attention-playground';

/** What a view's worker.ts exports: from a request to its result, on the core. Both cross postMessage. */
export type Run = (attn: Attn, request: never) => unknown;

/** One request to the `run` of a view. */
export interface Job<R extends Run = Run> { view: string; request: Parameters<R>[1] }

/** An AttnError on its way through postMessage, which keeps no classes. */
export type Problem = Pick<AttnError, 'code' | 'op' | 'message' | 'shapes'>;

/** `start` comes first. */
export type ToWorker = { start: LoadOptions } | { ticket: number; job: Job };
export type FromWorker =
  | { kind: 'starting' }
  | { kind: 'ready'; info: Info }
  | { kind: 'failed'; problem: Problem; why?: 'noWasm' }
  | { kind: 'done'; ticket: number; value: unknown }
  | { kind: 'refused'; ticket: number; problem: Problem };
