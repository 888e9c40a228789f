// The page's document examples, run on the core: all that the float64 oracle computed is shown, and agrees.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import katex from 'katex';
import { attend } from '../reference.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const examples = JSON.parse(await readFile(join(root, 'web/documents/examples.json'), 'utf8'));

const folder = await mkdtemp(join(tmpdir(), 'documents-'));
after(() => rm(folder, { recursive: true }));
const outfile = join(folder, 'documents.mjs');
const { metafile } = await build({
  entryPoints: [join(root, 'web/documents/index.ts')], absWorkingDir: root,
  bundle: true, format: 'esm', platform: 'node', outfile, metafile: true, logLevel: 'error',
});
const { recipes, sections } = await import(pathToFileURL(outfile).href);
const { load } = await import('../../dist/node.js');
const cores = [await load({ threads: 1 }), await load({ threads: 2 })];

/** What no step can compute, and why. */
const uncomputable = {
  'C3.computed.claimed_column_actually_sums_to': 'the addends that the text prints are not in examples.json',
  'C4.computed.claimed_column_actually_sums_to': 'the addends that the text prints are not in examples.json',
  'C3.claimed.output': 'a sum whose addends are not in examples.json; told in the recipe’s words',
  'C4.claimed.output': 'a sum whose addends are not in examples.json; told in the recipe’s words',
};
/** Printed matrices that only ever meet an operator that refuses their shape. */
const onlyTheirShapes = new Set(['C3.w_q_printed', 'C3.w_v_printed']);

const ids = 'A6 A1 A2 A3 A4 A5 B1 B2 B3 C1 C2 C3 C4 C5 C6 D1 E1 E2 E3 E4'.split(' ');
const isFailure = (step) => 'error' in step;
const follow = (tree, path) => path.split('.').reduce((at, key) => at?.[key], tree);

function defaults(recipe) {
  const printed = examples[recipe.id]?.inputs ?? {};
  return Object.fromEntries(recipe.inputs.map(({ name, value }) => [name, value ?? printed[name]]));
}

/** Runs a recipe as the page does; every tensor that it made goes with the scope, after an error too. */
function run(attn, recipe, inputs = defaults(recipe)) {
  let groups;
  try {
    attn.scope(() => { groups = recipe.run(attn, inputs); });
  } finally {
    assert.equal(attn.memory(), 0, `${recipe.id}: bytes of tensors are left`);
  }
  return groups;
}
const stepsOf = (groups) => groups.flatMap(({ steps }) => steps);
const shown = new Map(recipes.map((recipe) => [recipe.id, run(cores[0], recipe)]));

/** [path, value] of every array, number and sentence of a tree. */
function leaves(tree, path) {
  if (tree === null || typeof tree !== 'object' || Array.isArray(tree)) return [[path, tree]];
  return Object.entries(tree).flatMap(([key, value]) => leaves(value, `${path}.${key}`));
}

function assertClose(actual, expected, where) {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), `${where}: an array expected, got ${actual}`);
    assert.equal(actual.length, expected.length, `${where}: length`);
    expected.forEach((value, i) => assertClose(actual[i], value, `${where}[${i}]`));
    return;
  }
  // Float32 against float64 over at most six terms, after an exp of at most 19.
  const tolerance = 1e-6 * Math.max(1, Math.abs(expected));
  assert.ok(Math.abs(actual - expected) <= tolerance, `${where}: ${actual} is not ${expected}`);
}

function assertText(text, where) {
  assert.ok(text?.zh?.trim() && text.en?.trim(), `${where}: both languages`);
  assert.match(text.zh, /\p{Script=Han}/u, `${where}: zh is Chinese`);
  assert.doesNotMatch(text.en, /\p{Script=Han}/u, `${where}: en is not`);
}

test('there are the twenty examples, in order, each under its section', () => {
  assert.deepEqual(recipes.map(({ id }) => id), ids);
  assert.deepEqual(sections.map(({ id }) => id), [...new Set(ids.map((id) => id[0]))]);
});

test('the recipes bundle without the core', () => {
  const strangers = Object.keys(metafile.inputs).filter((path) => relative('web/documents', path).startsWith('..'));
  assert.deepEqual(strangers, []);
});

test('every text is there in both languages', () => {
  for (const { id, title } of sections) assertText(title, `section ${id}`);
  for (const { id, title, claim, gives, why, inputs } of recipes) {
    for (const [name, text] of Object.entries({ title, claim, gives })) assertText(text, `${id}.${name}`);
    if (why) assertText(why, `${id}.why`);
    for (const { name, note } of inputs) if (note) assertText(note, `${id}.inputs.${name}`);
    for (const group of shown.get(id)) {
      assertText(group.title, `${id}: title of a group`);
      for (const step of group.steps) assertText(step.caption, `${id}: ${step.tex ?? step.error.message}`);
    }
  }
});

test('every formula is TeX that KaTeX can set', () => {
  for (const recipe of recipes) {
    const steps = stepsOf(shown.get(recipe.id)).flatMap(({ tex, formula, formulaWithNumbers }) =>
      [tex, formula, formulaWithNumbers]);
    for (const tex of [...recipe.inputs.map((input) => input.tex), ...steps].filter((tex) => tex !== undefined)) {
      assert.doesNotThrow(() => katex.renderToString(tex, { strict: 'error' }), `${recipe.id}: ${tex}`);
      assert.doesNotMatch(tex, /undefined|NaN/, `${recipe.id}: ${tex}`);
    }
  }
});

test('inputs are those that the documents print', () => {
  for (const recipe of recipes.filter(({ id }) => examples[id])) {
    const printed = examples[recipe.id].inputs;
    for (const { name, value } of recipe.inputs) {
      assert.notEqual(name in printed, value !== undefined, `${recipe.id}.${name}: from the JSON or of its own`);
    }
    for (const [name, value] of Object.entries(printed)) {
      const [, of] = /^(.*)_shape$/.exec(name) ?? [];
      const shape = of && cores[0].scope(() => cores[0].tensor(defaults(recipe)[of]).shape);
      if (of) assert.deepEqual(shape, value, `${recipe.id}.${name}`);
      else assert.ok(recipe.inputs.some((input) => input.name === name), `${recipe.id}.${name} can be edited`);
    }
  }
});

for (const attn of cores) {
  for (const recipe of recipes) {
    test(`${recipe.id} shows what the oracle computed (threads: ${attn.info.threads})`, () => {
      const groups = run(attn, recipe);
      const steps = stepsOf(groups);
      const { computed = {} } = examples[recipe.id] ?? {};
      for (const { oracle } of steps.filter((step) => step.oracle !== undefined)) {
        assert.notEqual(follow(computed, oracle), undefined, `the oracle has ${oracle}`);
      }
      for (const [path, expected] of leaves(computed, `${recipe.id}.computed`)) {
        const oracle = path.slice(`${recipe.id}.computed.`.length);
        const on = steps.filter((step) => step.oracle === oracle);
        assert.equal(on.length === 0, path in uncomputable, `${path}: ${uncomputable[path] ?? 'no step shows it'}`);
        for (const step of on) {
          assert.equal(isFailure(step), typeof expected === 'string', `${path}: a sentence is on a failure`);
          if (typeof expected !== 'string') assertClose(step.value, expected, path);
        }
      }
      // One thread and many give the same bits.
      assert.deepEqual(groups, shown.get(recipe.id));
    });
  }
}

test('C3 corrected agrees with the reference, and its tanh is far from ±1', () => {
  const { x, h, w_query, w_key, v } = defaults(recipes.find(({ id }) => id === 'C3'));
  const { steps } = shown.get('C3').find(({ title }) => title.en.startsWith('Corrected'));
  const value = (tex) => steps.find((step) => step.tex === tex).value;
  const expected = attend(h, x, x, { score: 'additive', queryWeight: w_query, keyWeight: w_key, scoreVector: v });
  assertClose(value('S'), expected.scores, 'scores');
  assertClose(value('A'), expected.weights, 'weights');
  assertClose(value('O'), expected.output, 'output');
  for (const z of value('Z').flat()) assert.ok(Math.abs(z) < 0.7, `tanh ${z}`);
});

test('failures are the core’s own errors', () => {
  const failing = ids.filter((id) => stepsOf(shown.get(id)).some(isFailure));
  assert.deepEqual(failing, ['A1', 'A2', 'A5', 'B2', 'C1', 'C2', 'C3']);
  assert.deepEqual(stepsOf(shown.get('B2')).filter(isFailure).map(({ error }) => error.code), ['TYPE']);
  for (const [id, groups] of shown) {
    for (const { error, oracle } of stepsOf(groups).filter(isFailure)) {
      assert.ok(error.op && error.message, `${id}: operator and message`);
      if (oracle === 'as_printed') {
        assert.equal(error.code, 'SHAPE', `${id}: ${error.message}`);
        assert.ok(error.shapes.length >= 2, `${id}: both shapes of ${error.message}`);
      }
      if (oracle === 'warning') assert.equal(error.code, 'RANGE', `${id}: ${error.message}`);
    }
  }
});

test('what the documents claim stands beside a step', () => {
  for (const [id, groups] of shown) {
    const steps = stepsOf(groups).filter((step) => step.claimed !== undefined);
    const claimed = examples[id]?.claimed ?? {};
    for (const step of steps) {
      assert.notEqual(follow(claimed, step.claimed), undefined, `${id}.claimed.${step.claimed}`);
    }
    for (const [path] of leaves(claimed, `${id}.claimed`)) {
      const on = steps.filter((step) => `${id}.claimed.${step.claimed}` === path);
      assert.equal(on.length === 0, path in uncomputable, `${path}: ${uncomputable[path] ?? 'no step refers to it'}`);
    }
  }
});

test('numbers are finite, and weights lie in [0, 1]', () => {
  for (const [id, groups] of shown) {
    for (const { tex, role, value } of stepsOf(groups).filter((step) => !isFailure(step))) {
      assert.ok(role === 'signed' || role === 'weights', `${id}: role of ${tex}`);
      for (const x of [value].flat(Infinity)) {
        assert.ok(Number.isFinite(x), `${id}: ${tex} has ${x}`);
        if (role === 'weights') assert.ok(x >= 0 && x <= 1 + 1e-6, `${id}: ${tex} has ${x}`);
      }
    }
  }
});

/** Each number raised by another square, lest a zero or an even spacing hides the edit; two heads become one. */
function nudged(value, name) {
  if (name === 'heads') return 1;
  let n = 0;
  const raise = (x) => (Array.isArray(x) ? x.map(raise) : x + (n += 1) ** 2);
  return raise(value);
}
/** What a reader sees change: the numbers and the errors. */
const outcome = (groups) => stepsOf(groups).map(({ value, error }) => value ?? error);

test('every input that is edited changes what is shown', () => {
  for (const recipe of recipes) {
    const before = outcome(shown.get(recipe.id));
    for (const { name } of recipe.inputs.filter((input) => !onlyTheirShapes.has(`${recipe.id}.${input.name}`))) {
      const inputs = defaults(recipe);
      const edited = run(cores[0], recipe, { ...inputs, [name]: nudged(inputs[name], name) });
      assert.notDeepEqual(outcome(edited), before, `${recipe.id}: ${name} is ignored`);
    }
  }
});

/** Inputs that grow together when the reader adds a position to the sequence (to E4: a sequence to the batch). */
const sequences = {
  A1: ['x', 'q', 'k', 'v'], A2: ['q', 'k', 'v'], A3: ['q', 'k', 'v'], A4: ['q', 'k', 'v'], A5: ['q', 'k', 'v'],
  A6: ['q', 'k', 'v'], B1: ['embeddings', 'values'], B2: ['q', 'k', 'v'], B3: ['x'], C1: ['sequence'], C2: ['x', 'h'],
  C3: ['x', 'h'], C4: ['x'], C5: ['x_widened'], C6: ['x'], E1: ['x', 'w'], E2: ['x'], E4: ['x_batched'],
};

test('a longer sequence works as well', () => {
  for (const recipe of recipes.filter(({ id }) => sequences[id])) {
    const inputs = defaults(recipe);
    for (const name of sequences[recipe.id]) inputs[name] = [...inputs[name], inputs[name].at(-1)];
    const [before, after] = [shown.get(recipe.id), run(cores[0], recipe, inputs)].map(outcome);
    assert.notDeepEqual(after, before, recipe.id);
    assert.doesNotMatch(JSON.stringify(after), /null|INTERNAL/, `${recipe.id}: finite numbers`);
  }
});

test('inputs that fit nothing are refused by the core, not by a crash', () => {
  for (const recipe of recipes) {
    for (const { name } of recipe.inputs) {
      for (const broken of [[[1, 2], [3]], [[1, 2, 3, 4, 5, 6, 7]], [[[[1]]]], 0.5]) {
        try {
          run(cores[0], recipe, { ...defaults(recipe), [name]: broken });
        } catch (error) {
          assert.equal(error.name, 'AttnError', `${recipe.id}.${name} = ${JSON.stringify(broken)}: ${error.stack}`);
          assert.notEqual(error.code, 'INTERNAL', error.message);
        }
      }
    }
  }
});
