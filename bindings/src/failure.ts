/** The core's errors in the facade's words. */
import { AttnError } from './error.js';
import type { CoreFailure } from './raw.js';
import type { ErrorCode } from './types.js';

/**
 * C++ spells the option in_proj_weight what its callers here know as inProjWeight. A key or a text of somebody else's,
 * which the core marks, stays as it is.
 */
const camel = (text: string) => text.replace(/\x02([^\x03]*)\x03|([a-z0-9])_([a-z])/g,
  (_, verbatim: string | undefined, before: string, after: string) => verbatim ?? before + after.toUpperCase());

/** `names`: whether the message tells which operator of many refused. */
export function failureOf(op: string, failure: CoreFailure, names: boolean): AttnError {
  const inner = camel(failure.op);
  // Memory is refused by who makes tensors, whoever needs them.
  const where = names && inner && inner !== op && failure.code !== 'OOM' ? `${inner}: ` : '';
  return new AttnError(failure.code as ErrorCode, op, where + camel(failure.message), failure.shapes);
}
