#!/usr/bin/env node
// `npm run bench`: the module and its peers in Node.
//   --only gemm,gemv,attention,decode,memory,scaling   --threads 1,2   --quick   --json FILE

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { main, Problem } from '../../tools/lib/console.mjs';
import { relaxedSimdFlags } from '../../tools/toolchain/emscripten.mjs';
import { drive, prepare, readOptions } from './driver.mjs';
import { writeJson } from './lib/report.mjs';

const program = fileURLToPath(new URL('node-process.mjs', import.meta.url));

const start = (part, tell) => new Promise((resolve, reject) => {
  const child = fork(program, [], { execArgv: relaxedSimdFlags });
  child.on('message', ({ line, result }) => {
    if (line) tell(line);
    if (result) resolve(result);
  });
  child.on('error', reject);
  child.on('exit', (code, signal) => reject(new Problem(`The benchmark's process ended early (${signal ?? `status ${code}`}).`)));
  child.send(part);
});

await main(import.meta, async () => {
  const options = readOptions();
  await prepare();
  const result = await drive(`Node ${process.versions.node}`, options, start);
  if (options.json) writeJson(options.json, [result]);
});
