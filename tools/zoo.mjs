#!/usr/bin/env node
// `npm run zoo`: trains every task of web/zoo as it is by default, from three seeds, and says what it reached.
//   npm run zoo -- --task sort --seed 1 --seeds 3 --json    one task, from seeds 1 to 3, a line of JSON a run
//   npm run zoo -- --task dates --all                       with its other models, too
// It fails if a run does not reach its task's goal.

import { parseArgs } from 'node:util';
import { buildModuleFor } from './build.mjs';
import { main, Problem, say } from './lib/console.mjs';
import { fromRoot } from './lib/paths.mjs';
import { pageSource } from './lib/page-source.mjs';

const columns = ['task', 'model', 'seed', 'params', 'steps', 'seconds', 'metric', 'heldOut', 'goal', 'passed'];

async function train(attn, { Run, settingsOf }, task, seed, model) {
  const settings = settingsOf(task, seed, { model });
  const run = await Run.open(attn, settings);
  const begin = performance.now();
  while (run.at < settings.recipe.steps) run.step();
  const seconds = (performance.now() - begin) / 1000;
  const [metric, heldOut] = ['train', 'held'].map((side) => run.evaluate(side, 512).metric);
  const params = run.parameters;
  run.dispose();
  const rounded = (x) => Number(x.toFixed(4));
  return {
    task: task.id, model: settings.model.kind, seed, params, steps: settings.recipe.steps, seconds: Number(seconds.toFixed(1)),
    metric: rounded(metric), heldOut: rounded(heldOut), goal: task.goal ?? null, passed: task.goal === undefined ? null : heldOut >= task.goal,
  };
}

const row = (result) => columns.map((name) => {
  const shown = result[name] === null ? '–' : result[name] === true ? 'yes' : result[name] === false ? 'NO' : String(result[name]);
  return name === 'task' || name === 'model' ? shown.padEnd(14) : shown.padStart(8);
}).join(' ');

await main(import.meta, async () => {
  const { values: { task: only, seed, seeds, json, all } } = parseArgs({
    options: {
      task: { type: 'string' }, seed: { type: 'string', default: '1' }, seeds: { type: 'string', default: '3' },
      json: { type: 'boolean' }, all: { type: 'boolean' },
    },
  });
  await buildModuleFor('node');
  const { load } = await import(fromRoot('dist', 'node.js'));
  const zoo = await pageSource(`
    export { tasks } from './zoo/index.js';
    export { settingsOf } from './zoo/task.js';
    export { Run } from './zoo/train.js';
  `);
  const chosen = zoo.tasks.filter(({ id }) => only === undefined || id === only);
  if (chosen.length === 0) throw new Problem(`Unknown task: ${only}. There are: ${zoo.tasks.map(({ id }) => id).join(', ')}.`);
  const attn = await load();
  if (!json) say(row(Object.fromEntries(columns.map((name) => [name, name]))));
  for (const task of chosen) {
    for (const model of [task.model, ...(all ? task.models ?? [] : [])]) {
      for (let i = 0; i < Number(seeds); i++) {
        const result = await train(attn, zoo, task, Number(seed) + i, model);
        say(json ? JSON.stringify(result) : row(result));
        if (result.passed === false) process.exitCode = 1;
      }
    }
  }
  attn.dispose();
});
