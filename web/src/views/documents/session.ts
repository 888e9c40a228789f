/** An experiment in its own worker: a generator that is run a slice at a time, and tells what there is to see so far. */
import type { Attn } from 'attention-playground';
import type { Chosen, Report } from '../../../documents/experiments/experiment.js';
import { runs } from '../../../documents/experiments/runs.js';
import type { Open, Session } from '../../engine/protocol.js';

/** After so long the page may speak. */
const SLICE_MS = 30;

export interface Request { id: string; chosen: Chosen }
export interface Told { kind: 'report'; report: Report }

async function open(attn: Attn, { id, chosen }: Request, tell: (chunk: Told) => void): Promise<Session> {
  const running = (await runs[id]!()).run(attn, chosen);
  return {
    commands: {},
    work() {
      const end = performance.now() + SLICE_MS;
      let report: Report | undefined, more = true;
      while (more && performance.now() < end) {
        const { value, done } = running.next();
        report = value ?? report;
        more = !done;
      }
      if (report) tell({ kind: 'report', report });
      return more;
    },
  };
}

export default open satisfies Open as Open;
