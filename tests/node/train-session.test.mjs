// A training run as the page drives it: commands, what is told of it, checkpoints, files, and settings in an address.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { load } from '../../dist/node.js';
import { pageSource } from '../../tools/lib/page-source.mjs';

const { open, Series, changes, changed, changesOf, differences, csvOf, jsonOf, taskOf, tasks, settingsOf, tokensOf, UnknownToken, defaults } = await pageSource(`
  export { default as open } from './src/views/train/session.js';
  export * from './src/views/train/series.js';
  export * from './src/views/train/changes.js';
  export * from './src/views/train/files.js';
  export * from './zoo/index.js';
  export * from './zoo/task.js';
  export * from './zoo/typed.js';
`);
let attn;
before(async () => { attn = await load({ threads: 1 }); });
after(() => attn.dispose());

/** A session, and the last of each kind that it told; all frames. */
async function session(request, from) {
  const told = { frames: [], checkpoints: [] };
  const training = await open(attn, { off: [], own: null, ...request }, (chunk) => {
    const own = structuredClone(chunk); // as postMessage does
    if (own.kind.startsWith('frame')) told.frames.push(own.frame);
    else if (own.kind === 'checkpoint') told.checkpoints.push(own.state);
    told[own.kind] = own;
  }, from);
  return { told, ...training.commands, work: () => training.work() };
}
const copy = (change = {}, seed = 1) => settingsOf(taskOf('copy'), seed, { ...change, recipe: { steps: 60, warmup: 0, ...change.recipe } });
function toEnd(run) {
  run.play();
  while (run.work());
}

test('before the first step all is told: parameters, memory and time of a step, what chance gives, heads, answers', async () => {
  const { told } = await session({ settings: copy() });
  const { parameters, bytes, seconds, chance, config } = told.info;
  assert.ok(parameters > 1000 && bytes > 4 * 4 * parameters && seconds > 0, JSON.stringify(told.info));
  assert.equal(chance, Math.log(3 + 20));
  assert.equal(config.numLayers, 2);
  assert.equal(told.progress.history.at, 0);
  assert.equal(told.progress.playing, false);
  assert.deepEqual(told.look.layers.map(({ name }) => name), ['blocks.0.attn', 'blocks.1.attn']);
  for (const { shape: [, t, s], rows, columns } of told.look.layers) assert.deepEqual([rows.length, columns.length], [t, s]);
  assert.equal(told.look.samples.length, 6);
  assert.deepEqual(told.frames.map(({ at }) => at), [0]);
});

test('it plays in slices to its last step, and pauses, steps and ends', async () => {
  const run = await session({ settings: copy() });
  const { told } = run;
  run.step();
  assert.equal(told.progress.history.at, 1);
  run.play();
  assert.equal(run.work(), true);
  run.pause();
  const { at } = told.progress.history;
  assert.ok(at > 1 && at < 60, `${at}`);
  assert.equal(told.progress.playing, false);
  assert.equal(run.work(), false);
  assert.equal(told.checkpoints.at(-1).history.at, at);
  toEnd(run);
  assert.deepEqual(told.progress.history.ended, { why: 'done' });
  assert.equal(told.progress.history.at, 60);
  run.play();
  assert.equal(run.work(), false, 'nothing goes on behind the end');
  assert.deepEqual(told.progress.history.held.xs, [0, 20, 40, 60]);
  const steps = told.frames.map(({ at: step }) => step);
  assert.deepEqual(steps.slice(0, 8), [0, 1, 2, 3, 4, 5, 6, 8]);
  assert.ok(steps.length < 20 && steps.every((step, i) => i === 0 || step > steps[i - 1]), `${steps}`);
});

test('from a checkpoint, or its file, it goes on to the same losses and answers as if it had never stopped', async () => {
  const whole = await session({ settings: copy({ model: { dropout: 0.1 } }) });
  toEnd(whole);
  const first = await session({ settings: copy({ model: { dropout: 0.1 } }) });
  for (let i = 0; i < 23; i++) first.step();
  const state = first.told.checkpoints.at(-1);
  for (const [how, request, from] of [['checkpoint', { settings: state.settings }, state], ['file', { file: first.save() }]]) {
    const second = await session(request, from);
    assert.equal(second.told.progress.history.at, 23, how);
    assert.deepEqual(second.told.info.settings, state.settings, how);
    assert.deepEqual(second.told.look.said, first.told.look.said, how);
    toEnd(second);
    assert.deepEqual(second.save(), whole.save(), how);
    assert.deepEqual(second.told.progress.history.train.ys.at(-1), whole.told.progress.history.train.ys.at(-1), how);
  }
});

test('a head that is switched off makes a learnt task worse, and on again it is as before', async () => {
  const run = await session({ settings: settingsOf(taskOf('recall'), 1, { recipe: { steps: 250 } }) });
  toEnd(run);
  const { told } = run;
  const before = told.progress.now.metric;
  assert.ok(before > 0.95, `${before}`);
  assert.ok(Math.max(...Object.values(told.look.measures)) > 0.6, JSON.stringify(told.look.measures));
  // Both heads of the second layer: either may do the work alone.
  run.off(['1.0', '1.1']);
  assert.ok(told.progress.now.metric < 0.6 * before, `${told.progress.now.metric}`);
  run.off([]);
  assert.equal(told.progress.now.metric, before);
});

test('what one types is read, answered, and looked at', async () => {
  const run = await session({ settings: copy() });
  run.own({ input: ['c', 'a'] });
  assert.equal(run.told.look.own, true);
  assert.deepEqual(run.told.look.input, ['c', 'a']);
  assert.equal(run.told.look.right, null);
  run.own(null);
  assert.equal(run.told.look.own, false);
});

test('a number that is not finite ends it with the operator’s name, before the weights are harmed', async () => {
  const run = await session({ settings: copy({ recipe: { optimizer: 'SGD', lr: 1e9, clip: 0 } }) });
  toEnd(run);
  const { ended, at } = run.told.progress.history;
  assert.equal(ended.why, 'diverged');
  assert.equal(ended.at, at);
  assert.match(ended.op, /^[a-zA-Z]*$/);
  assert.equal(run.told.checkpoints.at(-1).history.at, at);
  assert.ok(attn.loadSafetensors(run.save()), 'finite to the last weight');
});

test('early stopping ends it where the held-out loss no longer falls', async () => {
  const run = await session({ settings: copy({ recipe: { lr: 1e-12, patience: 2, steps: 400, schedule: 'constant' } }) });
  toEnd(run);
  const { ended, at, best } = run.told.progress.history;
  assert.equal(ended.why, 'early');
  assert.equal(ended.best, best.at);
  assert.equal(at, best.at + 2 * 20);
});

test('memory stays flat', async () => {
  const run = await session({ settings: copy({ recipe: { steps: 1e6 } }) });
  for (let i = 0; i < 25; i++) run.step();
  const before = attn.memory();
  for (let i = 0; i < 300; i++) run.step();
  assert.equal(attn.memory(), before);
});

test('a curve of any length has at most 400 points, each the mean of the steps since the one before', () => {
  const series = new Series();
  const n = 100_000;
  for (let i = 0; i <= n; i++) series.add(i, i);
  const { xs, ys } = series.all();
  assert.ok(xs.length <= 400 && xs.length >= 150, `${xs.length}`);
  assert.deepEqual([xs[0], ys[0]], [0, [0]]);
  assert.ok(xs.at(-1) > n - 2 * series.every);
  for (let i = 1; i < xs.length; i++) assert.equal(ys[i][0], xs[i] - (series.every - 1) / 2);
});

test('settings survive the address, and what no field offers is left out of it', () => {
  for (const task of tasks) {
    for (const change of [{}, ...task.suggestions, ...(task.models ?? []).map(({ kind }) => ({ model: { kind } }))]) {
      const settings = settingsOf(task, 7, change);
      const text = changes.serialise(changesOf(change));
      assert.deepEqual(changed(task, 7, changes.parse(text)), settings, `${task.id}: ${text}`);
      assert.deepEqual(changed(task, 7, differences(settings)), settings, `${task.id}: ${JSON.stringify(differences(settings))}`);
    }
  }
  const odd = '1:2,三~~ ';
  const text = changed(taskOf('text'), 1, changes.parse(changes.serialise({ 'values.text': odd })));
  assert.equal(text.values.text, odd);
  assert.equal(changed(taskOf('text'), 1, changes.parse(changes.serialise({ 'values.text': '123' }))).values.text, '123');
  assert.equal(changes.serialise({ 'values.text': 'x'.repeat(3001) }), '');
  const wild = 'model.numLayers:1000000,model.dModel:1e9,recipe.lr:NaN,recipe.batch:2.5,model.kind:vit,model.positions:nowhere,values.letters:-1,model.constructor:1';
  assert.deepEqual(changed(taskOf('recall'), 1, changes.parse(wild)), settingsOf(taskOf('recall'), 1));
  assert.equal(changes.parse('nonsense'), undefined);
});

test('curves leave as CSV, and the run as JSON', async () => {
  const run = await session({ settings: copy() });
  toEnd(run);
  const { told: { info, progress: { history } } } = run;
  const rows = csvOf(info.settings, history).split('\n').map((line) => line.split(','));
  assert.deepEqual(rows[0], ['step', 'loss', 'gradient norm', 'held-out loss', 'metric']);
  assert.equal(rows.length, 1 + 61);
  const at20 = rows.find(([step]) => step === '20');
  assert.equal(Number(at20[1]), history.train.ys[history.train.xs.indexOf(20)][0]);
  assert.equal(Number(at20[3]), history.held.ys[1][0]);
  const read = JSON.parse(jsonOf(info.settings, info.parameters, 'https://x/#y', history));
  assert.deepEqual(read.settings, info.settings);
  assert.equal(read.train.loss.length, 60);
  assert.equal(read.held.metric.at(-1), history.held.ys.at(-1)[1]);
});

test('typed text is cut into the task’s tokens', () => {
  const cut = (id, text, values = {}) => tokensOf(taskOf(id), { ...defaults(taskOf(id)), ...values }, text);
  assert.deepEqual(cut('copy', 'a b c'), ['a', 'b', 'c']);
  assert.deepEqual(cut('copy', 'abc'), ['a', 'b', 'c']);
  assert.deepEqual(cut('stories', 'where is anna ? anna went to the garden .'), ['where', 'is', 'anna', '?', 'anna', 'went', 'to', 'the', 'garden', '.']);
  assert.deepEqual(cut('dates', '3 May 1999').join(''), '3 May 1999');
  assert.deepEqual(cut('modular', '12 + 3'), ['12', '+', '3']);
  assert.throws(() => cut('copy', 'a7'), (error) => error instanceof UnknownToken && error.token === '7');
});
