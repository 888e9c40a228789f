// The lab's "copy as code" in NumPy and PyTorch, run by both. PYTHON is a Python that has them; `npm test` sees to it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { close } from './support/numbers.mjs';
import { cases, code } from './support/page-code.mjs';

/** Runs programs one after another, warnings being errors, and tells what they left in `output` and, if they have it, `weights`. */
const runner = `
import json, sys, warnings
warnings.simplefilter('error')
import {library}
print_, results = print, []
for program in json.load(sys.stdin):
    names = {'print': lambda *_: None}
    try:
        exec(program, names)
        results.append({name: names[name].tolist() for name in ('weights', 'output') if name in names})
    except Exception as error:
        results.append(repr(error))
print_(json.dumps(results))
`;

function run(library, programs) {
  const { PYTHON } = process.env;
  assert.ok(PYTHON, 'PYTHON must hold the path of a Python with NumPy and PyTorch');
  const { stdout, stderr, status } = spawnSync(PYTHON, ['-c', runner.replace('{library}', library)], {
    input: JSON.stringify(programs), encoding: 'utf8', maxBuffer: 2 ** 26,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** NumPy computes in float64; PyTorch in float32, with as many roundings as terms. */
for (const [language, library, terms] of [['NumPy', 'numpy', 1], ['PyTorch', 'torch', 64]]) {
  test(`${language}: every score, normaliser and mask, with heads, scale and temperature`, () => {
    const results = run(library, cases.map(({ request }) => code(language, request)));
    let fused = 0;
    cases.forEach(({ name, request, expected }, i) => {
      const { weights, output } = results[i];
      const what = `${language}, ${name}: ${output ? '' : results[i]}\n${code(language, request)}`;
      close(output, expected.output, what, terms);
      if (!weights) fused += 1;
      else close(request.heads === 1 ? [weights] : weights, expected.weights, what, terms);
    });
    // PyTorch's own function is used where it can do the same: for dot products, softmax, and queries that see something.
    assert.equal(fused, language === 'PyTorch' ? 2 * 4 * 4 : 0);
  });
}
