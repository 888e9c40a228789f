// A build step runs when what it reads has changed, and says in one line what it
// did; what its programs print is shown if it fails, or with --verbose.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Problem, progress, say, seconds } from './console.mjs';
import { fromRoot, root } from './paths.mjs';
import { attempt } from './run.mjs';

const verbose = process.argv.includes('--verbose');

/**
 * inputs: files and folders by path from the root, and any other value (an
 * array) that the result depends on. output: a path that has to exist.
 */
export async function step(name, { inputs, facts = [], output, work }) {
  const stamp = fromRoot('build', '.stamps', name);
  const wanted = createHash('sha256').update(JSON.stringify(facts));
  for (const file of inputs.flatMap((path) => filesIn(fromRoot(path)))) {
    wanted.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  }
  const digest = wanted.digest('hex');
  if (existsSync(stamp) && existsSync(fromRoot(output)) && readFileSync(stamp, 'utf8') === digest) return;
  const begin = performance.now();
  say(`Building ${name} …`);
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
  say(`Built ${name} in ${seconds(begin)}`);
}

/** Runs a program of a step; its output matters only when it fails. */
export async function tool(command, args, { env, onOutput } = {}) {
  const { code, output } = await attempt(command, args, { cwd: root, env, echo: verbose, onOutput });
  if (code !== 0) throw new Problem(`${verbose ? '' : output}\n${command} ${args.join(' ')} failed.`);
}

/** As `tool`, for a program that prints how far it is: `[ 45%] Building …`. */
export function compile(command, args, { env }) {
  const show = progress('compiling', 100);
  const onOutput = (text) => {
    for (const [, percent] of text.matchAll(/^\[\s*(\d+)%\]/gm)) show(Number(percent));
  };
  return tool(command, args, { env, onOutput: verbose ? undefined : onOutput });
}

/** A program of the npm packages. */
export const npmTool = (name, args) => tool(process.execPath, [fromRoot('node_modules', '.bin', name), ...args]);

const ignored = new Set(['node_modules', 'dist', 'build']);

function filesIn(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).sort().filter((name) => !ignored.has(name)).flatMap((name) => filesIn(join(path, name)));
}
