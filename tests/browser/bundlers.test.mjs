// An app with the packed package, by every bundler that the README names for it: what each built, and that it computes on its
// page and in its worker. One browser shows them all.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildAll, serveByVite } from './support/bundles.mjs';
import { browsers, close, launch, site } from './support/harness.mjs';

const root = new URL('../../', import.meta.url);
const { computed } = JSON.parse(await readFile(new URL('web/documents/examples.json', root), 'utf8')).A1;
const needed = ['simd-single.wasm', 'relaxed-single.wasm', 'simd-multi.wasm', 'relaxed-multi.wasm', 'web-single.js', 'web-multi.js'];
const bundles = await buildAll();

/** Folders beside esbuild's app in which all the module's files are something else. */
const disguises = {
  page: { kind: 'an HTML page', content: '<!doctype html>\n<title>A server of a one-page app gives it for every address</title>\n' },
  pointer: { kind: 'a Git-LFS pointer', content: 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 816745\n' },
};
for (const [name, { content }] of Object.entries(disguises)) {
  const folder = join(bundles.esbuild.out, name);
  await mkdir(folder);
  for (const file of needed) await writeFile(join(folder, file), content);
}

/** Both find the module's files by themselves, and give them names with a hash; the others have them copied to wasm/. */
const placing = ['vite', 'webpack'];
/** Of an IIFE nothing tells where it lies. */
const told = { 'esbuild-iife': { baseUrl: './wasm/' }, esbuild: { baseUrl: './wasm/' } };

for (const [bundler, { out, complaints, files }] of Object.entries(bundles)) {
  test(`${bundler} has nothing to complain of, the module's files arrive as they were, and nothing of Node does`, async () => {
    assert.deepEqual(complaints, []);
    if (!placing.includes(bundler)) {
      for (const script of files.filter((path) => /^[^/]*\.js$/.test(path))) {
        assert.doesNotMatch(await readFile(join(out, script), 'utf8'), /["']node:|\brequire\(/, script);
      }
      return;
    }
    assert.deepEqual(files.filter((path) => /node/.test(path)), []);
    const built = await Promise.all(files.map((path) => readFile(join(out, path))));
    for (const file of needed) {
      const [name, extension] = file.split('.');
      assert.equal(files.filter((path) => new RegExp(`(^|/)${name}-[\\w-]{8}\\.${extension}$`).test(path)).length, 1, `${file} among ${files}`);
      if (bundler === 'webpack' && extension === 'js') continue; // it minifies the glue once more
      const original = await readFile(new URL(`dist/wasm/${file}`, root));
      assert.equal(built.filter((content) => content.equals(original)).length, 1, `${file} arrives as it was`);
    }
  });
}

/** Opens the app with load()'s options; resolves with what it computed, what the page complained of and what it asked for. */
async function visit(browser, { url, requests }, options = {}) {
  const page = await browser.newPage();
  const complaints = [];
  page.on('console', (message) => { if (['error', 'warn'].includes(message.type())) complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const earlier = requests.length;
  try {
    await page.goto(`${url}?${encodeURIComponent(JSON.stringify(options))}`);
    await page.waitForFunction(() => document.title === 'done');
    const results = JSON.parse(await page.$eval('#result', (element) => element.textContent));
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    return { results, cores, complaints, asked: requests.slice(earlier) };
  } finally {
    await page.close();
  }
}

function check({ results, cores, complaints, asked }, isolated) {
  const threads = isolated ? Math.min(cores, 8) : 1;
  assert.deepEqual(Object.keys(results), isolated ? ['page', 'worker', 'two'] : ['page', 'worker']);
  for (const [place, { info, output, softmax, error }] of Object.entries(results)) {
    assert.equal(error, undefined, place);
    close(output, computed.scaled_dot.output, `output of the ${place}`);
    close(softmax, [0.2689414213699951, 0.7310585786300049], `softmax([1, 2]) of the ${place}`);
    assert.deepEqual([info.isolated, info.threads], [isolated, place === 'two' ? 2 : threads], place);
  }
  const loaded = (pattern) => new Set(asked.filter((url) => pattern.test(url))).size;
  const modes = new Set(Object.values(results).map(({ info }) => info.threads > 1)).size;
  assert.deepEqual([loaded(/\.wasm$/), loaded(/web-(single|multi)[^/]*\.js$/)], [modes, modes], 'one binary, one glue');
  assert.deepEqual(complaints, []);
}

/** Firefox gets each kind of script once: Rollup's are esbuild's modules again, and Vite serves what it builds. */
const shownIn = {
  chromium: () => [...Object.keys(bundles), 'vite dev'],
  firefox: (isolated) => ['vite', 'esbuild', ...(isolated ? ['webpack', 'esbuild-iife'] : [])],
};

for (const browserName of browsers) {
  describe(`apps in ${browserName}`, { timeout: 300_000 }, () => {
    let browser;
    before(async () => { browser = await launch(browserName); });
    after(() => browser?.close());

    for (const isolated of [true, false]) {
      describe(isolated ? 'isolated' : 'not isolated', () => {
        let home;
        before(async () => { home = await site(isolated, 'build/fixtures'); });
        after(() => home?.close());

        if (!isolated) test('where a file is not there, or another in its place, load() says so, at which address, and what helps', async () => {
          const app = { ...home, url: `${home.url}esbuild/` };
          for (const [folder, what] of [['nowhere', 'answered 404'], ...Object.entries(disguises).map(([name, { kind }]) => [name, `is ${kind}, not`])]) {
            const { results: { page, worker } } = await visit(browser, app, { baseUrl: `./${folder}/` });
            for (const { error } of [page, worker]) {
              assert.match(error, new RegExp(`AttnError: load: .* ${app.url}${folder}/(web-single\\.js|(simd|relaxed)-single\\.wasm) ${what}`));
              assert.match(error, /load\(\{ baseUrl \}\) must name the folder that holds the files of dist\/wasm$/);
            }
          }
          const { results } = await visit(browser, { ...home, url: `${home.url}esbuild-iife/` });
          assert.match(results.page.error, /this script has no address .*; load\(\{ baseUrl \}\) must name the folder/);
        });

        for (const bundler of shownIn[browserName](isolated)) {
          test(`by ${bundler}, the module computes on its page and in its worker`, async () => {
            if (bundler !== 'vite dev') return check(await visit(browser, { ...home, url: `${home.url}${bundler}/` }, told[bundler]), isolated);
            const dev = await serveByVite(isolated);
            try {
              check(await visit(browser, dev), isolated);
              assert.deepEqual(dev.complaints, []);
            } finally {
              await dev.close();
            }
          });
        }
      });
    }
  });
}
