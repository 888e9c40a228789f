/** Training in a worker of its own: a run that begins, goes on from a checkpoint, or from a file. */
import type { Attn } from 'attention-playground';
import type { Settings } from '../../../zoo/task.js';
import { Run } from '../../../zoo/train.js';
import type { Chunk } from '../../engine/protocol.js';
import type { Request, State } from './chunks.js';
import { Training } from './training.js';

export default async function open(attn: Attn, { settings, file, off, own }: Request, tell: (chunk: Chunk, transfer?: Transferable[]) => void, from?: State) {
  const found = from?.settings ?? settings ?? settingsOfFile(attn, file!);
  const run = await Run.open(attn, found, from?.bytes ?? file);
  return new Training(attn, run, tell, own, off, from?.history ?? (file ? beginning(run.at) : undefined));
}

/** What `Run.save` wrote beside the weights. */
function settingsOfFile(attn: Attn, file: Uint8Array): Settings {
  const { settings } = attn.scope(() => attn.loadSafetensors(file, { allowNonfinite: true }).metadata);
  if (settings === undefined) throw new Error('the file holds weights, but not how they were trained');
  return JSON.parse(settings) as Settings;
}

/** A file has no curves. */
const beginning = (at: number) => ({ at, seconds: 0, train: { xs: [], ys: [] }, held: { xs: [], ys: [] }, best: { loss: Infinity, at: 0, misses: 0 }, ended: null });
