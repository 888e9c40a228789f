#!/usr/bin/env node
// `npm run bench:browser`: the module and its peers in Chromium and Firefox, in a worker of a page that may use threads.
//   --browser chromium,firefox   and the options of node.mjs

import { main, Problem } from '../../tools/lib/console.mjs';
import { root } from '../../tools/lib/paths.mjs';
import { serve } from '../../tools/serve.mjs';
import { setupBrowsers } from '../../tools/setup.mjs';
import { drive, prepare, readOptions } from './driver.mjs';
import { writeJson } from './lib/report.mjs';
import { bundleTfjs } from './lib/setup.mjs';

const kinds = { chromium: 'chrome', firefox: 'firefox' };

async function launch(name, executablePath) {
  const { default: puppeteer } = await import('puppeteer-core');
  return puppeteer.launch({
    browser: kinds[name], executablePath, headless: true,
    protocolTimeout: 0, // a part takes minutes
    args: name === 'chromium'
      ? ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'] : [],
  });
}

/** Each part in a new page, so that nothing of the part before is left. */
async function runPart(browser, url, part, tell) {
  const page = await browser.newPage();
  const outside = [];
  page.on('request', (request) => {
    if (!/^(data|blob|about):/.test(request.url()) && !request.url().startsWith(url)) outside.push(request.url());
  });
  page.on('console', (message) => { if (message.text().startsWith('bench: ')) tell(message.text().slice(7)); });
  await page.goto(`${url}tests/bench/page.html`);
  const { result, error } = await page.evaluate((wanted) => globalThis.bench(wanted), part);
  await page.close();
  if (error) throw new Problem(`The benchmark failed in the browser:\n${error}`);
  if (outside.length > 0) throw new Problem(`The benchmark must not leave its own origin, and asked for ${outside.join(', ')}.`);
  return result;
}

await main(import.meta, async () => {
  const options = readOptions({ browser: { type: 'string', default: Object.keys(kinds).join() } });
  const names = options.browser.split(',');
  if (!names.every((name) => name in kinds)) throw new Problem(`--browser takes ${Object.keys(kinds).join(' and ')}, not ${options.browser}.`);
  await prepare();
  await bundleTfjs('browser');
  const paths = await setupBrowsers();
  const { url, close } = await serve(root);
  const results = [];
  for (const name of names) {
    const browser = await launch(name, paths[name]);
    try {
      results.push(await drive(await browser.version(), options, (part, tell) => runPart(browser, url, part, tell)));
    } finally {
      await browser.close();
    }
  }
  await close();
  if (options.json) writeJson(options.json, results);
});
