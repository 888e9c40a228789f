/** The worker's side of a start: the core is loaded, and told of. */
import { load, type AttnError, type Attn, type LoadOptions } from 'attention-playground';
import type { FromStart } from './core-worker.js';
import type { Problem } from './protocol.js';

export function problemOf(error: unknown): Problem {
  const { code = 'INTERNAL', op = '', message, shapes = [] } = error as Partial<AttnError>;
  return { code, op, message: message ?? String(error), shapes };
}

export function start(options: LoadOptions, answer: (message: FromStart) => void): Promise<Attn> | undefined {
  if (typeof WebAssembly === 'undefined') {
    answer({ kind: 'failed', why: 'noWasm', problem: { code: 'UNSUPPORTED', op: 'load', message: 'there is no WebAssembly', shapes: [] } });
    return undefined;
  }
  // As long as these come, the start is slow and not stuck.
  answer({ kind: 'starting' });
  const beat = setInterval(() => answer({ kind: 'starting' }), 500);
  const core = load(options);
  core.then(
    (attn) => answer({ kind: 'ready', info: { ...attn.info } }),
    (error: unknown) => answer({ kind: 'failed', problem: problemOf(error) }),
  ).finally(() => clearInterval(beat));
  return core;
}
