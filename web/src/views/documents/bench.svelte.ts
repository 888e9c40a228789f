/** Where experiments run: one at a time, in a session of its own; what each has shown stays. */
import { SvelteMap } from 'svelte/reactivity';
import type { About, Chosen, Report } from '../../../documents/experiments/experiment.js';
import { PROBE_MS } from '../../../documents/experiments/probe.js';
import { compute } from '../../engine/engine.svelte.js';
import { SessionClient } from '../../engine/session.js';
import type { Told } from './session.js';
import type probe from './speed/worker.js';

/** `part`: it was stopped before its end. */
export interface Outcome { report?: Report; state: 'running' | 'part' | 'whole' | 'died'; message?: string; seconds: number }

const keyOf = (id: string, chosen: Chosen) => [id, ...Object.entries(chosen).map((each) => each.join('='))].join('&');

class Bench {
  /** How many times as long as the machine that the experiments' seconds come from; undefined until it is known. */
  slowness = $state<number>();
  #outcomes = new SvelteMap<string, Outcome>();
  #running: { key: string; begun: number; said: number } | undefined;
  #asked = false;
  /** Whether one has run for long enough to know better than the probe. */
  #seen = false;
  #client = new SessionClient<Told>(
    () => new Worker(new URL('../../engine/session-worker.ts', import.meta.url), { type: 'module', name: 'session' }), 'documents', {
      status: (status) => { if (status.kind === 'died') this.#end('died', status.message); },
      chunk: ({ report }) => {
        if (!this.#running) return;
        this.#note({ report });
        if (report.done === 1) this.#end('whole');
      },
    },
  );

  outcome(id: string, chosen: Chosen) { return this.#outcomes.get(keyOf(id, chosen)); }

  run({ id, cost }: About, chosen: Chosen) {
    this.stop();
    const key = keyOf(id, chosen);
    this.#running = { key, begun: performance.now(), said: cost(chosen).seconds };
    this.#outcomes.set(key, { state: 'running', seconds: 0 });
    this.#client.open({ id, chosen });
  }

  stop() { this.#end('part'); }

  /** When an experiment comes near: a few times, for something else may keep the machine busy. */
  async measure(most = 4) {
    if (this.#asked) return;
    this.#asked = true;
    try {
      for (let n = 0; n < most; n++) {
        const ms = await compute.run<typeof probe>('speed', { view: 'documents/speed', request: undefined as never }, new AbortController().signal);
        if (!this.#seen) this.slowness = Math.min(this.slowness ?? Infinity, ms / PROBE_MS);
        await new Promise((resolve) => { setTimeout(resolve, 700); });
      }
    } catch {
      this.#asked = false; // the worker went away; whoever comes near next asks again
    }
  }

  #note(news: Partial<Outcome>) {
    const { key, begun } = this.#running!;
    this.#outcomes.set(key, { ...this.#outcomes.get(key)!, ...news, seconds: (performance.now() - begun) / 1000 });
  }

  /** The worker goes, and with it all of its memory. */
  #end(state: 'part' | 'whole' | 'died', message?: string) {
    if (!this.#running) return;
    this.#note({ state, message });
    const { key, said } = this.#running;
    if (state === 'whole' && said > 1) {
      this.slowness = this.#outcomes.get(key)!.seconds / said;
      this.#seen = true;
    }
    this.#running = undefined;
    this.#client.close();
  }
}

export const bench = new Bench();
