// PyTorch and NumPy, for the tests that run what the page writes in Python: the user's own where there are both, otherwise
// a private copy of Debian 13's, since Debian 12's does not know scaled_dot_product_attention yet.

import { join } from 'node:path';
import { Problem } from '../lib/console.mjs';
import { attempt, which } from '../lib/run.mjs';
import { canUseApt, unpackPackages } from './apt.mjs';
import { part } from './part.mjs';
import { writeScript } from './wrappers.mjs';

/** The path of a Python with torch >= 2.1 and numpy. */
export async function setupTorch() {
  const own = which('python3');
  if (own && (await fits(own))) return own;
  if (!canUseApt()) throw new Problem('The tests need a python3 with PyTorch 2.1 or newer and NumPy, and there is none on PATH.', 'python3 -m pip install torch numpy');
  return privateCopy();
}

const check = 'import numpy, torch; assert "scale" in torch.nn.functional.scaled_dot_product_attention.__doc__';
const fits = async (python) => (await attempt(python, ['-c', check]).catch(() => ({ code: 1 }))).code === 0;

async function privateCopy() {
  const recipe = { revision: 1, packages: ['python3-torch', 'libopenblas0-pthread'], exclude: ['./usr/lib/libtorch-test'] };
  const folder = await part('torch', 'PyTorch (about 210 MB)', recipe, async (into) => {
    const files = await unpackPackages({ suite: 'trixie', ...recipe, withDependencies: 'all', folder: into });
    // Debian 13's programs need its newer libc, so its own loader starts them.
    writeScript(join(into, 'bin', 'python3'), [
      'base=$(cd "${0%/*}/.." && pwd)',
      'lib="$base/usr/lib/x86_64-linux-gnu"',
      'export PYTHONHOME="$base/usr" PYTHONNOUSERSITE=1',
      'exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib:$lib/openblas-pthread:$base/usr/lib" "$base/usr/bin/python3.13" "$@"',
    ]);
    return files;
  });
  return join(folder, 'bin', 'python3');
}
