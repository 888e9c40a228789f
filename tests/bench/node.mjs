#!/usr/bin/env node
// `npm run bench`: the module and its peers in Node.
//   --only gemm,gemv,attention,decode,memory,scaling   --threads 1,2   --quick   --json FILE

import { main } from '../../tools/lib/console.mjs';
import { drive, prepare, readOptions } from './driver.mjs';
import { writeJson } from './lib/report.mjs';
import { bundleTfjs } from './lib/setup.mjs';
import { startInNode } from './start-in-node.mjs';

await main(import.meta, async () => {
  const options = readOptions();
  await prepare();
  await bundleTfjs('node');
  const result = await drive(`Node ${process.versions.node}`, options, startInNode);
  if (options.json) writeJson(options.json, [result]);
});
