import type { ErrorCode } from './types.js';

/** The one error that the module throws. `message` reads `op: what was expected, and what came`. */
export class AttnError extends Error {
  override readonly name = 'AttnError';

  constructor(
    readonly code: ErrorCode,
    /** The operator that refused, e.g. `scaledDotProductAttention`. */
    readonly op: string,
    message: string,
    /** The shapes that did not fit, the expected one first; empty where the error is not about shapes. */
    readonly shapes: readonly (readonly number[])[] = [],
    options?: ErrorOptions,
  ) {
    super(`${op}: ${message}`, options);
  }
}
