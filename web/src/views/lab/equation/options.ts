/** The lab's settings as `attend` takes them: what the worker computes, and what the copied program says. */
import type { AttendOptions } from 'attention-playground';
import type { LabRequest } from './worker.js';

function scoreWeights(r: LabRequest): AttendOptions {
  switch (r.score) {
    case 'general': return { weight: r.general };
    case 'additive': return { queryWeight: r.additiveQ, keyWeight: r.additiveK, scoreVector: r.additiveV[0]! };
    case 'location': return { weight: r.location, bias: r.locationB[0]! };
    default: return {};
  }
}

function mask(r: LabRequest): AttendOptions {
  switch (r.mask) {
    case 'none': return {};
    case 'causal': return { mask: 'causal' };
    case 'window': return { mask: { window: r.window } };
    case 'padding': return { mask: { padding: [r.padding] } };
    case 'free': return { mask: r.painted.map((row) => row.map((hidden) => hidden === 0)) };
  }
}

/** Those that are not attend's own defaults. */
export const attendOptions = (r: LabRequest): AttendOptions => ({
  ...(r.score === 'scaledDot' ? {} : { score: r.score }),
  ...scoreWeights(r),
  ...(r.scale === null ? {} : { scale: r.scale }),
  ...(r.temperature === 1 ? {} : { temperature: r.temperature }),
  ...mask(r),
  ...(r.normalizer === 'softmax' ? {} : { normalizer: r.normalizer }),
  ...(r.heads === 1 ? {} : { heads: r.heads }),
});
