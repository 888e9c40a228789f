// One part of the toolchain is one folder under `.toolchain`, made whole or not
// at all: it is built beside its place, stamped, and then renamed into it.

import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say, seconds } from '../lib/console.mjs';
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
  return locked(async () => {
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

/** Lets one process at a time change `.toolchain`. */
async function locked(work) {
  const file = join(toolchain, '.lock');
  mkdirSync(toolchain, { recursive: true });
  for (let waits = 0; !take(file); waits += 1) {
    const owner = Number(readFileSync(file, { encoding: 'utf8', flag: 'a+' }));
    if (!isAlive(owner)) rmSync(file, { force: true });
    else if (waits === 0) say(`  waiting for another set-up (process ${owner})`);
    await sleep(300);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file) {
  try {
    const handle = openSync(file, 'wx');
    writeFileSync(handle, `${process.pid}`);
    closeSync(handle);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
