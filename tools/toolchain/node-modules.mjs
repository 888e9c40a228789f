// The npm packages of a lock file. Their install scripts stay off: none is
// needed, and they are what might fetch from somewhere else.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem, say, seconds } from '../lib/console.mjs';
import { root } from '../lib/paths.mjs';
import { attempt } from '../lib/run.mjs';

/** Installs the project's own packages, or those of a folder with a package.json of its own. */
export async function setupNodeModules(folder = root, title = 'the npm packages (about 250 MB unpacked)') {
  if (isInstalled(folder)) return;
  const begin = performance.now();
  say(`Getting ${title}`);
  const { code, output } = await attempt('npm', ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'], { cwd: folder });
  if (code !== 0) throw new Problem(`npm could not install the packages of ${join(folder, 'package-lock.json')}:\n${output}`);
  say(`  done in ${seconds(begin)}`);
}

// npm notes what it installed in a lock file of its own, which it writes last:
// comparing the two also honours an `npm ci` that the user ran.
function isInstalled(folder) {
  const note = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(note)) return false;
  const installed = JSON.parse(readFileSync(note, 'utf8')).packages;
  const { '': project, ...wanted } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) =>
    (path in installed ? installed[path].version === version : optional));
}
