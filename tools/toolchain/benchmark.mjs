// Google Benchmark, for the native benchmarks alone: nothing else gets it or waits for it. Debian 12's own, since a
// compiled library has to fit the system's C++ library.

import { join } from 'node:path';
import { canUseApt, unpackPackages } from './apt.mjs';
import { part } from './part.mjs';

/** Returns a prefix for CMake's find_package, or undefined where the system or CMake's own download provides it. */
export async function setupBenchmark() {
  if (!canUseApt()) return undefined;
  const recipe = { revision: 1, packages: ['libbenchmark-dev', 'libbenchmark1debian'] };
  const folder = await part('benchmark', 'Google Benchmark (0.2 MB)', recipe, (into) =>
    unpackPackages({ suite: 'bookworm', ...recipe, folder: into }));
  return join(folder, 'usr');
}
