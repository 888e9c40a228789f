// For everyone: the focus in sight, large type and small windows, the system's own colours, fingers, paper.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserAndSite, browsers, eventually, open } from './support/harness.mjs';

const views = { home: '#lang=en', learn: '#view=learn&lang=en&step=heads&heads=2', lab: '#view=lab&lang=en', train: '#view=train&lang=en', documents: '#view=documents&lang=en' };
const phone = { width: 360, height: 740 };

/** What stands over the middle of what has the focus, if anything does; a hidden radio button is seen by its label. */
const covered = (page) => page.evaluate(() => {
  const focused = document.activeElement;
  // Past either end the focus is the browser's own.
  if (focused === document.body || !document.hasFocus()) return undefined;
  const seen = focused.matches('.visually-hidden') ? focused.closest('label') : focused;
  const { left, right, top, bottom } = seen.getBoundingClientRect();
  const [x, y] = [(Math.max(0, left) + Math.min(innerWidth, right)) / 2, (Math.max(0, top) + Math.min(innerHeight, bottom)) / 2];
  const over = document.elementFromPoint(x, y);
  if (over && (seen.contains(over) || over.contains(seen))) return undefined;
  return `${seen.outerHTML.slice(0, 120)} at ${Math.round(x)},${Math.round(y)} under ${over?.outerHTML.slice(0, 120)}`;
});

/** What sticks out of its box sideways, or out of the page. */
const cutOff = (page) => page.evaluate(() => {
  const out = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) out.push(`the page: ${scrollWidth} of ${clientWidth}`);
  for (const element of document.querySelectorAll('header *, .learn *, .home *, .train *, footer *')) {
    if (!element.checkVisibility() || element.closest('.scroll, .visually-hidden, svg, input, header nav')) continue;
    const { right, width } = element.getBoundingClientRect();
    if (width > 1 && right > clientWidth + 1) out.push(`${element.outerHTML.slice(0, 80)} ends at ${right} of ${clientWidth}`);
  }
  return out;
});

for (const browserName of browsers) {
  describe(`for everyone, ${browserName}`, { timeout: 300_000 }, () => {
    const its = browserAndSite(browserName, true);

    for (const size of [{ width: 1280, height: 640 }, phone]) {
      test(`Tab never leads under something that sticks, at ${size.width} px`, async () => {
        for (const view of ['home', 'learn', 'train', 'documents']) {
          const { page, verify } = await open(its.browser, its.home, views[view], size);
          for (const way of ['forward', 'back']) {
            for (let n = 0; n < 45; n++) {
              if (way === 'back') await page.keyboard.down('Shift');
              await page.keyboard.press('Tab');
              if (way === 'back') await page.keyboard.up('Shift');
              await eventually(async () => assert.equal(await covered(page), undefined, `${view}, ${way}`)); // scrolling is smooth, and slow where much else runs
            }
          }
          await verify();
        }
      });
    }

    test('at 400% nothing is cut off, and the header scrolls away', async () => {
      for (const lang of ['zh', 'en']) {
        for (const [view, hash] of Object.entries(views)) {
          // 1280 by 1024, four times as large.
          const { page, verify } = await open(its.browser, its.home, hash.replace('en', lang), { width: 320, height: 256 });
          assert.deepEqual(await cutOff(page), [], `${view}, ${lang}`);
          assert.equal(await page.$eval('#app > header', (header) => getComputedStyle(header).position), 'static');
          await verify();
        }
      }
    });

    test('letters twice as large: nothing is cut off', async () => {
      for (const width of [1280, 640]) {
        for (const [view, hash] of Object.entries(views)) {
          const { page, verify } = await open(its.browser, its.home, hash, { width, height: 900 });
          await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
          assert.deepEqual(await cutOff(page), [], `${view} at ${width}`);
          await verify();
        }
      }
    });

    test('fingers: buttons, choices and links of the header are 40 px, fields 16 px with a keyboard that has what they take', async () => {
      for (const [view, hash] of Object.entries({ ...views, lab: '#view=lab&lang=zh' })) {
        const { page, verify } = await open(its.browser, its.home, hash, phone);
        const small = await page.evaluate(() => [...document.querySelectorAll('#app > header a:not(.brand), #app > header button, fieldset label, .learn button, .learn nav a, .train button')]
          .filter((element) => element.checkVisibility())
          .map((element) => ({ ...element.getBoundingClientRect().toJSON(), html: element.outerHTML.slice(0, 80) }))
          .filter(({ width, height }) => width < 39.5 || height < 39.5)
          .map(({ width, height, html }) => `${width} × ${height}: ${html}`));
        assert.deepEqual(small, [], view);
        const fields = await page.$$eval('input[type="text"], select', (all) => all.map((field) => ({
          size: parseFloat(getComputedStyle(field).fontSize), mode: field.inputMode, cell: field.closest('[role="grid"]') !== null, number: field.closest('.row') !== null,
        })));
        for (const { size, mode, cell, number } of fields) {
          assert.ok(size >= 16, `${view}: ${size} px`);
          // The decimal keyboard of iOS has no minus.
          if (cell) assert.equal(mode, 'text');
          else if (number) assert.match(mode, /text|decimal|numeric/);
        }
        await verify();
      }
    });

    test('long formulas go on in the next line', async () => {
      const { page, verify } = await open(its.browser, its.home, '#doc-C4&lang=en', phone);
      await eventually(async () => {
        await page.$$eval('#doc-C4 .scroll[class*="svelte"]:not(:has([role="grid"]))', async (all) => {
          for (const formula of all) {
            formula.scrollIntoView({ block: 'center', behavior: 'instant' });
            await new Promise((resolve) => { setTimeout(resolve, 60); });
          }
        });
        const drawn = await page.$$eval('#doc-C4 .scroll:has(.katex-html)', (all) => all.map((box) => [box.scrollWidth - box.clientWidth, box.querySelectorAll('.base').length]));
        assert.ok(drawn.length > 5 && drawn.some(([, parts]) => parts > 6), `${drawn.length} formulas`);
        assert.ok(drawn.every(([more]) => more <= 1), String(drawn));
      });
      await verify();
    });

    if (browserName === 'firefox') return; // which lets nobody emulate what follows

    test('in the system’s colours what is chosen, cells, bars and lines are seen', async () => {
      for (const [view, hash] of Object.entries({ ...views, scale: '#view=learn&lang=en&step=scale', cost: '#view=learn&lang=en&step=cost' })) {
        const { page, verify } = await open(its.browser, its.home, hash);
        const client = await page.createCDPSession();
        await client.send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value: 'active' }] });
        const look = await page.evaluate(() => {
          const style = (selector) => { const found = document.querySelector(`[data-view]:not([hidden]) ${selector}`); return found && getComputedStyle(found); };
          const canvas = getComputedStyle(document.body).backgroundColor;
          return {
            canvas,
            chosen: [...document.querySelectorAll('input:checked + span, header nav [aria-current], [role="radio"][aria-checked="true"], .learn nav [aria-current]')].map((element) => getComputedStyle(element).backgroundColor),
            others: [...document.querySelectorAll('input:not(:checked) + span, header nav a:not([aria-current])')].map((element) => getComputedStyle(element).backgroundColor),
            cell: style('[role="gridcell"][data-value]:not([data-value="0"])') && [style('[role="gridcell"][data-value]').borderTopWidth, style('[role="gridcell"][data-value]:not([data-value="0"])').backgroundColor],
            bars: [style('figure rect')?.fill, style('.square span')?.backgroundColor].filter(Boolean),
          };
        });
        assert.ok(look.chosen.length > 2 && look.chosen.every((colour) => !look.others.includes(colour) && colour !== look.canvas), `${view}: ${JSON.stringify(look)}`);
        if (look.cell) assert.ok(parseFloat(look.cell[0]) >= 1 && look.cell[1] !== look.canvas, `${view}: ${look.cell}`);
        assert.ok(look.bars.every((colour) => colour !== look.canvas), view);
        await page.screenshot(); // painted, too
        await verify();
      }
    });

    test('on paper: words and pictures, dark on light, without what is clicked', async () => {
      const modes = { compare: '#view=lab&mode=compare&lang=en', positions: '#view=lab&mode=positions&lang=en', words: '#view=lab&mode=words&lang=en' };
      for (const [view, hash] of Object.entries({ ...views, ...modes })) {
        const { page, verify } = await open(its.browser, its.home, `${hash}&theme=dark`);
        await page.emulateMediaType('print');
        // Canvases are drawn again: the dark theme’s brightest colour is 205 of 255.
        const brightness = await eventually(() => page.$$eval('[data-view]:not([hidden]) canvas', (all) => all.filter((canvas) => canvas.checkVisibility() && canvas.width > 0).map((canvas) => {
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let brightest = 0, count = 0;
          for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) [brightest, count] = [Math.max(brightest, (data[i] + data[i + 1] + data[i + 2]) / 3), count + 1];
          return count > 0.3 * canvas.width * canvas.height ? brightest : 255; // of lines alone there is ink, and no ground
        })));
        assert.ok(brightness.every((most) => most > 210), `${view}: ${brightness}`);
        assert.ok(brightness.length > 0 || !['train', 'positions'].includes(view), `${view} has canvases`);
        const seen = await page.evaluate(() => ({
          // Of what is printed; a heading for screen readers alone is not.
          chrome: [...document.querySelectorAll('#app > header, #app > footer, nav, .button')].filter((element) => element.checkVisibility()).map((element) => element.outerHTML.slice(0, 60)),
          title: [...document.querySelectorAll('[data-view]:not([hidden]) h1')].some((title) => title.checkVisibility()),
          ink: getComputedStyle([...document.querySelectorAll('[data-view]:not([hidden]) p')].find((line) => line.checkVisibility())).color,
          stuck: [...document.querySelectorAll('[data-view]:not([hidden]) *')].filter((element) => element.checkVisibility() && getComputedStyle(element).position === 'sticky').length,
          words: [...document.querySelectorAll('[data-view]:not([hidden]) :not([hidden]) > * [data-word]')].every((word) => word.closest('[hidden]') || word.checkVisibility()),
        }));
        assert.deepEqual(seen.chrome, [], view);
        assert.ok(seen.title && seen.words, view);
        assert.equal(seen.stuck, 0, view);
        assert.ok(seen.ink.match(/[\d.]+/g).slice(0, 3).every((channel) => Number(channel) < 128), `${view}: ${seen.ink}`);
        await verify();
      }
    });
  });
}
