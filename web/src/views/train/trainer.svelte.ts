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
  /** What a session tells at first is shown when all of it is there: until then, all is of the one before. */
  #coming: { info?: Of<'info'>; progress?: Of<'progress'>; look?: Of<'look'>; frames: Frame[] } | undefined;
  #client = new SessionClient<TrainChunk>(
    () => new Worker(new URL('../../engine/session-worker.ts', import.meta.url), { type: 'module', name: 'train' }),
    'train', { status: (status) => { this.status = status; }, chunk: (chunk) => this.#hear(chunk) },
  );

  get playing() { return this.progress?.playing === true && this.status.kind === 'open'; }
  get at() { return this.progress?.history.at ?? 0; }

  /** Whether these are what is open, or being opened. */
  has(settings: Settings) { return this.#key === keyOf(settings); }

  /** From the first values; or, with a run that is kept, from where that was. What was open is kept as it is now. */
  async open(settings: Settings, off: readonly HeadId[], own: Own | null, from?: { kept: Kept; state: State }) {
    this.#key = keyOf(settings);
    await this.#leave();
    if (!this.has(settings)) return; // others were chosen meanwhile
    this.id = from?.kept.id ?? freshId();
    this.kept = from?.kept.history.at ?? 0;
    this.#coming = { frames: from?.kept.frames ?? [] };
    this.#client.open({ settings, off: [...off], own } satisfies Request, from?.state);
  }

  /** A checkpoint as a file; its settings are told when it is open. */
  async openFile(file: Uint8Array) {
    await this.#leave();
    [this.id, this.kept, this.#coming] = [freshId(), 0, { frames: [] }];
    this.#client.open({ file, off: [], own: null } satisfies Request);
  }

  async #leave() {
    if (this.status.kind !== 'open' || this.#coming || this.at <= this.kept) return;
    const state = await this.#call('state') as State | undefined;
    if (state) this.#keep(state);
  }

  /** After its worker died: from where it was kept. */
  reopen() {
    this.#coming = { frames: this.frames };
    this.#client.reopen();
  }
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
  pytorch() { return this.#client.call('pytorch') as Promise<string>; }

  #hear(chunk: TrainChunk) {
    if (chunk.kind === 'checkpoint') return this.#keep(chunk.state);
    const coming = this.#coming;
    if (chunk.kind === 'info') (coming ?? this).info = chunk;
    else if (chunk.kind === 'progress') (coming ?? this).progress = chunk;
    else if (chunk.kind === 'look') (coming ?? this).look = chunk;
    else (coming ?? this).frames = [...(coming ?? this).frames.filter(({ at }) => at < chunk.frame.at), chunk.frame];
    if (!coming?.info || !coming.progress || !coming.look) return;
    this.#key = keyOf(coming.info.settings);
    Object.assign(this, coming);
    this.#coming = undefined;
  }

  #keep({ settings, bytes, history }: State) {
    this.kept = history.at;
    void runs.keep({ id: this.id, updated: Date.now(), settings, parameters: this.info!.parameters, history, frames: this.frames }, bytes);
  }
}

export const trainer = new Trainer();
