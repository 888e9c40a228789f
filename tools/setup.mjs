#!/usr/bin/env node
// Gets what a fresh machine lacks, once: `node tools/setup.mjs`. `npm start` and
// `npm test` call this themselves. Nothing outside the project is changed.

import { main, say, seconds } from './lib/console.mjs';
import { setupBrowsers } from './toolchain/browsers.mjs';
import { setupEmscripten } from './toolchain/emscripten.mjs';
import { setupHeaders } from './toolchain/headers.mjs';
import { setupNodeModules } from './toolchain/node-modules.mjs';
import { requireBuildTools } from './toolchain/requirements.mjs';

export { requireBuildTools, setupBrowsers, setupEmscripten, setupHeaders, setupNodeModules };

await main(import.meta, async () => {
  const begin = performance.now();
  requireBuildTools({ compiler: true });
  await setupNodeModules();
  const headers = await setupHeaders();
  const emscripten = await setupEmscripten();
  const browsers = await setupBrowsers();
  say(`Emscripten  ${emscripten.version}, ${emscripten.root}`);
  say(`C++ headers ${headers ?? 'by the system, or fetched by CMake'}`);
  say(`Chromium    ${browsers.chromium}`);
  say(`Firefox     ${browsers.firefox}`);
  say(`Set-up complete (${seconds(begin)})`);
});
