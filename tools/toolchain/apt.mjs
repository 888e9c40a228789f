// Debian packages without installing them: apt fetches (and checks signatures
// and hashes) into private folders, dpkg-deb unpacks into `.toolchain`. Neither
// the system nor its package database changes, so no root is needed.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { megabytes, Problem, progress, say } from '../lib/console.mjs';
import { toolchain } from '../lib/paths.mjs';
import { attempt, run, which } from '../lib/run.mjs';
import { securitySources, stanza, suiteSources } from './sources.mjs';

/** True on the one system whose packages are known to fit: Debian 12 on x86-64. */
export function canUseApt() {
  return process.platform === 'linux' && process.arch === 'x64' && osRelease().VERSION_CODENAME === 'bookworm'
    && Boolean(which('apt-get') && which('dpkg-deb'));
}

export function osRelease() {
  if (!existsSync('/etc/os-release')) return {};
  const lines = readFileSync('/etc/os-release', 'utf8').matchAll(/^(\w+)="?(.*?)"?$/gm);
  return Object.fromEntries([...lines].map(([, key, value]) => [key, value]));
}

/**
 * Fetches packages of `suite` and unpacks them into `folder`.
 * withDependencies: also whatever they need that this system does not have; 'all': that it has, too, down to libc, as
 * another suite's programs need, which cannot be mixed with this one's.
 * Returns the files that were unpacked, which name the versions.
 */
export async function unpackPackages({ suite, packages, withDependencies = false, exclude = [], folder }) {
  const apt = await openSuite(suite);
  const list = await plan(apt, packages, withDependencies);
  await download(apt, list, suite);
  await unpack(apt, list, exclude, folder);
  return list.map(({ file }) => file).sort();
}

const opened = new Map();

/** Private package lists of one suite, read anew once a process. */
function openSuite(suite) {
  if (!opened.has(suite)) opened.set(suite, readLists(suite));
  return opened.get(suite);
}

async function readLists(suite) {
  const home = join(toolchain, 'apt', suite);
  const apt = { home, config: join(home, 'apt.conf'), archives: join(home, 'archives') };
  for (const folder of ['lists/partial', 'cache/archives/partial', 'sources.d', 'archives']) {
    mkdirSync(join(home, folder), { recursive: true });
  }
  writeFileSync(apt.config, configuration(home));
  say(`  reading Debian's package lists (${suite})`);
  const system = osRelease().VERSION_CODENAME;
  const sources = suiteSources(suite, system);
  const use = (chosen) => writeFileSync(join(home, 'sources.d', 'debian.sources'), chosen.map(stanza).join('\n'));
  const guessed = suite === system ? securitySources(sources, system) : [];
  use([...sources, ...guessed]);
  try {
    await aptGet(apt, ['update']);
  } catch (error) {
    if (guessed.length === 0) throw error;
    use(sources); // a mirror without the security archive
    await aptGet(apt, ['update']);
  }
  return apt;
}

// The machine's own apt.conf.d is still read (it may name a proxy), but its hooks
// are cleared: they would run system-wide chores after our private update.
const configuration = (home) => `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State::Lists "${home}/lists";
Dir::Cache "${home}/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "${home}/sources.d";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
Debug::NoLocking "true";
`;

async function aptGet(apt, args, options) {
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  const result = await attempt('apt-get', ['-c', apt.config, '-q', ...args], { ...options, env });
  if (result.code !== 0) throw new Problem(explain(result.output));
  return result.stdout;
}

function explain(output) {
  const errors = output.split('\n').filter((line) => /^[EW]:/.test(line)).slice(0, 4).join('\n');
  if (/No space left/.test(output)) return `The disk is full: ${toolchain} needs about 3 GB in all.\n${errors}`;
  if (/NO_PUBKEY|not signed|EXPKEYSIG/.test(output)) {
    return `The Debian archive's signature could not be checked; the keyring of this machine may be too old (package debian-archive-keyring).\n${errors}`;
  }
  if (/Unable to locate package|No candidate|has no installation candidate/.test(output)) {
    return `The Debian mirror of this machine does not have a package that is needed.\n${errors}`;
  }
  if (/Could not|Unable to connect|Failed to fetch|Temporary failure/.test(output)) {
    return `The Debian mirror of this machine's apt sources could not be reached. Check the network (or the proxy in /etc/apt/apt.conf.d) and start again: what was fetched is kept.\n${errors}`;
  }
  return `apt-get failed:\n${errors || output}`;
}

/** What must be fetched: [{ file, spec, bytes }]. */
async function plan(apt, packages, withDependencies) {
  const status = withDependencies === 'all' ? ['-o', 'Dir::State::status=/dev/null'] : ['--reinstall'];
  const command = withDependencies ? ['install', ...status, '--yes', '--no-install-recommends'] : ['download'];
  const stdout = await aptGet(apt, ['-q', ...command, '--print-uris', ...packages]);
  return [...stdout.matchAll(/^'[^']+' (\S+)_(\S+)_(\w+)\.deb (\d+)/gm)]
    .map(([, name, version, arch, bytes]) => ({
      name,
      file: `${name}_${version}_${arch}.deb`,
      spec: `${name}=${decodeURIComponent(version)}`,
      bytes: Number(bytes),
    }))
    // A second libc in LD_LIBRARY_PATH would not match the system's own loader.
    .filter(({ name }) => withDependencies !== true || !['libc6', 'libc-bin'].includes(name));
}

async function download({ archives, ...apt }, list, suite) {
  if (list.length === 0) return;
  const total = list.reduce((sum, { bytes }) => sum + bytes, 0);
  requireSpace(4 * total);
  const size = (file) => (existsSync(join(archives, file)) ? statSync(join(archives, file)).size : 0);
  const show = progress(`downloading ${count(list, 'package')} of Debian ${suite}`, total, megabytes);
  const timer = setInterval(() => show(list.reduce((sum, { file }) => sum + size(file), 0)), 250);
  try {
    await aptGet(apt, ['download', ...list.map(({ spec }) => spec)], { cwd: archives });
  } finally {
    clearInterval(timer);
  }
  show(total);
}

async function unpack({ archives }, list, exclude, folder) {
  const unwanted = ['./usr/share/doc', './usr/share/man', './usr/share/locale', ...exclude];
  const show = progress('unpacking', list.length);
  mkdirSync(folder, { recursive: true });
  for (const [i, { file }] of list.entries()) {
    show(i);
    const command = 'dpkg-deb --fsys-tarfile "$1" | tar -x --no-same-owner -C "$2" "${@:3}"';
    const args = [join(archives, file), folder, ...unwanted.map((path) => `--exclude=${path}`)];
    await run('bash', ['-o', 'pipefail', '-c', command, 'unpack', ...args]);
  }
  show(list.length);
  for (const file of readdirSync(archives)) rmSync(join(archives, file), { force: true, recursive: true });
}

function requireSpace(bytes) {
  const { bavail, bsize } = statfsSync(toolchain);
  if (bavail * bsize < bytes) {
    throw new Problem(`The disk is too full: ${megabytes(bytes)} are needed in ${toolchain}, ${megabytes(bavail * bsize)} are free.`);
  }
}

const count = (list, noun) => `${list.length} ${noun}${list.length === 1 ? '' : 's'}`;
