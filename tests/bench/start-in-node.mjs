// Runs a part in a Node process of its own.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Problem } from '../../tools/lib/console.mjs';
import { relaxedSimdFlags } from '../../tools/toolchain/emscripten.mjs';

const program = fileURLToPath(new URL('node-process.mjs', import.meta.url));

export const startInNode = (part, tell) => new Promise((resolve, reject) => {
  const child = fork(program, [], { execArgv: relaxedSimdFlags });
  child.on('message', ({ line, result }) => {
    if (line) tell(line);
    if (result) resolve(result);
  });
  child.on('error', reject);
  child.on('exit', (code, signal) => reject(new Problem(`The benchmark's process ended early (${signal ?? `status ${code}`}).`)));
  child.send(part);
});
