// The package as a user gets it: packed by npm, installed from the tarball into a folder of its own, without a network.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const fixtures = join(root, 'tests', 'node', 'fixtures');
/** Long enough for a busy machine; who is not done by then never will be. */
const PATIENCE = 60_000;

/** Runs a program to its end: { code, signal, stdout, stderr }. */
export const run = (command, args, options = {}) => new Promise((resolve) => {
  execFile(command, args, { timeout: PATIENCE, maxBuffer: 2 ** 26, ...options }, (error, stdout, stderr) => {
    resolve({ code: error ? error.code ?? 1 : 0, signal: error?.signal ?? null, stdout, stderr });
  });
});

/** The same, when anything but success is a failure. */
export async function succeed(command, args, options) {
  const { code, signal, stdout, stderr } = await run(command, args, options);
  assert.equal(signal ?? code, 0, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Node on a script; a flag that this Node needs may stand before it. */
export const node = (args, options) => run(process.execPath, args, options);

/** npm, without the settings that a surrounding `npm test` hands down. */
function npm(args, cwd) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(config_(?!cache)|package|lifecycle)/.test(name)));
  return succeed('npm', [...args, '--ignore-scripts', '--offline', '--no-audit', '--no-fund', '--loglevel=error'], { cwd, env });
}

export async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'attention-playground-'));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Packs what dist holds now (prepack would build it): { tarball, size, files }, files by path and size. */
export async function pack() {
  const folder = await temporaryFolder();
  const [{ filename, size, files }] = JSON.parse(await npm(['pack', '--json', '--pack-destination', folder], root));
  return { tarball: join(folder, filename), size, files };
}

/** Installs a tarball into a folder that is empty but for copies of the fixture, by its name here or its path; resolves with the folder. */
export async function install(tarball, fixture) {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'fixture', private: true, type: 'module' }));
  if (fixture) await cp(resolve(fixtures, fixture), folder, { recursive: true });
  await npm(['install', tarball], folder);
  return folder;
}
