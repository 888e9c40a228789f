// The GPT of the training benchmark on the native core: attn_bench, which times itself.

import { measure, readFloats, temporary } from '../native/program.mjs';

/** Long enough for some steps of a toy, and no more than a few of a large model. */
const SECONDS = 0.1;

export function nativeGpt(instructionSet, { config: c, batch }, inputs) {
  const args = ['gpt_step', batch, c.maxLength, c.dModel, c.numHeads, c.numLayers, c.vocabSize, Number(c.tieWeights ?? false)];
  const ask = (more) => measure(args, { instructionSet, threads: 1, ...more });
  return {
    name: `ours, native ${instructionSet}`,
    role: 'ours',
    time: async () => (await ask({ files: { inputs }, seconds: SECONDS })).ms,
    async output() {
      const output = temporary('gpt-step.f32');
      await ask({ files: { inputs, output } });
      return readFloats(output);
    },
  };
}
