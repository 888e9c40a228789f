/** Runs the core off the page's thread, so that typing never waits for it. One request at a time, in order. */
import { AttnError, load, type Attn, type LoadOptions } from 'attention-playground';
import type { FromWorker, Job, Problem, Run, ToWorker } from './protocol.js';

/** The workers' side of the views, each loaded with its first request. */
const sides = import.meta.glob<{ default: Run }>('../views/**/worker.ts');

const answer = (message: FromWorker) => self.postMessage(message);

function problemOf(error: unknown): Problem {
  const { code = 'INTERNAL', op = '', message, shapes = [] } = error as Partial<AttnError>;
  return { code, op, message: message ?? String(error), shapes };
}

let core: Promise<Attn> | undefined;

function start(options: LoadOptions) {
  if (typeof WebAssembly === 'undefined') {
    return answer({ kind: 'failed', why: 'noWasm', problem: { code: 'UNSUPPORTED', op: 'load', message: 'there is no WebAssembly', shapes: [] } });
  }
  // As long as these come, the start is slow and not stuck.
  answer({ kind: 'starting' });
  const beat = setInterval(() => answer({ kind: 'starting' }), 500);
  core = load(options);
  core.then(
    (attn) => answer({ kind: 'ready', info: { ...attn.info } }),
    (error: unknown) => answer({ kind: 'failed', problem: problemOf(error) }),
  ).finally(() => clearInterval(beat));
}

async function run({ view, request }: Job) {
  const [attn, side] = await Promise.all([core!, sides[`../views/${view}/worker.ts`]!()]); // a start comes before any job
  return side.default(attn, request);
}

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ('start' in data) return start(data.start);
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
