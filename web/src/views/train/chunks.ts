/** What a training session is asked and what it tells. */
import type { Attention } from '../../../zoo/learners.js';
import type { Sample, Settings } from '../../../zoo/task.js';
import type { Points } from './series.js';

/** A head by the place of its layer among those that attend, and its own: "1.0". */
export type HeadId = `${number}.${number}`;

/** To look at: tokens that the reader typed, or pixels that they drew; the model says the rest. */
export type Own = Pick<Sample, 'input' | 'pixels'>;

export interface Request {
  /** Of a file, its own count. */
  settings?: Settings;
  file?: Uint8Array;
  off: readonly HeadId[];
  own: Own | null;
}

/** `diverged`: a number was not finite, made by `op` where that is known. */
export type Ended = { why: 'done' } | { why: 'early'; best: number } | { why: 'diverged'; at: number; op: string };

/** What a run was so far, beside its model. */
export interface History {
  at: number;
  /** Of training alone. */
  seconds: number;
  /** Loss and gradient norm. */
  train: Points;
  /** Loss, metric and, where the task has one, the best head's measure. */
  held: Points;
  best: { loss: number; at: number; misses: number };
  ended: Ended | null;
}

/** Where a session can begin again: `bytes` is the checkpoint as a safetensors file. */
export interface State { settings: Settings; bytes: Uint8Array; history: History }

export interface Judged { input: readonly string[]; output: readonly string[]; said: readonly string[]; pixels?: readonly number[] }

/** A layer's weights of the film, as 65,535ths. */
export interface FilmLayer extends Omit<Attention, 'weights'> { weights: Uint16Array }
export interface Frame { at: number; layers: FilmLayer[]; said: readonly string[] }

export type TrainChunk =
  | { kind: 'info'; settings: Settings; config: Readonly<Record<string, unknown>>; parameters: number; bytes: number; seconds: number; chance: number; lines: { bigram?: number; least?: number }; threads: number }
  | { kind: 'progress'; history: History; playing: boolean; tokensPerSecond: number; stepSeconds: number; now: { loss: number; metric: number } | null }
  | { kind: 'look'; at: number; layers: Attention[]; own: boolean; input: readonly string[]; pixels?: readonly number[]; said: readonly string[]; right: readonly string[] | null; measures: Partial<Record<HeadId, number>>; samples: Judged[] }
  | { kind: `frame ${number}`; frame: Frame }
  | { kind: 'checkpoint'; state: State };
