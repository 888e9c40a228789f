// A part of a run by its name; everything that differs between Node and browsers is in `platform`:
//   load                               the module's
//   probes, startWorker()              what yardstick.mjs needs
//   onnxruntime(), onnxruntimeFiles    imports the peer; where its binaries are
//   tfjs(), tfjsFiles, tfjsThreads     the same, and whether it can have threads

import { compare } from './compare.mjs';
import { measureMemory } from './memory.mjs';
import { scale } from './scaling.mjs';
import { train } from './train.mjs';

/** Only Node can import it. */
const steps = async (...args) => (await import('./steps.mjs')).trainingSteps(...args);

const kinds = { compare, memory: measureMemory, scaling: scale, steps, train };

export const run = (platform, part, tell) => kinds[part.kind](platform, part, tell);
