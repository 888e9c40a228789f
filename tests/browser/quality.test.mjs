// For everyone: no violation that axe-core can find, no page that scrolls sideways, and a way on after a crash.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserAndSite, browsers, choose, eventually, open, site, text, violations } from './support/harness.mjs';

const desktop = { width: 1280, height: 900 };
const phone = { width: 360, height: 740 };

/** Each theme, language and width with each view, not each with each other: axe takes its time. */
const looks = [
  { hash: '#lang=en&theme=dark', size: desktop },
  { hash: '#lang=zh&theme=light&mask=causal', size: phone },
  { hash: '#view=documents&lang=en&theme=light', size: desktop },
  { hash: '#view=documents&lang=zh&theme=dark', size: phone },
  { hash: '#view=learn&lang=en&theme=light', size: phone },
  { hash: '#view=learn&lang=zh&theme=dark&step=scale', size: desktop },
  { hash: '#view=learn&lang=en&present=1&step=heads', size: desktop },
  { hash: '#view=train&lang=en&theme=dark', size: desktop },
  { hash: '#view=train&lang=zh&theme=light&train.task=dates&train.set=model.kind:encoderDecoder,recipe.lr:0.001', size: phone },
  { hash: '#view=train&lang=zh&theme=dark&train.task=digits', size: desktop },
  { hash: '#view=train&lang=en&theme=light&train.task=table&train.off=2.0', size: phone },
  { hash: '?embed#lang=zh', size: phone },
  { hash: '#view=lab&lang=en&theme=dark&heads=2&mask=causal&score=additive', size: desktop },
  { hash: '#view=lab&lang=zh&theme=light&source=x&score=general&mask=free&normalizer=sum', size: phone },
  { hash: '#view=lab&lang=en&theme=light&score=location', size: desktop },
  { hash: '#view=lab&mode=compare&lang=en&theme=dark&compare.cell=1,1', size: desktop },
  { hash: '#view=lab&mode=compare&lang=zh&theme=light&compare=heads', size: phone },
  { hash: '#view=lab&mode=positions&lang=zh&theme=dark&positions=alibi&positions.cell=1,2', size: desktop },
  { hash: '#view=lab&mode=positions&lang=en&theme=light&positions=rotary', size: phone },
  { hash: '#view=lab&mode=words&lang=en&theme=light', size: desktop },
  { hash: '#view=lab&mode=words&lang=zh&theme=dark&words.by=character&words.mask=causal', size: phone },
];

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const browserName of browsers) {
  describe(`quality, ${browserName}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, true);

    for (const { hash, size } of looks) {
      // The rules are about the document, which is the same in both; axe takes its time.
      const axe = browserName === 'chromium';
      test(`${axe ? 'axe-core finds nothing, ' : ''}nothing overflows: ${hash} at ${size.width}`, async () => {
        const { page, verify } = await open(its.browser, its.home, hash, size);
        if (axe) assert.deepEqual(await violations(page), []);
        assert.equal(await overflow(page), 0);
        await verify();
      });
    }

    test('no view scrolls sideways on a phone, in either language', async () => {
      for (const hash of ['#lang=zh', '#lang=en', '#view=documents&lang=zh', '#view=documents&lang=en', '#view=learn&lang=en&step=positions', '#view=lab&lang=zh', '#view=lab&lang=en&score=additive&mask=window&heads=4',
        '#view=lab&mode=compare&lang=en&compare=heads&compare.heads=1,2,4', '#view=lab&mode=positions&lang=en&positions=alibi&positions.heads=8&positions.length=64', '#view=lab&mode=words&lang=en', '#view=train&lang=en&train.task=stories', '#view=train&lang=zh&train.task=text']) {
        const { page, verify } = await open(its.browser, its.home, hash, phone);
        assert.equal(await overflow(page), 0, hash);
        await verify();
      }
    });

    test('the footer tells what runs and why', async () => {
      const { page, verify } = await open(its.browser, its.home, '#view=lab&lang=en');
      await eventually(async () => assert.match(await text(page, 'footer summary'), /SIMD: (relaxed|fixed)\s+·\s+(1 thread|\d+ threads)\s+·\s+cross-origin isolated/));
      assert.match(await text(page, 'footer details p'), /Why this:.*(engine|asked|cores).*\d+\.\d+\.\d+/);
      await verify();
    });

    test('a core that cannot start is told, and can be started again', async () => {
      // The binary is missing once: the address of the page stays, only what it loads fails.
      const broken = await site(true, 'build/page', (url) => /\.wasm$/.test(url));
      const page = await its.browser.newPage();
      try {
        await page.goto(`${broken.url}#view=lab&lang=en`);
        await page.waitForSelector('.crash', { timeout: 20_000 });
        assert.match(await text(page, '.crash'), /Computing stopped: \S+/);
        broken.heal();
        await page.click('.crash button');
        await page.waitForSelector('.steps[data-state="ready"]', { timeout: 20_000 });
        assert.equal(await page.$('.crash'), null);
      } finally {
        await page.close();
        await broken.close();
      }
    });

    test('a start that hangs is given up for another, which is asked the same', async () => {
      const page = await its.browser.newPage();
      try {
        await page.evaluateOnNewDocument(() => {
          const { Worker } = window;
          window.given = [];
          // The first worker says that it starts, and then nothing more.
          window.Worker = class extends EventTarget {
            constructor(...args) {
              super();
              if (window.given.length > 0) {
                window.given.push('another');
                return new Worker(...args);
              }
              window.given.push('stuck');
              setTimeout(() => this.onmessage({ data: { kind: 'starting' } }), 100);
            }

            postMessage() {}

            terminate() { window.given.push('given up'); }
          };
        });
        await page.goto(`${its.home.url}#view=lab&lang=en`);
        await page.waitForSelector('.steps[data-state="ready"]', { timeout: 20_000 });
        assert.deepEqual(await page.evaluate(() => window.given), ['stuck', 'given up', 'another']);
      } finally {
        await page.close();
      }
    });

    test('threads on request, where the host sends no headers', async () => {
      const plain = await site(false);
      const page = await its.browser.newPage();
      try {
        await page.goto(`${plain.url}#view=lab&lang=en`);
        await page.waitForSelector('footer summary');
        assert.match(await text(page, 'footer summary'), /1 thread\s+·\s+not isolated/);
        await Promise.all([page.waitForNavigation(), page.click('footer button')]);
        await eventually(async () => assert.match(await text(page, 'footer summary'), /cross-origin isolated/), 20_000);
        await page.waitForSelector('.steps[data-state="ready"]');
        await choose(page, 'cosine');
        await page.waitForSelector('.steps[data-state="ready"]');
        await Promise.all([page.waitForNavigation(), page.click('footer button')]);
        await eventually(async () => assert.match(await text(page, 'footer summary'), /not isolated/), 20_000);
      } finally {
        await page.close();
        await plain.close();
      }
    });
  });
}
