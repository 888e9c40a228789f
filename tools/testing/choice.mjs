// What is run of all that there is.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromRoot } from '../lib/paths.mjs';

/**
 * Files of the native suite whose tests run once: under the best instruction set, and in one binary of WebAssembly. They
 * are about what arranges kernels, and keeps books: the same code, whatever computes. A file that is not listed runs
 * everywhere, as what tests kernels must.
 */
const once = readFileSync(fromRoot('tests', 'native', 'once.txt'), 'utf8').trim().split('\n');
/** doctest's filter for the runs after the first. */
export const onceOnly = [`--source-file-exclude=${once.map((file) => `*/${file}`).join(',')}`];

const testFiles = (folder) => (existsSync(fromRoot(folder))
  ? readdirSync(fromRoot(folder)).filter((file) => file.endsWith('.test.mjs')).map((file) => join(folder, file)) : []);

/** `only`: native cases with that in their name or their file's. */
export const nativeFilters = (only) => (only ? [`--test-case=*${only}*`] : []);

/** { files, pattern }: the files with `only` in their names, or else the tests of all that have it in theirs. */
export function chosenFiles(folder, only) {
  const files = testFiles(folder);
  if (!only) return { files };
  const named = files.filter((file) => file.includes(only));
  return named.length > 0 ? { files: named } : { files, pattern: only };
}
