#!/usr/bin/env node
// Gets what a fresh machine lacks, once: `node tools/setup.mjs`. `npm start` and
// `npm test` call this themselves. Nothing outside the project is changed.

import { main, say, seconds } from './lib/console.mjs';
import { setupEmscripten } from './toolchain/emscripten.mjs';
import { setupHeaders } from './toolchain/headers.mjs';

export { setupEmscripten, setupHeaders };

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const begin = performance.now();
    await setupHeaders();
    const { version, root } = await setupEmscripten();
    say(`Emscripten ${version} in ${root}`);
    say(`Set-up complete (${seconds(begin)})`);
  });
}
