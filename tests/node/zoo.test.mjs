// The zoo: samples that can be made again alone, with right answers, none on both sides; and tasks that learn.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { load } from '../../dist/node.js';
import { pageSource } from '../../tools/lib/page-source.mjs';

const {
  tasks, taskOf, sampleOf, defaults, settingsOf, kindsOf, vocabulary, Run, Diverged, makeLearner, modelOptions, recipeOptions, Random, mix, prefixMatch, tableOf,
} = await pageSource(`
  export * from './zoo/index.js';
  export * from './zoo/rng.js';
  export * from './zoo/task.js';
  export * from './zoo/train.js';
  export { makeLearner } from './zoo/learners.js';
  export * from './zoo/options.js';
  export { prefixMatch } from './zoo/tasks/recall.js';
  export { tableOf } from './zoo/tasks/table.js';
`);
let attn;
before(async () => {
  attn = await load({ threads: 1 });
  for (const task of tasks) await task.prepare?.();
});
after(() => attn.dispose());

const made = (task, seed, from, count, side, values = defaults(task)) =>
  Array.from({ length: count }, (_, i) => sampleOf(task, seed, from + i, values, side));
const keyOf = ({ key, input }) => key ?? input.join('\n');

test('random numbers: even, other for every part of a mix, and drawn without repetition', () => {
  const random = new Random(mix(1, 'x'));
  const counts = Array(7).fill(0);
  for (let i = 0; i < 7000; i++) counts[random.below(7)]++;
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 5 * Math.sqrt(1000 * 6 / 7), `${counts}`); // five deviations
  const mixed = new Set([mix(1, 'a'), mix(2, 'a'), mix(1, 'b'), mix(1, 'a', 0), mix('a', 1), mix(1, 'ab'), mix(1, 'a', 'b')]);
  assert.equal(mixed.size, 7);
  assert.equal(new Set(random.several([1, 2, 3, 4, 5], 5)).size, 5);
});

test('every task says in both languages what it is, and its settings are of its own kind', () => {
  assert.equal(new Set(tasks.map(({ id }) => id)).size, tasks.length);
  assert.throws(() => taskOf('none'), /no task 'none'; there are recall/);
  for (const task of tasks) {
    const texts = [task.title, task.about, task.look, ...task.parameters.map(({ name }) => name), ...task.suggestions.map(({ text }) => text)];
    for (const { zh, en } of texts) {
      assert.match(zh, /\p{Script=Han}/u, `${task.id}: ${zh}`);
      assert.doesNotMatch(en, /\p{Script=Han}/u, `${task.id}: ${en}`);
    }
    for (const parameter of task.parameters) {
      if ('min' in parameter) assert.ok(parameter.min <= parameter.default && parameter.default <= parameter.max, `${task.id}.${parameter.id}`);
      if ('choices' in parameter) assert.ok(parameter.choices.some(({ id }) => id === parameter.default), `${task.id}.${parameter.id}`);
    }
    for (const { values } of task.suggestions) {
      for (const id of Object.keys(values ?? {})) assert.ok(task.parameters.some((parameter) => parameter.id === id), `${task.id}: ${id}`);
    }
  }
});

test('a sample is made again from its seed and index alone; others differ', () => {
  for (const task of tasks) {
    const all = made(task, 1, 0, 40, 'train');
    assert.deepEqual(sampleOf(task, 1, 17, defaults(task), 'train'), all[17], task.id);
    assert.notDeepEqual(made(task, 2, 0, 40, 'train'), all, `${task.id}: the seed`);
    assert.ok(new Set(all.map((sample) => JSON.stringify(sample))).size > 20, `${task.id}: the index`);
  }
});

test('no sample is on both sides', () => {
  for (const task of tasks) {
    const train = new Set(made(task, 1, 0, 400, 'train').map(keyOf));
    for (const seed of [1, 2]) {
      for (const sample of made(task, seed, 0, 100, 'held')) assert.ok(!train.has(keyOf(sample)), `${task.id}: ${keyOf(sample)}`);
    }
  }
});

test('every token is in the vocabulary, and nothing is longer than it says, with suggested values too', () => {
  for (const task of tasks) {
    for (const change of [{}, ...task.suggestions.map(({ values }) => values ?? {})]) {
      const values = { ...defaults(task), ...change };
      const words = new Set(vocabulary(task, values));
      assert.equal(words.size, vocabulary(task, values).length, `${task.id}: a token twice`);
      const most = task.longest(values);
      for (const { input, output } of made(task, 3, 0, 300, 'train', values)) {
        for (const token of [...input, ...(task.classes ? [] : output)]) assert.ok(words.has(token), `${task.id}: '${token}'`);
        if (task.classes) assert.ok(task.classes.includes(output[0]), output[0]);
        assert.ok(input.length <= most.input && output.length <= most.output, `${task.id}: ${input.length} and ${output.length}`);
      }
    }
  }
});

// What is right, found in another way than the tasks find it.
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const HAN = '〇一二三四五六七八九';
const number = (text) => (/^\d+$/.test(text) ? Number(text)
  : text.length === 4 ? Number([...text].map((digit) => HAN.indexOf(digit)).join(''))
    : text.includes('十') ? (text.indexOf('十') === 0 ? 1 : HAN.indexOf(text[0])) * 10 + (text.endsWith('十') ? 0 : HAN.indexOf(text.at(-1))) : HAN.indexOf(text));
function iso(text) {
  const parts = text.match(/[a-z]+|[0-9]+|[〇一二三四五六七八九十]+/giu).filter((part) => !/^(st|nd|rd|th|of)$/.test(part));
  const word = parts.findIndex((part) => /[a-z]/i.test(part));
  let [year, month, day] = [0, 0, 0];
  if (word >= 0) {
    month = MONTHS.indexOf(parts[word].slice(0, 3).toLowerCase()) + 1;
    [day, year] = parts.filter((_, i) => i !== word).map(Number);
  } else if (text.includes('号')) [month, day, year] = parts.map(number);
  else [year, month, day] = parts.map(number);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
const opposite = new Map([['(', ')'], ['[', ']']]);
const right = {
  recall({ input, output }) {
    const row = [...input, ...output].filter((token) => token !== '·');
    return row.length % 2 === 0 && row.slice(0, row.length / 2).join() === row.slice(row.length / 2).join() && new Set(row).size === row.length / 2;
  },
  copy: ({ input, output }) => input.join() === output.join(),
  reverse: ({ input, output }) => output.every((token, i) => token === input[input.length - 1 - i]),
  sort: ({ input, output }) => output.every((token, i) => i === 0 || token >= output[i - 1]) && [...input].sort().join() === [...output].sort().join(),
  addition({ input, output }) {
    const [a, b] = input.join('').split('+').map(Number);
    return a + b === Number([...output].reverse().join(''));
  },
  modular: ({ input, output }) => (Number(input[0]) + Number(input[2])) % 31 === Number(output[0]),
  brackets({ input, output }) {
    let text = input.join('');
    for (let before; before !== text;) [before, text] = [text, text.replaceAll(/\(\)|\[\]/g, '')];
    return (text === '') === (output[0] === 'right') && input.every((token) => opposite.has(token) || [...opposite.values()].includes(token));
  },
  parity: ({ input, output }) => input.filter((bit) => bit === '1').length % 2 === Number(output[0]),
  random: ({ output }) => output.length === 15,
  zeros: ({ output }) => output.every((token) => token === '0'),
  dates: ({ input, output }) => iso(input.join('')) === output.join(''),
  sentiment({ input, output }) {
    const good = 'good lovely wonderful charming great love enjoy praise 好 精彩 迷人 出色 有趣 喜欢 称赞 想念'.split(' ');
    const count = input.filter((word) => good.includes(word)).length;
    const denied = input.includes('not') || input.includes('不');
    return (count > 0) !== denied === (output[0] === 'good');
  },
  stories({ input, output }) {
    const [question, ...story] = input.join(' ').split(/ ?[?.] ?/);
    const name = question.split(' ').at(-1);
    const place = ['garden', 'kitchen', 'market', 'school', 'attic', 'harbour'].find((word) => story.find((line) => line.split(' ').includes(name)).split(' ').includes(word));
    return output.length === 2 && output[0] === name && output[1] === place;
  },
  summary: ({ input, output }) => output.length >= 3 && output.every((word, i) => input.indexOf(word) > (i === 0 ? -1 : input.indexOf(output[i - 1]))),
  digits: ({ pixels, output }) => pixels.length === 64 && pixels.every((x) => x >= 0 && x <= 1) && pixels.some((x) => x > 0) && output[0].length === 1,
  text: ({ input, output }) => input.join() === '\n' && output.length === 64,
  table({ input, output }) {
    const values = { I: 1, V: 5, X: 10, L: 50, C: 100 };
    const numbers = output.map((letter) => values[letter]);
    return numbers.reduce((sum, n, i) => sum + (n < (numbers[i + 1] ?? 0) ? -n : n), 0) === Number(input.join(''));
  },
};
test('answers are right, as found in another way', () => {
  assert.deepEqual(Object.keys(right).sort(), tasks.map(({ id }) => id).sort());
  for (const task of tasks) {
    for (const sample of [...made(task, 4, 0, 300, 'train'), ...made(task, 4, 0, 100, 'held')]) assert.ok(right[task.id](sample), `${task.id}: ${JSON.stringify(sample)}`);
  }
});

test('both answers of a question are as frequent, and each word of sentiment but the judging verbs stands with both', () => {
  for (const id of ['brackets', 'parity', 'sentiment']) {
    const all = made(taskOf(id), 5, 0, 1000, 'train').map(({ output }) => output[0]);
    const share = all.filter((label) => label === all[0]).length / 1000;
    assert.ok(Math.abs(share - 0.5) < 0.08, `${id}: ${share}`); // five deviations
  }
  const words = new Map();
  for (const { input, output } of made(taskOf('sentiment'), 5, 0, 6000, 'train')) {
    for (const word of input) words.set(word, (words.get(word) ?? new Set()).add(output[0]));
  }
  const judging = 'avoid enjoy hate love praise regret 后悔 喜欢 想念 抱怨 称赞 讨厌'.split(' ');
  assert.deepEqual([...words].filter(([, labels]) => labels.size < 2).map(([word]) => word).sort(), judging);
});

test('parity’s counts so far, and two facts step by step', () => {
  for (const { input, output } of made(taskOf('parity'), 6, 0, 50, 'train', { bits: 6, steps: 'each' })) {
    assert.deepEqual(output, input.map((_, i) => String(input.slice(0, i + 1).filter((bit) => bit === '1').length % 2)));
  }
  for (const { input, output: [named, person, place] } of made(taskOf('stories'), 6, 0, 50, 'train', { people: 3, facts: 2, write: 'chain', language: 'en' })) {
    const [question, ...story] = input.join(' ').split(/ ?[?.] ?/);
    const thing = question.split(' ').at(-1);
    assert.equal(named, thing);
    const has = (...all) => story.some((line) => all.every((word) => line.split(' ').includes(word)));
    assert.ok(has(thing, person) && has(person, place), input.join(' '));
  }
});

test('the digits are those of the data set, a letter a pixel', async () => {
  const rows = JSON.parse(await readFile(new URL('../../web/zoo/data/digits.json', import.meta.url), 'utf8'));
  assert.equal(rows.length, 1797);
  assert.ok(rows.every((row) => /^[0-9][a-q]{64}$/.test(row)));
  assert.deepEqual([...rows[0]].slice(0, 9).map((letter, i) => (i === 0 ? letter : letter.charCodeAt(0) - 97)), ['0', 0, 0, 5, 13, 9, 1, 0, 0]);
});

test('a table’s bad rows are named by their lines, and the others used', () => {
  const { rows, problems } = tableOf('one,1\n\ntwo\nthree,3,4\n,5\n"a ""b"", c\nd",6\r\nlast,七\n');
  assert.deepEqual(rows.map(({ input, output }) => [input.join(''), output.join('')]), [['one', '1'], ['a "b", c\nd', '6'], ['last', '七']]);
  assert.deepEqual(problems, [{ line: 3, why: 'columns' }, { line: 4, why: 'columns' }, { line: 5, why: 'empty' }]);
  assert.deepEqual(tableOf('a\tb,c').rows.length, 1);
  assert.deepEqual(tableOf('甲，乙').rows.map(({ output }) => output.join('')), ['乙']);
  assert.deepEqual(tableOf(`${'x'.repeat(65)},1`).problems, [{ line: 1, why: 'long' }]);
});

test('one’s own text is learnt in stretches, those of some blocks held out', () => {
  const text = Array.from({ length: 400 }, (_, i) => `春天第${i}天，花开了。`).join('');
  const task = taskOf('text'), values = { ...defaults(task), text };
  for (const { output } of made(task, 1, 0, 50, 'held', values)) assert.ok(text.includes(output.join('')));
  const { bigram, least } = task.losses(values);
  assert.ok(bigram > 0.1 && bigram < 3 && least === undefined, `${bigram}`);
  for (const language of ['en', 'zh']) {
    const known = task.losses({ ...defaults(task), language });
    assert.ok(known.least > 0.1 && known.least < known.bigram, `${language}: ${JSON.stringify(known)}`);
  }
});

/** The mean of the first losses and of the last. */
function learn(run, steps, of = 5) {
  const losses = Array.from({ length: steps }, () => run.step());
  const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
  return [mean(losses.slice(0, of)), mean(losses.slice(-of))];
}

test('every model of every task learns: its loss falls within 20 steps, and it answers and looks somewhere', async () => {
  for (const task of tasks) {
    for (const model of [task.model, ...(task.models ?? [])]) {
      const run = await Run.open(attn, settingsOf(task, 1, { model, recipe: { warmup: 0 } }));
      const [first, last] = learn(run, 20);
      const name = `${task.id} ${model.kind}`;
      if (task.id !== 'random' && task.id !== 'parity') assert.ok(last < first - 0.01, `${name}: ${first} to ${last}`);
      const [sample] = run.samples('held', 1);
      assert.ok(Array.isArray(run.predict(sample)), name);
      const looks = run.attention(sample);
      assert.ok(looks.length > 0, name);
      for (const { shape, weights } of looks) {
        assert.equal(weights.length, shape[0] * shape[1] * shape[2], name);
        assert.ok(Math.abs(weights.slice(0, shape[2]).reduce((a, b) => a + b, 0) - 1) < 1e-5, `${name}: weights of a query add up to 1`);
      }
      const { metric, loss } = run.evaluate('held', 16);
      assert.ok(Number.isFinite(loss) && metric <= 1, name);
      run.dispose();
    }
  }
});

test('a run goes on from what it saved, to the same losses', async () => {
  const settings = settingsOf(taskOf('copy'), 3, { model: { dropout: 0.1 } });
  const one = await Run.open(attn, settings);
  learn(one, 5);
  const state = one.save();
  const other = await Run.open(attn, settings, state);
  assert.equal(other.at, 5);
  assert.deepEqual(Array.from({ length: 3 }, () => other.step()), Array.from({ length: 3 }, () => one.step()));
  const same = await Run.open(attn, settings);
  assert.equal((await Run.open(attn, { ...settings, seed: 4 })).step() === same.step(), false, 'the seed');
});

test('recall reaches its mark: an induction head forms', async () => {
  const task = taskOf('recall');
  const run = await Run.open(attn, settingsOf(task, 1));
  const sample = run.samples('held', 1)[0];
  const tokens = [...sample.input, ...sample.output];
  const match = () => Math.max(...run.attention(sample).flatMap(({ shape: [heads, n], weights }) =>
    Array.from({ length: heads }, (_, h) => prefixMatch(tokens, weights.slice(h * n * n, (h + 1) * n * n)))));
  const before = match();
  while (run.at < task.recipe.steps) run.step();
  const { metric } = run.evaluate();
  assert.ok(metric >= task.goal, `${metric}`);
  assert.ok(match() > 0.6 && before < 0.3, `${before} to ${match()}`);
  assert.deepEqual(run.predict(sample, sample.output.length), sample.output);
  run.dispose();
});

test('every option is one of the module’s own, and every choice makes a model', async () => {
  const small = { dModel: 8, numHeads: 2, numLayers: 1, embeddingDim: 8, hiddenSize: 8 };
  for (const kind of Object.keys(modelOptions)) {
    const task = tasks.find((each) => kindsOf(each).includes(kind));
    const config = (change) => {
      const options = Object.fromEntries(Object.entries({ ...small, ...change }).filter(([id]) => modelOptions[kind].some((option) => option.id === id)));
      const { model } = makeLearner(attn, task, defaults(task), { kind, ...options });
      const made = model.config;
      model.dispose();
      return made;
    };
    const usual = config({});
    for (const option of modelOptions[kind]) {
      assert.ok(option.id in usual, `${kind}.${option.id}`);
      const values = option.choices?.map(({ id }) => id) ?? (option.flag ? [true, false] : []);
      for (const value of values) assert.equal(config({ [option.id]: value })[option.id], value, `${kind}.${option.id}`);
      if (values.length > 0) assert.ok(values.includes(usual[option.id]), `${kind}.${option.id}: ${usual[option.id]}`);
    }
  }
  assert.deepEqual(recipeOptions.map(({ id }) => id).sort(), Object.keys(taskOf('recall').recipe).sort());
});

test('a head that is off gives nothing, in every kind of model, and training goes on without it', async () => {
  for (const [id, kind, head] of [['recall', 'decoder', 'blocks.1.attn.0'], ['sentiment', 'encoder', 'encoder.layers.0.self_attn.1'],
    ['digits', 'vit', 'encoder.layers.0.self_attn.0'], ['dates', 'encoderDecoder', 'decoder.layers.0.multihead_attn.2'], ['dates', 'gruDot', 'decoder.attn.0'],
    ['dates', 'gruAdditive', 'decoder.attn.0']]) {
    const run = await Run.open(attn, settingsOf(taskOf(id), 1, { model: { kind } }));
    const { model, off } = run.learner;
    const before = run.evaluate('held', 8).loss;
    off.add(head);
    const without = run.evaluate('held', 8).loss;
    assert.notEqual(without, before, `${id} ${kind}`);
    if (kind === 'decoder') {
      // As if the output's projection had zeros where it reads the head: the first half of 32 columns.
      const state = model.stateDict(), name = 'blocks.1.attn.out_proj.weight';
      const columns = attn.tensor(Float32Array.from({ length: 32 }, (_, i) => Number(i >= 16)), { shape: [32] });
      off.clear();
      model.loadStateDict({ ...state, [name]: attn.noGrad(() => state[name].mul(columns)) });
      assert.ok(Math.abs(run.evaluate('held', 8).loss - without) < 1e-6);
      off.add(head);
    }
    assert.ok(Number.isFinite(run.step()));
    run.dispose();
  }
});

test('a number that is not finite ends a step before it does harm, and tells which operator made it', async () => {
  const run = await Run.open(attn, settingsOf(taskOf('copy'), 1));
  run.step();
  const { model } = run.learner;
  const state = model.stateDict(), name = 'blocks.0.attn.in_proj_weight';
  model.loadStateDict({ ...state, [name]: attn.noGrad(() => state[name].mul(Infinity)) });
  const broken = run.save();
  assert.throws(() => run.step(), (error) => error instanceof Diverged && error.at === 1 && /^[a-z]+$/i.test(error.op));
  assert.equal(run.at, 1);
  assert.deepEqual(run.save(), broken);
  run.dispose();
});
