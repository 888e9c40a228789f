/** Runs that are kept in this browser: their settings, curves and film, and apart from those, which are listed, their checkpoints. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Settings } from '../../../zoo/task.js';
import type { Frame, History, State } from './chunks.js';

export interface Kept { id: string; updated: number; settings: Settings; parameters: number; history: History; frames: Frame[] }

interface Tables extends DBSchema {
  runs: { key: string; value: Kept };
  checkpoints: { key: string; value: Uint8Array };
}

class Runs {
  /** The latest first. */
  list = $state.raw<Kept[]>([]);
  /** Why nothing is kept: the browser's own words. */
  refused = $state('');
  /** For undo. */
  deleted = $state.raw<{ kept: Kept; bytes: Uint8Array }>();
  #db: Promise<IDBPDatabase<Tables>> | undefined;

  #open() {
    this.#db ??= openDB<Tables>('attention-playground', 1, {
      upgrade(db) {
        db.createObjectStore('runs', { keyPath: 'id' });
        db.createObjectStore('checkpoints');
      },
    });
    return this.#db;
  }

  /** What a full disk, or a browser that keeps nothing, refuses is told; the run itself goes on. */
  async #safely<T>(work: (db: IDBPDatabase<Tables>) => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work(await this.#open());
      this.refused = '';
      return result;
    } catch (error) {
      this.refused = (error as Error).message || (error as Error).name;
      return undefined;
    }
  }

  async load() {
    await this.#safely(async (db) => {
      this.list = (await db.getAll('runs')).sort((a, b) => b.updated - a.updated);
    });
  }

  async keep(kept: Kept, bytes: Uint8Array) {
    this.list = [kept, ...this.list.filter(({ id }) => id !== kept.id)];
    await this.#safely(async (db) => {
      const writing = db.transaction(['runs', 'checkpoints'], 'readwrite');
      await Promise.all([writing.objectStore('runs').put(kept), writing.objectStore('checkpoints').put(bytes, kept.id), writing.done]);
    });
  }

  async stateOf({ id, settings, history }: Kept): Promise<State | undefined> {
    const bytes = await this.#safely((db) => db.get('checkpoints', id));
    return bytes && { settings, history, bytes };
  }

  async remove(kept: Kept) {
    const bytes = await this.#safely((db) => db.get('checkpoints', kept.id));
    this.list = this.list.filter(({ id }) => id !== kept.id);
    this.deleted = bytes && { kept, bytes };
    await this.#safely(async (db) => {
      const writing = db.transaction(['runs', 'checkpoints'], 'readwrite');
      await Promise.all([writing.objectStore('runs').delete(kept.id), writing.objectStore('checkpoints').delete(kept.id), writing.done]);
    });
  }

  async restore() {
    const { deleted } = this;
    this.deleted = undefined;
    if (deleted) await this.keep(deleted.kept, deleted.bytes);
    this.list = [...this.list].sort((a, b) => b.updated - a.updated);
  }
}

export const runs = new Runs();
