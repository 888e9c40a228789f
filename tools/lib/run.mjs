import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Runs a program to its end and resolves with { code, output, stdout }; output
 * holds both streams in the order they came. `echo` also shows them as they come
 * ('errors': stderr alone); one that says nothing for `silence` milliseconds is ended, and `silent` is true.
 * onOutput hears of each piece of stdout.
 */
export function attempt(command, args, { cwd, env, silence, echo = false, onOutput } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let stdout = '';
    let silent = false;
    const watch = silence && setTimeout(() => {
      silent = true;
      child.kill('SIGTERM');
      // It may not listen, and what it started may hold its streams open.
      setTimeout(() => {
        child.kill('SIGKILL');
        child.stdout.destroy();
        child.stderr.destroy();
      }, 5000).unref();
    }, silence);
    child.stdout.on('data', (data) => {
      watch?.refresh();
      output += data;
      stdout += data;
      onOutput?.(`${data}`);
      if (echo === true) process.stdout.write(data);
    });
    child.stderr.on('data', (data) => {
      watch?.refresh();
      output += data;
      if (echo) process.stderr.write(data);
    });
    child.on('error', (error) => {
      clearTimeout(watch);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(watch);
      resolve({ code: signal ? 1 : code, signal, silent, output, stdout });
    });
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
