/** What page and worker say to each other. */
import type { AttnError, Info, LoadOptions } from 'attention-playground';
import type { Group, Inputs } from '../../documents/recipe.js';
import type { LabRequest, LabResult } from './lab.js';

export type Job =
  | { kind: 'recipe'; id: string; inputs: Inputs }
  | { kind: 'lab'; request: LabRequest };

export interface Results { recipe: Group[]; lab: LabResult }

/** An AttnError on its way through postMessage, which keeps no classes. */
export type Problem = Pick<AttnError, 'code' | 'op' | 'message' | 'shapes'>;

/** `start` comes first. */
export type ToWorker = { start: LoadOptions } | { ticket: number; job: Job };
export type FromWorker =
  | { kind: 'starting' }
  | { kind: 'ready'; info: Info }
  | { kind: 'failed'; problem: Problem }
  | { kind: 'done'; ticket: number; value: Results[Job['kind']] }
  | { kind: 'refused'; ticket: number; problem: Problem };
