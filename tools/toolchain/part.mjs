// One part of the toolchain is one folder under `.toolchain`, made whole or not
// at all: it is built beside its place, stamped, and then renamed into it.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { say, seconds } from '../lib/console.mjs';
import { locked } from '../lib/lock.mjs';
import { toolchain } from '../lib/paths.mjs';

/**
 * Returns the folder of the part `name`, building it first if its stamp does not
 * fit `recipe` (any JSON value that says what goes in). build(folder) fills it
 * and returns what is worth noting in the stamp.
 */
export async function part(name, title, recipe, build) {
  const folder = join(toolchain, name);
  const stamp = join(folder, '.stamp.json');
  const wanted = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16);
  const fits = () => existsSync(stamp) && JSON.parse(readFileSync(stamp, 'utf8')).recipe === wanted;
  if (fits()) return folder;
  return locked(join(toolchain, '.lock'), async () => {
    if (fits()) return folder; // another process built it while this one waited
    const begin = performance.now();
    const work = `${folder}.new`;
    say(`Getting ${title}`);
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    const contents = await build(work);
    writeFileSync(join(work, '.stamp.json'), JSON.stringify({ recipe: wanted, contents }, null, 1));
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    say(`  done in ${seconds(begin)}`);
    return folder;
  });
}
