/** The client as components use it: its status, and calculations that keep their last result while a newer one runs. */
import { ComputeClient, isAborted, Refusal, type Status } from './client.js';
import type { Job, Problem, Run } from './protocol.js';

class Compute {
  status = $state.raw<Status>({ kind: 'starting' });
  /** Grows with each restart; calculations that read it run anew. */
  generation = $state(0);
  #client = new ComputeClient(
    () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'compute' }),
    (status) => { this.status = status; },
  );

  run<R extends Run>(key: string, job: Job<R>, signal: AbortSignal) {
    return this.#client.run(key, job, signal);
  }

  restart() {
    this.#client.start();
    this.generation += 1;
  }
}

export const compute = new Compute();

/** A result that follows its request: call `follow` in an effect. */
export class Calculation<R extends Run> {
  value = $state.raw<ReturnType<R>>();
  /** What the value was computed from, for those who explain it or compare it. */
  request = $state.raw<Parameters<R>[1]>();
  problem = $state.raw<Problem>();
  pending = $state(true);

  /** `key`: of two calculations with the same, the latest wins. */
  constructor(private view: string, private key = view) {}

  follow(request: Parameters<R>[1]) {
    void compute.generation;
    const abort = new AbortController();
    this.pending = true;
    compute.run<R>(this.key, { view: this.view, request }, abort.signal).then(
      (value) => {
        this.value = value;
        this.request = request;
        this.problem = undefined;
        this.pending = false;
      },
      (error: unknown) => {
        if (isAborted(error)) {
          // A newer request computes on; a worker that is gone does not.
          if (compute.status.kind === 'crashed') this.pending = false;
          return;
        }
        if (!(error instanceof Refusal)) throw error;
        this.problem = error.problem;
        this.pending = false;
      },
    );
    return () => abort.abort();
  }
}
