#!/usr/bin/env node
// `npm run bench:page`: how soon the page is there, and how soon it follows, in Chromium. In milliseconds:
// first content, first number that the core has computed, the longest task until then; and in the Lab, from a key to the
// redrawn output, by the size of the matrices. Medians of --times (5) loads.

import { parseArgs } from 'node:util';
import { buildPage } from '../../tools/build.mjs';
import { main, say } from '../../tools/lib/console.mjs';
import { fromRoot } from '../../tools/lib/paths.mjs';
import { serve } from '../../tools/serve.mjs';
import { setupBrowsers } from '../../tools/setup.mjs';

const slow = { offline: false, latency: 400, downloadThroughput: 1.5e6 / 8, uploadThroughput: 1.5e6 / 8 };
const lines = {
  'no limit': {},
  '400 ms, 1.5 Mbit/s': { network: slow },
  'and 6 times slower': { network: slow, cpu: 6 },
};
const sizes = [4, 16, 32];

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function load(browser, url, { network, cpu }) {
  const context = await browser.createBrowserContext(); // nothing cached
  const page = await context.newPage();
  try {
    const client = await page.createCDPSession();
    if (network) await client.send('Network.emulateNetworkConditions', network);
    if (cpu) await client.send('Emulation.setCPUThrottlingRate', { rate: cpu });
    await page.evaluateOnNewDocument(() => {
      globalThis.seen = { longest: 0 };
      new PerformanceObserver((list) => {
        for (const { name, startTime } of list.getEntries()) if (name === 'first-contentful-paint') globalThis.seen.content = startTime;
      }).observe({ type: 'paint', buffered: true });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) globalThis.seen.longest = Math.max(globalThis.seen.longest, duration);
      }).observe({ type: 'longtask', buffered: true });
      const look = () => {
        if (document.querySelector('[data-view] [data-state="ready"]')) globalThis.seen.live = performance.now();
        else setTimeout(look, 5);
      };
      look();
    });
    await page.goto(url, { timeout: 120_000 });
    await page.waitForFunction(() => globalThis.seen.live && globalThis.seen.content, { timeout: 120_000, polling: 50 });
    return await page.evaluate(() => globalThis.seen);
  } finally {
    await context.close();
  }
}

/** From the key's own time to the frame after the output has changed. */
async function keys(browser, url, size, times) {
  const rows = (f) => Array.from({ length: size }, (_, r) => Array.from({ length: size }, (__, c) => f(r, c).toFixed(1)).join(',')).join(';');
  const hash = `#view=lab&lang=en&${['q', 'k', 'v'].map((name, n) => `${name}=${rows((r, c) => Math.sin(r + 2 * c + n))}`).join('&')}`;
  const page = await browser.newPage();
  try {
    await page.goto(`${url}${hash}`);
    await page.waitForSelector('[data-view="lab"] [data-state="ready"]');
    await page.focus('[data-input="q"] input');
    const taken = [];
    for (let n = 0; n < times + 1; n++) {
      await page.$eval('[data-input="q"] input', (input) => input.select());
      await page.evaluate(() => {
        const output = document.querySelector('[data-step="output"] td[data-value]');
        const before = output.dataset.value;
        globalThis.redrawn = new Promise((resolve) => {
          addEventListener('keydown', ({ timeStamp }) => {
            const look = () => requestAnimationFrame(() => {
              if (document.querySelector('[data-step="output"] td[data-value]').dataset.value === before) return look();
              setTimeout(() => resolve(performance.now() - timeStamp)); // after the frame
            });
            look();
          }, { once: true, capture: true });
        });
      });
      await page.keyboard.press(String(1 + (n % 9)));
      taken.push(await page.evaluate(() => globalThis.redrawn));
    }
    return median(taken.slice(1)); // the first warms up
  } finally {
    await page.close();
  }
}

await main(import.meta, async () => {
  const { values } = parseArgs({ options: { times: { type: 'string', default: '5' }, verbose: { type: 'boolean' } } });
  const times = Number(values.times);
  await buildPage();
  const { chromium } = await setupBrowsers();
  const { default: puppeteer } = await import('puppeteer-core');
  const server = await serve(fromRoot('build', 'page'));
  const browser = await puppeteer.launch({ executablePath: chromium, args: ['--no-sandbox', '--no-first-run', '--disable-background-networking'] });
  try {
    const row = (name, ...numbers) => say(`${name.padEnd(20)}${numbers.map((x) => String(typeof x === 'number' ? Math.round(x) : x).padStart(16)).join('')}`);
    row('the line', 'first content', 'first number', 'longest task');
    for (const [name, line] of Object.entries(lines)) {
      const seen = [];
      for (let n = 0; n < times; n++) seen.push(await load(browser, server.url, line));
      row(name, ...['content', 'live', 'longest'].map((what) => median(seen.map((each) => each[what]))));
    }
    say('');
    row('the Lab', 'key to redraw');
    for (const size of sizes) row(`${size} × ${size}`, await keys(browser, server.url, size, times));
  } finally {
    await browser.close();
    await server.close();
  }
});
