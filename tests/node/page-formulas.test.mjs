// Every worked formula of the documents is true as it is shown: recomputed from its own digits, by other means than the page's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../../dist/node.js';
import { pageSource } from '../../tools/lib/page-source.mjs';

const { equals, inputDefault, num, recipes } = await pageSource(`
  export { recipes } from './documents/index.js';
  export { inputDefault } from './src/views/documents/examples.js';
  export { equals, num } from './documents/tex.js';
`);

/** TeX to JavaScript, from the inside out. */
function compute(tex) {
  let code = tex.replaceAll('\\times10^', '\\times').replace(/\\times\{(-?\d+)\}/g, 'e$1').replaceAll(/\\left|\\right/g, '')
    .replaceAll('\\cdot ', '*').replaceAll('\\cdot', '*');
  for (let before; before !== code;) {
    before = code;
    code = code
      .replace(/\\frac\{([^{}]*)\}\{([^{}]*)\}/g, '(($1)/($2))')
      .replace(/(?<![\d.])e\^\{([^{}]*)\}/g, 'Math.exp($1)')
      .replace(/\\sqrt\{([^{}]*)\}/g, 'Math.sqrt($1)')
      .replace(/(\d+)\^\{([^{}]*)\}/g, '($1**($2))')
      .replace(/([\d.]+)\\ln ([\d.]+)/g, '($1*Math.log($2))')
      .replace(/\\(tanh|cos)(?=\()/g, 'Math.$1');
  }
  return /[\\{}_]|^[A-Za-z]\b/.test(code) ? undefined : Function(`return ${code}`)();
}

test('an equal sign of a worked formula is true to the last digit that is shown, and ≈ is near', async () => {
  const attn = await load({ threads: 1 });
  let checked = 0;
  for (const recipe of recipes) {
    const inputs = Object.fromEntries(recipe.inputs.map((spec) => [spec.name, inputDefault(recipe, spec)]));
    for (const { formulaWithNumbers: formula } of recipe.run(attn, inputs).flatMap(({ steps }) => steps)) {
      if (!formula || formula.includes('\\cdots')) continue;
      const sides = formula.split(/ (=|\\approx) /);
      for (let i = 1; i < sides.length; i += 2) {
        const [left, right] = [compute(sides[i - 1]), compute(sides[i + 1])];
        if (left === undefined || right === undefined) continue;
        checked += 1;
        if (sides[i] === '=') assert.equal(num(left), num(right), `${recipe.id}: ${formula}`);
        else {
          assert.notEqual(num(left), num(right), `${recipe.id}: ${formula} holds`);
          assert.ok(Math.abs(left - right) <= 5e-3 * Math.max(1, Math.abs(right)), `${recipe.id}: ${formula}`);
        }
      }
    }
  }
  assert.ok(checked > 75, `${checked} were checked`);
});

test('what the signs are made of', () => {
  assert.equal(equals('0.155\\cdot0+0.422\\cdot2+0.422\\cdot2', 1.6893), '0.155\\cdot0+0.422\\cdot2+0.422\\cdot2 \\approx 1.689');
  assert.equal(equals('\\frac{e^{1}}{e^{0}+e^{1}}', 0.7310586), '\\frac{e^{1}}{e^{0}+e^{1}} = 0.731');
  assert.equal(equals('(-1.5)\\cdot2/\\sqrt{4}', -1.5), '(-1.5)\\cdot2/\\sqrt{4} = -1.5');
  assert.equal(equals('4.55\\times10^{-4}+0.5\\tanh(2)-1', -0.5176), '4.55\\times10^{-4}+0.5\\tanh(2)-1 = -0.518');
  assert.equal(equals('\\max(0.25-0.5,\\,0)', 0), '\\max(0.25-0.5,\\,0) = 0');
});
