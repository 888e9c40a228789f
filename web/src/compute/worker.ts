/** Runs the core off the page's thread, so that typing never waits for it. One request at a time, in order. */
import { AttnError, load, type Attn, type LoadOptions } from 'attention-playground';
import { recipes } from '../../documents/index.js';
import { runLab } from './lab.js';
import type { FromWorker, Job, Problem, ToWorker } from './protocol.js';

const answer = (message: FromWorker) => self.postMessage(message);

function problemOf(error: unknown): Problem {
  const { code = 'INTERNAL', op = '', message, shapes = [] } = error as Partial<AttnError>;
  return { code, op, message: message ?? String(error), shapes };
}

let core: Promise<Attn> | undefined;

function start(options: LoadOptions) {
  // As long as these come, the start is slow and not stuck.
  answer({ kind: 'starting' });
  const beat = setInterval(() => answer({ kind: 'starting' }), 500);
  core = load(options);
  core.then(
    (attn) => answer({ kind: 'ready', info: { ...attn.info } }),
    (error: unknown) => answer({ kind: 'failed', problem: problemOf(error) }),
  ).finally(() => clearInterval(beat));
}

async function run(job: Job) {
  const attn = await core!; // a start comes before any job
  if (job.kind === 'lab') return runLab(attn, job.request);
  const recipe = recipes.find(({ id }) => id === job.id);
  if (!recipe) throw new Error(`no such example: ${job.id}`);
  // The recipe hands out numbers, so every tensor that it made can go with the scope.
  let groups;
  attn.scope(() => { groups = recipe.run(attn, job.inputs); });
  return groups!;
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
