// 100 cores, loaded and ended one after the other in one page, leave the browser's memory flat. Node's are in tests/node.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { browsers, eventually, launch, site } from './support/harness.mjs';

/** Megabytes of a process and all that it started, what they share counted once. */
function megabytes(pid) {
  const children = new Map();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))[1];
      children.set(parent, [...(children.get(parent) ?? []), entry]);
    } catch {
      // it ended meanwhile
    }
  }
  const own = (id) => {
    try {
      return Number(/^Pss:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))[1]) / 1000;
    } catch {
      return 0;
    }
  };
  const all = (id) => own(id) + (children.get(id) ?? []).reduce((sum, child) => sum + all(child), 0);
  return all(`${pid}`);
}

for (const name of browsers) {
  for (const threads of [1, 2]) {
    test(`100 loads in a row leave memory flat: ${name}, threads: ${threads}`, { timeout: 300_000 }, async () => {
      const browser = await launch(name);
      const home = await site(true, '');
      try {
        const page = await browser.newPage();
        await page.goto(`${home.url}tests/browser/fixtures/module.html`);
        await page.waitForFunction(() => 'loads' in globalThis);
        const loads = (count) => page.evaluate((n, options) => globalThis.loads(n, options), count, { threads });
        await loads(20);
        const before = megabytes(browser.process().pid);
        assert.ok(before > 50, `${before} MB`);
        assert.equal(await loads(80), 500_000);
        // A core that stays takes 10 MB or more; collecting is the browser's affair.
        await eventually(() => {
          const after = megabytes(browser.process().pid);
          assert.ok(after - before < 200, `grew from ${before} to ${after} MB`);
        }, 60_000);
      } finally {
        await browser.close();
        await home.close();
      }
    });
  }
}
