import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Runs a program to its end and resolves with { code, output, stdout }; output
 * holds both streams in the order they came. `echo` also shows them as they come;
 * after `timeout` milliseconds it is ended. onOutput hears of each piece of stdout.
 */
export function attempt(command, args, { cwd, env, timeout, echo = false, onOutput } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, timeout, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let stdout = '';
    child.stdout.on('data', (data) => {
      output += data;
      stdout += data;
      onOutput?.(`${data}`);
      if (echo) process.stdout.write(data);
    });
    child.stderr.on('data', (data) => {
      output += data;
      if (echo) process.stderr.write(data);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: signal ? 1 : code, signal, output, stdout }));
  });
}

/** As `attempt`, but a program that fails is an error that carries its output. */
export async function run(command, args, options) {
  const result = await attempt(command, args, options);
  if (result.code === 0) return result;
  const error = new Error(`${command} ${args.join(' ')} failed\n${result.output}`);
  throw Object.assign(error, result);
}

/** The path of the first of the named programs that is on PATH, or undefined. */
export function which(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        if (statSync(path).isFile()) return path;
      } catch {
        // not here: the next folder
      }
    }
  }
  return undefined;
}
