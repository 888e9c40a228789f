/** The page's side of the run that is open: its session, what it told last, and what of it is kept. */
import type { Settings } from '../../../zoo/task.js';
import { isAborted } from '../../engine/client.js';
import { SessionClient, type SessionStatus } from '../../engine/session.js';
import type { Frame, HeadId, Own, Request, State, TrainChunk } from './chunks.js';
import { runs, type Kept } from './runs.svelte.js';

type Of<K extends TrainChunk['kind']> = Extract<TrainChunk, { kind: K }>;

/** Unlike any other of this browser; there is no randomUUID without a secure context. */
const freshId = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

export const keyOf = (settings: Settings) => JSON.stringify(settings);

class Trainer {
  status = $state.raw<SessionStatus>({ kind: 'closed' });
  info = $state.raw<Of<'info'>>();
  progress = $state.raw<Of<'progress'>>();
  look = $state.raw<Of<'look'>>();
  frames = $state.raw<Frame[]>([]);
  /** The step up to which it is kept. */
  kept = $state(0);
  /** Under what it is kept. */
  id = $state('');
  #key = '';
  #client = new SessionClient<TrainChunk>(
    () => new Worker(new URL('../../engine/session-worker.ts', import.meta.url), { type: 'module', name: 'train' }),
    'train', { status: (status) => { this.status = status; }, chunk: (chunk) => this.#hear(chunk) },
  );

  get playing() { return this.progress?.playing === true && this.status.kind === 'open'; }
  get at() { return this.progress?.history.at ?? 0; }

  /** Whether these are what is open, or being opened. */
  has(settings: Settings) { return this.#key === keyOf(settings); }

  /** From the first values; or, with a run that is kept, from where that was. */
  open(settings: Settings, off: readonly HeadId[], own: Own | null, from?: { kept: Kept; state: State }) {
    this.#key = keyOf(settings);
    this.id = from?.kept.id ?? freshId();
    this.kept = from?.kept.history.at ?? 0;
    this.frames = from?.kept.frames ?? [];
    this.#client.open({ settings, off: [...off], own } satisfies Request, from?.state);
  }

  /** A checkpoint as a file; its settings are told when it is open. */
  openFile(file: Uint8Array) {
    this.id = freshId();
    [this.kept, this.frames] = [0, []];
    this.#client.open({ file, off: [], own: null } satisfies Request);
  }

  /** After its worker died: from where it was kept. */
  reopen() { this.#client.reopen(); }
  close() { this.#client.close(); }

  #call(command: string, argument?: unknown) {
    return this.#client.call(command, argument).catch((error: unknown) => { if (!isAborted(error)) throw error; });
  }
  play() { void this.#call('play'); if (this.progress) this.progress = { ...this.progress, playing: this.progress.history.ended === null }; }
  pause() { void this.#call('pause'); }
  step() { void this.#call('step'); }
  off(heads: readonly HeadId[]) { void this.#call('off', [...heads]); }
  own(own: Own | null) { void this.#call('own', own); }
  save() { return this.#client.call('save') as Promise<Uint8Array>; }

  #hear(chunk: TrainChunk) {
    if (chunk.kind === 'info') {
      this.#key = keyOf(chunk.settings);
      this.info = chunk;
    } else if (chunk.kind === 'progress') this.progress = chunk;
    else if (chunk.kind === 'look') this.look = chunk;
    else if (chunk.kind === 'checkpoint') this.#keep(chunk.state);
    else this.frames = [...this.frames.filter(({ at }) => at < chunk.frame.at), chunk.frame];
  }

  #keep({ settings, bytes, history }: State) {
    this.kept = history.at;
    void runs.keep({ id: this.id, updated: Date.now(), settings, parameters: this.info!.parameters, history, frames: this.frames }, bytes);
  }
}

export const trainer = new Trainer();
