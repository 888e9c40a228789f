#!/usr/bin/env node
// `npm start`: from a fresh clone to the page in one command.
//   --port 8080   the first port to try     --open   open the page in the browser

import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { buildPage } from './build.mjs';
import { main, say } from './lib/console.mjs';
import { fromRoot } from './lib/paths.mjs';
import { serve } from './serve.mjs';

await main(import.meta, async () => {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '8080' }, open: { type: 'boolean' }, verbose: { type: 'boolean' } },
  });
  await buildPage();
  const { url } = await serve(fromRoot('build', 'page'), { port: Number(values.port) });
  say('\nThe attention playground is at\n');
  say(`  ${url}\n`);
  say('Ctrl-C ends it.');
  if (values.open) {
    const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
    spawn(opener, [url], { stdio: 'ignore', detached: true }).on('error', () => {}).unref();
  }
});
