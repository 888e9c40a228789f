/** Runs the core off the page's thread, so that typing never waits for it. One request at a time, in order. */
import { AttnError, type Attn } from 'attention-playground';
import { problemOf, start } from './core.js';
import type { FromWorker, Job, Run, ToWorker } from './protocol.js';

/** The workers' side of the views, each loaded with its first request. */
const sides = import.meta.glob<{ default: Run }>('../views/**/worker.ts');

const answer = (message: FromWorker) => self.postMessage(message);

let core: Promise<Attn> | undefined;

async function run({ view, request }: Job) {
  const [attn, side] = await Promise.all([core!, sides[`../views/${view}/worker.ts`]!()]); // a start comes before any job
  return side.default(attn, request);
}

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ('start' in data) return void (core = start(data.start, answer));
  const { ticket, job } = data;
  try {
    answer({ kind: 'done', ticket, value: await run(job) });
  } catch (error) {
    const problem = problemOf(error);
    answer({ kind: 'refused', ticket, problem });
    // After a trap the core refuses everything: say so, so that the page can offer a fresh one.
    if (error instanceof AttnError && problem.code === 'INTERNAL') answer({ kind: 'failed', problem });
  }
};
