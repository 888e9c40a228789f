// The GPT of the training benchmark in native PyTorch: a program of its own, which times itself.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { temporary, readFloats } from '../native/program.mjs';

const program = fileURLToPath(new URL('torch-gpt.py', import.meta.url));

/**
 * python: one with PyTorch; inputs: a file of parameters, tokens and targets. Resolves with a contestant of interleave and with
 * what PyTorch says of itself: { version, gflops }, of a matrix product.
 */
export async function torchGpt(python, { config, batch, lr, maxNorm }, inputs) {
  const settings = temporary('torch-gpt.json');
  writeFileSync(settings, JSON.stringify({ model: config, batch, lr, maxNorm }));
  // OpenBLAS has threads of its own, of which PyTorch does not know.
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  const child = spawn(python, [program, settings, inputs], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error(`${program} ended early`);
    return JSON.parse(value);
  };
  const ask = (line) => {
    child.stdin.write(`${line}\n`);
    return answer();
  };
  const about = await answer();
  return {
    about,
    name: `PyTorch ${about.version.replace(/\+.*/, '')}, native`,
    role: 'peer',
    time: (calls) => ask(`time ${calls}`),
    async output() {
      const file = temporary('torch-gpt.f32');
      await ask(`output ${file}`);
      return readFloats(file);
    },
    stop: () => child.stdin.end(),
  };
}
