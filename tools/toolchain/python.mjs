// Emscripten's driver is written in Python.

import { join } from 'node:path';
import { attempt, which } from '../lib/run.mjs';
import { unpackPackages } from './apt.mjs';
import { part } from './part.mjs';
import { withLibraries, writeScript } from './wrappers.mjs';

/** The path of a Python >= 3.8: the system's, or a private copy of Debian's. */
export async function setupPython() {
  for (const python of [which('python3'), '/usr/bin/python3']) {
    const found = python && (await interpreter(python));
    if (found) return found;
  }
  const recipe = { revision: 1, packages: ['python3'] };
  const folder = await part('python', 'Python 3 (about 6 MB)', recipe, async (into) => {
    const files = await unpackPackages({ suite: 'bookworm', ...recipe, withDependencies: true, folder: into });
    writeScript(join(into, 'bin', 'python3'), [
      'base=${0%/*}/..',
      withLibraries('$base'),
      'exec "$base/usr/bin/python3" "$@"',
    ]);
    return files;
  });
  return join(folder, 'bin', 'python3');
}

// The interpreter itself and not a version manager's shim in front of it, which
// would cost a tenth of a second on every file that is compiled.
async function interpreter(python) {
  const check = 'import sys; print(sys.executable if sys.version_info >= (3, 8) else "")';
  const { code, stdout } = await attempt(python, ['-c', check]).catch(() => ({ code: 1 }));
  return code === 0 ? stdout.trim() : undefined;
}
