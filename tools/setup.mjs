#!/usr/bin/env node
// Gets what a fresh machine lacks, once: `node tools/setup.mjs`. `npm start` and
// `npm test` call this themselves. Nothing outside the project is changed.

import { main, say, seconds } from './lib/console.mjs';
import { setupBrowsers } from './toolchain/browsers.mjs';
import { setupEmscripten } from './toolchain/emscripten.mjs';
import { setupEnvironment, writeEnvironmentScript } from './toolchain/environment.mjs';
import { setupNodeModules } from './toolchain/node-modules.mjs';
import { requireBuildTools } from './toolchain/requirements.mjs';
import { setupTorch } from './toolchain/torch.mjs';

export { requireBuildTools, setupBrowsers, setupEmscripten, setupEnvironment, setupNodeModules, setupTorch };

await main(import.meta, async () => {
  const begin = performance.now();
  requireBuildTools({ compiler: true });
  await setupNodeModules();
  const env = await setupEnvironment({ wasm: true });
  const browsers = await setupBrowsers();
  const python = await setupTorch();
  say(`Emscripten  ${env.EMSCRIPTEN_ROOT}`);
  say(`Chromium    ${browsers.chromium}`);
  say(`Firefox     ${browsers.firefox}`);
  say(`PyTorch     ${python}`);
  say(`By hand     . ${writeEnvironmentScript(env)}`);
  say(`Set-up complete (${seconds(begin)})`);
});
