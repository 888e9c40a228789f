// The documents' rows that last, each run to its end as the page's worker does: what is said of them is true, what is shown is
// well-formed, what they cost is what they say; nothing is left behind.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { load } from '../../dist/node.js';
import { pageSource } from '../../tools/lib/page-source.mjs';

const { experiments, runs, defaultsOf, powerOf, lstm, probe, attentionTime } = await pageSource(`
  export * from './documents/experiments/index.js';
  export * from './documents/experiments/runs.js';
  export { defaultsOf } from './documents/experiments/experiment.js';
  export { lstm } from './documents/experiments/C8.js';
  export { powerOf } from './documents/experiments/E7.js';
  export { probe } from './documents/experiments/probe.js';
  export { attentionTime } from './measure.js';
`);
const aboutOf = (id) => experiments.find((about) => about.id === id);
let attn;
before(async () => { attn = await load({ threads: 1 }); });

/** The core, and how many parameters each optimiser was given, and each call of clipGradNorm. */
function watched() {
  const [learning, clipped] = [[], []];
  const sizes = (parameters) => parameters.reduce((sum, { size }) => sum + size, 0);
  const counting = (Optimizer) => function Counted(parameters, options) {
    learning.push(sizes(parameters));
    return new Optimizer(parameters, options);
  };
  const { optim } = attn;
  const core = Object.create(attn, {
    optim: {
      value: {
        ...optim, Adam: counting(optim.Adam), AdamW: counting(optim.AdamW),
        clipGradNorm: (parameters, ...rest) => { clipped.push(sizes(parameters)); return optim.clipGradNorm(parameters, ...rest); },
      },
    },
  });
  return { core, learning, clipped };
}

/** Runs one to its end. */
async function outcome(id, changed = {}) {
  const about = aboutOf(id), chosen = { ...defaultsOf(about), ...changed };
  const { run } = await runs[id]();
  const { core, learning, clipped } = watched();
  const reports = [];
  let slices = 0, most = 0;
  const begin = performance.now();
  attn.scope(() => {
    for (const report of run(core, chosen)) {
      if (report) reports.push(report);
      slices += 1;
      most = Math.max(most, attn.memory());
    }
  });
  assert.equal(attn.memory(), 0, `${id}: bytes are left`);
  const { parts } = reports.at(-1);
  const gaps = Object.assign({}, ...parts.filter(({ kind }) => kind === 'said').map((part) => part.gaps));
  return {
    about, chosen, cost: about.cost(chosen), reports, parts, gaps, learning, clipped, slices, most, seconds: (performance.now() - begin) / 1000,
    value: (name) => gaps[name].raw, plot: (n = 0) => parts.filter(({ kind }) => kind === 'plot')[n], maps: (n = 0) => parts.filter(({ kind }) => kind === 'maps')[n],
    rows: (n = 0) => parts.filter(({ kind }) => kind === 'rows')[n], said: (text) => parts.some((part) => part.kind === 'said' && part.text.en.includes(text)),
  };
}

const isText = (text) => typeof text === 'string' || (/\p{Script=Han}|\d|x̄/u.test(text.zh) && text.en.length > 0 && !/\p{Script=Han}/u.test(text.en));
const names = (gap) => typeof gap === 'string' || 'zh' in gap || Number.isFinite(gap.raw) || Number.isNaN(gap.raw);

/** What holds of every report, so that the page can draw it. */
function checkReports({ about, reports, parts }) {
  const { id } = about;
  assert.equal(reports.at(-1).done, 1, `${id} ends`);
  reports.forEach(({ done }, i) => assert.ok(done >= 0 && (i === reports.length - 1 || done < 1), `${id}: only the last is done, ${done}`));
  for (const part of reports.flatMap((report) => report.parts)) {
    if (part.kind === 'said') {
      for (const language of ['zh', 'en']) for (const [, gap] of part.text[language].matchAll(/\{(\w+)\}/g)) assert.ok(names(part.gaps[gap]), `${id}: ${gap} of ${part.text.en}`);
    } else {
      assert.ok(isText(part.title), `${id}: ${part.title.en}`);
      if (part.kind === 'plot') for (const { values, name } of part.curves) assert.ok(values.length === part.xs.length && isText(name), `${id}: ${name.en}`);
      if (part.kind === 'rows') for (const { cells } of part.rows) assert.ok(cells.length === part.columns.length && cells.every(names), `${id}: ${part.title.en}`);
      if (part.kind === 'maps') {
        for (const { matrix, role, rows, columns } of part.maps) {
          assert.ok(matrix.length > 0 && matrix.every((row) => row.length === matrix[0].length), `${id}: a matrix`);
          assert.ok((rows?.length ?? matrix.length) === matrix.length && (columns?.length ?? matrix[0].length) === matrix[0].length, `${id}: its names`);
          if (role === 'weights') assert.ok(matrix.flat().every((w) => w >= 0 && w <= 1 + 1e-6), `${id}: weights`);
        }
      }
    }
  }
  assert.ok(parts.some(({ kind }) => kind === 'said'), `${id} says what came of it`);
}

/** Rows of weights that each sum to 1. */
const sumToOne = ({ maps }) => maps.forEach(({ matrix }) => matrix.forEach((row) => assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-5, row.join())));

/** A test of one; `slow`: how long a slice may be on average, in ms, before which the page is heard. */
const row = (name, id, changed, check, slow = 60) => test(`${id}: ${name}`, async (t) => {
  const result = await outcome(id, changed);
  checkReports(result);
  const { cost, learning, clipped, slices, most } = result;
  t.diagnostic(`${result.seconds.toFixed(1)} s, said ${cost.seconds}; ${slices} slices; at most ${(most / 1e6).toFixed(1)} MB, said ${(cost.bytes / 1e6).toFixed(1)}`);
  const depth = Number(result.chosen.depth?.slice(1));
  if (depth || learning.length > 0) assert.equal(cost.parameters, depth ? clipped.slice(-depth).reduce((a, b) => a + b) : Math.max(0, ...learning), 'parameters');
  assert.ok(most <= cost.bytes, 'memory between two slices');
  assert.ok((1000 * result.seconds) / slices < slow, `${slices} slices`);
  check(result, t);
});

test('there is one for each row of the documents that lasts, in both languages', () => {
  assert.deepEqual(experiments.map(({ id }) => id), ['A7', 'C7', 'C8', 'D2', 'E5', 'E6', 'E7']);
  assert.deepEqual(Object.keys(runs), experiments.map(({ id }) => id));
  for (const { id, title, claim, gives, why, settings } of experiments) {
    for (const text of [title, claim, gives, why]) assert.ok(isText(text), id);
    for (const { options, value } of settings) assert.ok(options.some((option) => option.value === value), `${id}: its default`);
  }
});

test('a power is found by its logarithm', () => {
  const xs = [1, 2, 4, 8], { p, at } = powerOf(xs, xs.map((x) => 3 * x ** 1.7));
  assert.ok(Math.abs(p - 1.7) < 1e-9 && Math.abs(at(16) - 3 * 16 ** 1.7) < 1e-6);
});

test('an LSTM is that of its formula', () => {
  const sigmoid = (x) => 1 / (1 + Math.exp(-x));
  const x = [[0.5, -1], [2, 0.25], [-0.75, 1.5]], wx = [[1, -2], [0.5, 1], [-1, 0.25], [2, 1]], wh = [[0.5], [-1], [2], [0.75]], b = [0.1, -0.2, 0.3, 0.4];
  let [h, c] = [0, 0];
  const expected = x.map((row) => {
    const [i, f, g, o] = b.map((bias, n) => bias + wx[n][0] * row[0] + wx[n][1] * row[1] + wh[n][0] * h);
    c = sigmoid(f) * c + sigmoid(i) * Math.tanh(g);
    h = sigmoid(o) * Math.tanh(c);
    return [c, h];
  });
  const { cells, outputs } = attn.scope(() => lstm(attn, attn.tensor(x), attn.tensor(wx), attn.tensor(wh), attn.tensor(b)));
  // Four sums of four float32 terms, then functions that shrink differences.
  expected.forEach(([cell, output], t) => assert.ok(Math.abs(cells[t][0] - cell) < 2e-6 && Math.abs(outputs[t][0] - output) < 2e-6, `step ${t}`));
});

test('a machine and an attention are timed', () => {
  assert.ok(probe(attn) > 0.05);
  assert.ok(attentionTime(attn, 256, 16) > 0 && attentionTime(attn, 256, 16, 'fused', 1) > 0);
  assert.equal(attn.memory(), 0);
});

row('gradients vanish without residual and norm, and reach all layers with both', 'A7', { depth: 'l16' }, ({ value, plot, said }) => {
  assert.ok(said('gradients vanish') && value('plain') < 1e-3, 'vanish');
  assert.ok(value('both') > 0.1 && value('both') < 10, 'both');
  assert.ok(said('gradients explode') && value('size') > 100, 'residual alone');
  assert.deepEqual(plot().curves.map(({ name }) => name.en), ['neither', 'norm alone', 'residual alone', 'both']);
});
row('where numbers outgrow float32, so it says', 'A7', { depth: 'l32', gain: 'large' }, ({ said }) => assert.ok(said('NaN') && !said('vanish')));

for (const [decoder, task, begins] of [['additive', 'same', 'the kettle sings'], ['dot', 'ahead', 'kettle sings']]) {
  row(`four texts are learnt by heart, attention or not, ${decoder}, ${task}`, 'C7', { decoder, task }, ({ value, said, plot, maps, rows }) => {
    assert.ok(Math.abs(plot().curves[0].values[0] - Math.log(1000)) < 0.2, 'it begins at a guess');
    assert.ok(value('loss') < 0.1 && value('right') === 1);
    assert.ok(said('by heart') && value('blind') > 0.9, 'a mean in attention’s place');
    assert.equal(maps().maps.length, 4);
    sumToOne(maps());
    for (const { cells: [wanted, written] } of rows().rows) assert.equal(written, wanted);
    assert.ok(rows().rows[0].cells[0].startsWith(begins) && maps().maps[0].columns[0] === 'the', 'the whole text is read');
  });
}
row('shuffled words must be looked up, and the alignment is a diagonal', 'C7', { decoder: 'dot', task: 'shuffled' }, ({ value, said }) => {
  assert.ok(said('must be looked at') && value('blind') < 0.4 && value('forced') > 0.85, `blind ${value('blind')}, with attention ${value('forced')}`);
  assert.ok(value('diagonal') > 0.6, `diagonal ${value('diagonal')}`);
});

row('terms beside the things themselves', 'C8', {}, ({ value, parts }) => {
  assert.equal(value('masked'), 15, 'the triangle above the diagonal of 6 × 6');
  assert.ok(value('least') > 0, 'an encoder hides nothing');
  assert.ok(value('near') > value('far'));
  const [gru, lstm] = parts.filter(({ kind, text }) => kind === 'said' && /GRU: |LSTM: /.test(text.en)).map((part) => part.gaps.parameters.raw);
  assert.equal(lstm, (gru * 4) / 3);
  // A hidden word of several that fit cannot be known; one that is not hidden could.
  assert.ok(value('accuracy') > 0.3 && value('accuracy') < 0.8, `accuracy ${value('accuracy')}`);
  assert.ok(value('baseline') < 0.15, 'any word of a sentence may be hidden');
  const matrices = parts.filter(({ kind }) => kind === 'maps').flatMap(({ maps }) => maps);
  const [full, scores, causal, own, cross] = matrices.map(({ matrix }) => matrix);
  for (const weights of [full, causal, own, cross]) sumToOne({ maps: [{ matrix: weights }] });
  for (const weights of [causal, own]) weights.forEach((each, t) => each.forEach((w, s) => assert.equal(w === 0, s > t, 'the causal mask')));
  assert.equal(scores.flat().filter((x) => x === -Infinity).length, 15);
  assert.ok(matrices.at(-1).matrix.flat().every((h) => Math.abs(h) < 1), 'an LSTM’s output');
});
row('fine-tuning goes on from what is there, faster than from scratch; what is frozen stays', 'C8', { part: 'tuning' }, ({ value, rows, maps }) => {
  assert.ok(value('english') > 0.9 && value('chinese') < 0.2, 'before');
  assert.ok(value('all') > 0.9 && value('all') > value('scratch') + 0.5, 'after');
  assert.ok(value('frozen') > value('scratch'), 'frozen');
  assert.ok(value('forgotten') < value('english'), 'English is forgotten');
  const [, all, frozen, scratch] = rows().rows.map(({ cells: [learning] }) => learning.raw);
  assert.ok(frozen < all && all === scratch);
  sumToOne(maps());
});

for (const language of ['zh', 'en', 'both']) {
  row(`praise or not, in patterns never seen, ${language}`, 'D2', { language, rate: 'r5e-3' }, ({ value, maps, plot }) => {
    assert.ok(value('accuracy') > 0.95, `accuracy ${value('accuracy')}`);
    assert.ok(value('before') < 0.75);
    assert.equal(plot().xs.length, 10, 'epochs');
    assert.ok(maps().maps.length >= 2);
    sumToOne(maps());
    for (const { columns } of maps().maps) assert.ok(language === 'both' || columns.some((word) => /\p{Script=Han}/u.test(word)) === (language === 'zh'), columns.join(' '));
  });
}

row('the Transformer at its printed size', 'E5', {}, ({ value, rows, cost }) => {
  // A layer has 4 projections of 512² for each attention, 2·512·2048 weights inside, and biases and norms.
  const [attention, inner, norm] = [4 * (512 ** 2 + 512), 2 * 512 * 2048 + 2048 + 512, 2 * 512];
  assert.equal(value('encoder'), 6 * (attention + inner + 2 * norm));
  assert.equal(value('decoder'), 6 * (2 * attention + inner + 3 * norm));
  assert.equal(value('all'), cost.parameters);
  assert.ok(Math.abs(value('first') - Math.log(1000)) < 2 && value('last') < value('first'), 'it learns');
  assert.ok(value('held') >= 3 * 4 * cost.parameters, 'weights and two moments');
  assert.equal(rows().rows.length, 2 + 3);
  assert.ok(value('step') > 0 && value('forward') > 0);
}, 1000);
row('forward alone, where no more is asked for', 'E5', { steps: 's0' }, ({ gaps, rows, most, cost }) => {
  assert.equal(rows().rows.length, 2);
  assert.equal('step' in gaps, false);
  assert.ok(most < 5 * cost.parameters);
}, 1000);

row('temperatures and gates part as they adapt', 'E6', {}, ({ value, plot, maps }) => {
  assert.ok(value('dynamic') < 0.005 && value('dynamic') < 0.2 * value('fixed'), `${value('dynamic')} against ${value('fixed')}`);
  assert.ok(value('find') < 0.5 * value('mean'), 'finding one is sharper');
  assert.ok(value('nothing') < 0.8 * value('open'), 'the gate closes where nothing is wanted');
  const [, temperatures] = [plot(0), plot(1)];
  const first = temperatures.curves.map(({ values }) => values[0]);
  assert.ok(Math.max(...first) / Math.min(...first) < 1.3, 'they begin alike');
  sumToOne(maps(0));
});

row('the cost grows with n² and about d, and fused attention keeps no weights', 'E7', {}, ({ value, plot, rows }) => {
  assert.ok(value('byWords') > 1.5 && value('byWords') < 2.5, `n^${value('byWords')}`);
  assert.ok(value('byFeatures') > 0.3 && value('byFeatures') < 1.3, `d^${value('byFeatures')}`);
  assert.ok(plot().curves.every(({ values }) => values.at(-1) > values[0]));
  // scores, scaled, masked or not, weights: 4 · 2048² bytes each; fused: the output alone.
  assert.equal(value('fused'), 4 * 2048 * 64);
  assert.ok(value('plain') >= 3 * 4 * 2048 ** 2);
  assert.equal(rows().rows.length, 5);
}, 600);
row('attention moves with the noise in its input', 'E7', { part: 'noise' }, ({ plot, value, maps }) => {
  const [moved, right] = plot().curves.map(({ values }) => values);
  assert.equal(moved[0], 0);
  moved.slice(1).forEach((x, i) => assert.ok(x > moved[i] && x < 1, moved.join()));
  assert.ok(right[0] > 0.95 && right.at(-1) < right[0]);
  assert.equal(value('movedLarge'), moved.at(-1));
  sumToOne(maps());
});
row('each cure of overfitting keeps a lower validation loss', 'E7', { part: 'cures' }, ({ gaps, plot, rows }) => {
  const [none, ...others] = rows().rows.map(({ cells }) => cells.map(({ raw }) => raw));
  assert.ok(none[1] < 0.2, 'wrong labels are learnt by heart');
  assert.ok(gaps.last.raw > 1.3 * gaps.least.raw, 'and validation rises');
  for (const [, , loss] of others) assert.ok(loss < none[2]);
  assert.equal(gaps.names.en, 'dropout 0.3, L2 0.05, early stopping');
  const [, validation] = [plot(0), plot(1)];
  assert.ok(Number.isNaN(validation.curves[3].values.at(-1)), 'early stopping ended early');
  assert.equal(none[0], 40, 'the last epoch is kept');
});
