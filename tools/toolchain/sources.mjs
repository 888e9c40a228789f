// Reads the machine's own apt sources, so that the mirror and the keyring that
// its owner trusts are the ones used. Nothing here names a mirror.

import { existsSync, readFileSync, readdirSync } from 'node:fs';

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
