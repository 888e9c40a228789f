// Browsers, servers and pages for the tests. The strict policy is always on; every request, error and violation that a
// page causes is kept, and `verify` fails on any that should not be.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, request as forward } from 'node:http';
import { after, afterEach, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import puppeteer from 'puppeteer-core';
import { serve, strictPolicy } from '../../../tools/serve.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const PATIENCE = 30_000;

export const browsers = ['chromium', 'firefox'];
/** Where the page must work: both browsers, with the headers for threads and without. */
export const settings = browsers.flatMap((browser) => [true, false].map((isolated) => ({
  browser, isolated, name: `${browser}, ${isolated ? 'isolated' : 'not isolated'}`,
})));

/**
 * Both browsers and both kinds of headers, in two runs instead of four: what a page does depends on either, but not on
 * their combination, as the module's own tests make sure.
 */
export const pairs = settings.filter(({ browser, isolated }) => (browser === 'chromium') === isolated);
/** The other two, for another file. */
export const turnedPairs = settings.filter((each) => !pairs.includes(each));

export function launch(browser, { dark = false } = {}) {
  const executablePath = process.env[browser.toUpperCase()];
  assert.ok(executablePath, `${browser.toUpperCase()} must hold the path of the browser`);
  return browser === 'firefox'
    ? puppeteer.launch({
      browser: 'firefox', executablePath, headless: true,
      extraPrefsFirefox: { 'layout.css.prefers-color-scheme.content-override': dark ? 0 : 1, 'intl.accept_languages': 'en-US' },
    })
    : puppeteer.launch({
      browser: 'chrome', executablePath, headless: true,
      args: [
        '--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
        '--lang=en-US', ...(dark ? ['--blink-settings=preferredColorScheme=0'] : ['--blink-settings=preferredColorScheme=1']),
      ],
    });
}

/**
 * The built page, or all of the project for the fixtures, behind a proxy that notes what is asked for. What `missing`
 * picks is not found until `heal`.
 */
export async function site(isolated, folder = 'build/page', missing = () => false) {
  const inner = await serve(`${root}${folder}`, { isolated, policy: strictPolicy });
  const requests = [];
  let healed = false;
  const proxy = createServer((incoming, outgoing) => {
    requests.push(incoming.url);
    if (!healed && missing(incoming.url)) return outgoing.writeHead(404).end();
    return forward({ port: inner.port, host: '127.0.0.1', path: incoming.url, method: incoming.method }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    }).on('error', () => outgoing.destroy()).end();
  });
  await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
  return {
    url: `http://localhost:${proxy.address().port}/`,
    requests,
    heal() { healed = true; },
    async close() {
      await new Promise((resolve) => { proxy.close(resolve); proxy.closeAllConnections(); });
      await inner.close();
    },
  };
}

/** A page that has settled: every example computed, or the lab's steps shown. */
export async function open(browser, { url }, hash = '', { width = 1280, height = 900 } = {}) {
  const page = await browser.newPage();
  const complaints = [];
  page.on('console', (message) => { if (['error', 'warn'].includes(message.type())) complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!/^(data|blob|about):/.test(request.url()) && !request.url().startsWith(url)) complaints.push(`request to ${request.url()}`);
  });
  await page.setViewport({ width, height });
  await page.goto(`${url}${hash}`);
  await settled(page);
  return {
    page,
    /** Nothing went to the console, and nothing left the origin. */
    async verify() {
      assert.deepEqual(complaints, []);
      await page.close();
    },
  };
}

/** For a describe: { browser, home }, there before its tests and gone after them. */
export function browserAndSite(browserName, isolated) {
  const its = {};
  before(async () => {
    its.browser = await launch(browserName);
    its.home = await site(isolated);
  });
  // A failed test leaves its page behind, and pages in the background starve those to come.
  afterEach(async () => {
    for (const page of (await its.browser.pages()).slice(1)) await page.close();
  });
  after(async () => {
    await its.browser?.close();
    await its.home?.close();
  });
  return its;
}

/** Polled by the clock, since a page in the background gets no animation frames. */
export async function settled(page) {
  try {
    await page.waitForFunction(() => {
      // Of the view that is open; those that were left are hidden.
      const states = [...document.querySelectorAll('[data-view]:not([hidden]) [data-state]')];
      return states.length > 0 && states.every(({ dataset }) => dataset.state !== 'pending');
    }, { timeout: PATIENCE, polling: 100 });
  } catch (error) {
    const state = await page.evaluate(() => [...document.querySelectorAll('[data-state], .crash, footer')].map((element) =>
      (element.dataset.state ? `${element.id} ${element.dataset.state}` : element.textContent)).join('; '));
    throw new Error(`the page does not settle: ${state}`, { cause: error });
  }
}

/** Scrolls to each example, which is drawn only when it is near, and waits for its numbers. */
export async function walk(page, only) {
  const ids = only ?? await page.$$eval('article', (all) => all.map(({ id }) => id.slice('doc-'.length)));
  for (const id of ids) {
    await page.$eval(`#doc-${id}`, (article) => article.scrollIntoView({ behavior: 'instant' }));
    await page.waitForFunction((at) => ['ready', 'error'].includes(document.getElementById(at).dataset.state), { polling: 50 }, `doc-${id}`);
  }
}

/** Tries until the check passes; then, or at the end of patience, its own error counts. */
export async function eventually(check, patience = 10_000) {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }
}

/** The full numbers of a table's rows (or of the first that the selector finds). */
export async function matrix(page, selector) {
  const rows = await page.$eval(selector, (element) => [...element.querySelectorAll('tbody tr')].map((row) =>
    [...row.querySelectorAll('[data-value]')].map((cell) => cell.dataset.value)));
  return rows.map((row) => row.map(Number)); // here, since −Infinity does not survive the way from the page
}

/** What a person's paste into a field does. */
export const paste = (page, selector, content) => page.$eval(selector, (input, plain) => {
  const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true });
  // Firefox lets nobody make one with data in it.
  Object.defineProperty(event, 'clipboardData', { value: { getData: () => plain } });
  input.dispatchEvent(event);
}, content);

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds. */
export async function violations(page) {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    // KaTeX's drawing is hidden from screen readers, which get its MathML.
    const { violations: found } = await globalThis.axe.run({ exclude: ['.katex-html'] });
    return found.map(({ id, nodes }) => `${id}: ${nodes.length} times, first at ${nodes[0].target}: ${nodes[0].failureSummary}`);
  });
}

/** What the page would save is kept in it instead. */
export const keepFiles = (page) => page.evaluateOnNewDocument(() => {
  globalThis.saved = [];
  const blobs = new Map();
  const make = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    const url = make.call(URL, blob);
    blobs.set(url, blob);
    return url;
  };
  HTMLAnchorElement.prototype.click = function click() { globalThis.saved.push({ name: this.download, blob: blobs.get(this.href) }); };
});

/** What a menu of the open view (its first of that name, or that in `scope`) gives: { name, bytes }. */
export async function savedFile(page, format, scope = '', menu = 'Save') {
  await page.$$eval(`[data-view]:not([hidden]) ${scope} [aria-haspopup="menu"]`, (menus, name) => menus.find((each) => each.checkVisibility() && each.textContent.includes(name)).click(), menu);
  await page.click(`[data-pick="${format}"]`);
  return eventually(async () => {
    const file = await page.evaluate(async () => {
      const last = globalThis.saved.pop();
      return last && { name: last.name, bytes: [...new Uint8Array(await last.blob.arrayBuffer())] };
    });
    assert.ok(file, 'nothing was saved');
    return { name: file.name, bytes: Buffer.from(file.bytes) };
  });
}

export const text = (page, selector) => page.$eval(selector, (element) => element.textContent);

/** Puts a text into a field as a person does. */
export async function type(page, selector, value) {
  await page.focus(selector);
  await page.$eval(selector, (input) => input.select());
  await page.keyboard.type(value);
}

/** The inputs' cells, row and column counted from 0. */
export const cell = (scope, row, column) => `${scope} input[data-row="${row}"][data-column="${column}"]`;

/** One of a few, however they are shown. */
export const choose = (page, value) => page.$eval(`input[type="radio"][value="${value}"], option[value="${value}"]`, (choice) => {
  if (choice.matches('input')) return choice.click();
  const list = choice.closest('select');
  list.value = choice.value;
  list.dispatchEvent(new Event('change', { bubbles: true }));
});

/** The lab's further settings, which are folded at first. */
export async function more(page) {
  if (!(await page.$('#lab-tokens'))) await page.click('[data-mode="equation"] button[aria-expanded="false"]');
  await page.waitForSelector('#lab-tokens');
}

/** 1e-6 relative to max(1, |x|): float32 after a few dozen roundings, against float64. */
export function close(actual, expected, what) {
  const [a, e] = [[actual].flat(9), [expected].flat(9)];
  assert.equal(a.length, e.length, `${what}: ${a.length} numbers instead of ${e.length}`);
  e.forEach((x, i) => {
    const fits = Object.is(a[i], x) || Math.abs(a[i] - x) <= 1e-6 * Math.max(1, Math.abs(x));
    assert.ok(fits, `${what}: number ${i} is ${a[i]} instead of ${x}`);
  });
}
