// The C++ header libraries: xsimd and nlohmann-json for the core, doctest for
// its tests. Debian 12's own xsimd is too old, so these are Debian 13's.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canUseApt, unpackPackages } from './apt.mjs';
import { part } from './part.mjs';

/**
 * Returns a prefix for CMake's find_package, or undefined where the system is
 * to provide the headers itself.
 */
export async function setupHeaders() {
  if (!canUseApt()) return undefined;
  // xtl-dev: Debian builds xsimd with it, so its CMake file looks for it.
  const recipe = { revision: 2, packages: ['libxsimd-dev', 'xtl-dev', 'doctest-dev', 'nlohmann-json3-dev'] };
  const folder = await part('headers', 'xsimd, doctest and nlohmann-json (0.6 MB)', recipe, async (into) => {
    const files = await unpackPackages({ suite: 'trixie', ...recipe, folder: into });
    relocate(join(into, 'usr/lib/cmake/doctest/doctestTargets.cmake'));
    return files;
  });
  return join(folder, 'usr');
}

// doctest's CMake file says that it was installed in /usr; with that path an
// Emscripten build would read the system's C headers.
function relocate(file) {
  const text = readFileSync(file, 'utf8');
  const here = 'get_filename_component(_IMPORT_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)';
  writeFileSync(file, text.replace('set(_IMPORT_PREFIX "/usr")', here));
}
