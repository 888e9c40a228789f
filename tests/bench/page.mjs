#!/usr/bin/env node
// `npm run bench:page`: how soon the page is there, and how soon it follows, in Chromium. In milliseconds:
// first content, first number that the core has computed, the longest task until then; and in the Lab, from a key to the
// redrawn output, by the size of the matrices. Medians of --times (5) loads. Last, frames a second of twelve heat maps of
// 512 × 512 that are zoomed and panned.

import { parseArgs } from 'node:util';
import { build } from 'esbuild';
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
    await page.setViewport({ width: 1366, height: 768 });
    await page.waitForSelector('[data-view="lab"] [data-state="ready"] [data-step="output"]');
    await new Promise((resolve) => { setTimeout(resolve, 1000); }); // what the load left to do
    await page.focus('[data-input="q"] input');
    const taken = [];
    for (let n = 0; n < times + 1; n++) {
      await page.$eval('[data-input="q"] input', (input) => input.select());
      await page.evaluate(() => {
        // Cells with numbers, or above twelve a canvas that counts its pictures. A loop of animation frames would keep the
        // worker's answer waiting until the second of them, which nobody who types has running.
        const shown = () => {
          const { value, pictures } = document.querySelector('[data-step="output"] td[data-value], [data-step="output"] canvas').dataset;
          return value ?? pictures;
        };
        const before = shown();
        globalThis.redrawn = new Promise((resolve) => {
          addEventListener('keydown', ({ timeStamp }) => {
            new MutationObserver((_, observer) => {
              if (shown() === before) return;
              observer.disconnect();
              requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - timeStamp))); // after the frame
            }).observe(document.querySelector('[data-view="lab"]'), { subtree: true, attributes: true, childList: true, characterData: true });
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

/** Frames a second while twelve maps are zoomed into and panned over, each frame drawn anew. */
async function frames(browser, url) {
  const { outputFiles: [bundle] } = await build({
    stdin: {
      contents: "export * from './heatmaps.js'; export { CanvasSurface } from './surface.js'; export { painter } from './colour.js';",
      resolveDir: fromRoot('web', 'src', 'draw'), loader: 'ts',
    },
    bundle: true, format: 'iife', globalName: 'draw', write: false,
  });
  const page = await browser.newPage();
  try {
    await page.setViewport({ width: 1366, height: 768 });
    await page.goto(url);
    await page.addScriptTag({ content: bundle.text });
    return await page.evaluate(async () => {
      const { HeatMaps, CanvasSurface, painter } = globalThis.draw;
      const tiles = Array.from({ length: 12 }, (_, n) => ({
        name: `head ${n}`, rows: 512, columns: 512, at: (r, c) => Math.abs(Math.sin(n + r * c)), role: 'weights', extent: 1,
      }));
      const picture = new HeatMaps('', [0, 4, 8].map((from) => tiles.slice(from, from + 4)), () => '');
      const canvas = Object.assign(document.createElement('canvas'), { width: 1300, height: 700 });
      document.body.prepend(canvas);
      const context = canvas.getContext('2d');
      const palette = { paint: painter(), ink: '#000', muted: '#555', line: '#ccc', edge: '#888', accent: '#639', card: '#fff' };
      const frame = (n) => {
        const scale = 1 + 20 * Math.sin((Math.PI * n) / 120) ** 2;
        const [x, y] = [(picture.width * n) / 240, (picture.height * n) / 240];
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, 1300, 700);
        context.setTransform(scale, 0, 0, scale, -x * scale, -y * scale);
        picture.draw(new CanvasSurface(context), palette, { preview: null, locked: null, related: () => false }, { x, y, width: 1300 / scale, height: 700 / scale, scale });
        context.getImageData(0, 0, 1, 1); // drawn, and not only noted down
      };
      frame(0); // makes the bitmaps
      const begin = performance.now();
      for (let n = 1; n <= 120; n++) await new Promise((resolve) => requestAnimationFrame(() => resolve(frame(n))));
      return 120_000 / (performance.now() - begin);
    });
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
    say('');
    row('12 × 512 × 512', 'frames a second');
    row('zoom and pan', await frames(browser, server.url));
  } finally {
    await browser.close();
    await server.close();
  }
});
