#!/usr/bin/env node
// `npm run dev`: the page from its sources, reloaded as they change. The module
// is built once before; after a change to the C++ or the facade start it again.

import { buildModule } from './build.mjs';
import { main } from './lib/console.mjs';
import { fromRoot } from './lib/paths.mjs';
import { isolation } from './serve.mjs';

await main(import.meta, async () => {
  await buildModule();
  const { createServer } = await import('vite');
  const server = await createServer({
    configFile: fromRoot('web', 'vite.config.ts'),
    server: { headers: isolation },
  });
  await server.listen();
  server.printUrls();
});
