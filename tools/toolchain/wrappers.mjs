// Programs that were unpacked and not installed are started by small scripts,
// which point them to their libraries. Paths are relative to the script, so the
// project's folder may be moved.

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes an executable shell script, unless it is there already word for word. */
export function writeScript(path, lines) {
  const text = ['#!/bin/sh', ...lines, ''].join('\n');
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return path;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** Sets LD_LIBRARY_PATH to the library folders below `base` (a shell expression). */
export const withLibraries = (base, ...folders) => {
  const all = [...folders, 'usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((folder) => `${base}/${folder}`);
  return `export LD_LIBRARY_PATH="${all.join(':')}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`;
};
