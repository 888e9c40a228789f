/** The client as components use it: its status, and calculations that keep their last result while a newer one runs. */
import { ComputeClient, isAborted, Refusal, type Status } from './client.js';
import type { Job, Problem, Results } from './protocol.js';

class Compute {
  status = $state.raw<Status>({ kind: 'starting' });
  /** Grows with each restart; calculations that read it run anew. */
  generation = $state(0);
  #client = new ComputeClient(
    () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'compute' }),
    (status) => { this.status = status; },
  );

  run<K extends Job['kind']>(key: string, job: Job & { kind: K }, signal: AbortSignal) {
    return this.#client.run<K>(key, job, signal);
  }

  restart() {
    this.#client.start();
    this.generation += 1;
  }
}

export const compute = new Compute();

/** A result that follows its job: call `follow` in an effect. */
export class Calculation<K extends Job['kind']> {
  value = $state.raw<Results[K]>();
  /** What the value was computed from, for those who explain it or compare it. */
  job = $state.raw<Job & { kind: K }>();
  problem = $state.raw<Problem>();
  pending = $state(true);

  constructor(private key: string) {}

  follow(job: Job & { kind: K }) {
    void compute.generation;
    const abort = new AbortController();
    this.pending = true;
    compute.run<K>(this.key, job, abort.signal).then(
      (value) => {
        this.value = value;
        this.job = job;
        this.problem = undefined;
        this.pending = false;
      },
      (error: unknown) => {
        if (isAborted(error)) return;
        if (!(error instanceof Refusal)) throw error;
        this.problem = error.problem;
        this.pending = false;
      },
    );
    return () => abort.abort();
  }
}
