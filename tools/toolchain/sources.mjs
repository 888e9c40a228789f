// Reads the machine's own apt sources, so that the mirror and the keyring that
// its owner trusts are the ones used. Nothing here names a mirror.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { Problem } from '../lib/console.mjs';

/** The archive entries of the machine: [{ uris, suites, components, signedBy }]. */
export function machineSources(etc = '/etc/apt') {
  const read = (file) => readFileSync(file, 'utf8');
  const parts = existsSync(`${etc}/sources.list.d`) ? readdirSync(`${etc}/sources.list.d`).sort() : [];
  const inParts = (ending) => parts.filter((f) => f.endsWith(ending)).map((f) => `${etc}/sources.list.d/${f}`);
  const lists = [`${etc}/sources.list`, ...inParts('.list')].filter((file) => existsSync(file));
  return [
    ...lists.flatMap((file) => read(file).split('\n').flatMap(parseLine)),
    ...inParts('.sources').flatMap((file) => parseStanzas(read(file))),
  ].filter((source) => source.uris.some((uri) => !uri.startsWith('cdrom:')));
}

const words = (text = '') => text.split(/\s+/).filter(Boolean);

/** `deb [signed-by=/k.gpg] http://mirror/debian bookworm main`: one entry, or none. */
export function parseLine(line) {
  const match = /^\s*deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
  if (!match) return [];
  const [, options = '', uri, suite, components] = match;
  const signedBy = /signed-by=(\S+)/i.exec(options)?.[1];
  return [{ uris: [uri], suites: [suite], components: words(components), signedBy }];
}

/** deb822 stanzas: fields with continuation lines, a blank line between entries. */
export function parseStanzas(text) {
  const withoutComments = text.split('\n').filter((line) => !line.startsWith('#')).join('\n');
  return withoutComments.split(/\n[ \t]*\n/).flatMap((stanza) => {
    const fields = {};
    for (const [, name, value] of stanza.matchAll(/^([\w-]+):(.*(?:\n[ \t].*)*)/gm)) {
      fields[name.toLowerCase()] = value.trim();
    }
    if (!words(fields.types).includes('deb') || /^no/i.test(fields.enabled ?? '')) return [];
    return [{
      uris: words(fields.uris),
      suites: words(fields.suites),
      components: words(fields.components),
      signedBy: fields['signed-by'], // may be a whole key of many lines: kept as it is
    }];
  });
}

/** The text of a .sources file for one entry, reading the package index only. */
export const stanza = ({ uris, suites, components, signedBy }) => [
  'Types: deb',
  `URIs: ${uris.join(' ')}`,
  `Suites: ${suites.join(' ')}`,
  `Components: ${components.join(' ')}`,
  'Targets: Packages',
  ...(signedBy ? [`Signed-By: ${signedBy}`] : []),
  '',
].join('\n');

/** The entries to read for `suite`: the system's own suites, or another one from the same mirror. */
export function suiteSources(suite, system) {
  const sources = machineSources().filter((source) => source.components.includes('main'));
  const ours = sources.map((source) => ({
    ...source,
    components: ['main'],
    suites: source.suites.filter((name) => [system, `${system}-updates`, `${system}-security`].includes(name)),
  })).filter((source) => source.suites.length > 0);
  const base = ours.find((source) => source.suites.includes(system));
  if (!base) throw new Problem(`This machine's apt sources (/etc/apt/sources.list, /etc/apt/sources.list.d) have no entry for Debian ${system}, so there is no mirror to fetch from.`);
  return suite === system ? ours : [{ ...base, suites: [suite] }];
}

/**
 * A bare system may not name the security archive, without which the browsers are
 * months old: mirrors keep it beside the main one. None if it is named already.
 */
export function securitySources(sources, system) {
  const suite = `${system}-security`;
  if (sources.some(({ suites }) => suites.includes(suite))) return [];
  const base = sources.find(({ suites }) => suites.includes(system));
  const uris = base.uris.filter((uri) => /\/debian\/?$/.test(uri)).map((uri) => uri.replace(/\/debian\/?$/, '/debian-security'));
  return uris.length > 0 ? [{ ...base, uris, suites: [suite] }] : [];
}
