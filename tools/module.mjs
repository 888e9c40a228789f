// Puts the compiled binaries into dist/wasm, beside the facade that tsc wrote.
// The glue that starts them is the same for plain and relaxed SIMD, and a binary
// is the same for the web and for Node, so one copy of each is kept.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromRoot } from './lib/paths.mjs';

const environments = ['web', 'node'];
const instructions = ['simd', 'relaxed'];
const threadings = ['single', 'multi'];

/** CMake's names of the eight programs that the module is made from. */
export const moduleTargets = environments.flatMap((environment) =>
  instructions.flatMap((simd) => threadings.map((threading) => `attn_${environment}_${simd}_${threading}`)));

export function assembleModule() {
  const from = (...name) => join(fromRoot('build', 'wasm', 'bindings'), name.join('-'));
  const to = (...name) => join(fromRoot('dist', 'wasm'), name.join('-'));
  mkdirSync(fromRoot('dist', 'wasm'), { recursive: true });
  for (const threading of threadings) {
    for (const simd of instructions) {
      const [web, node] = environments.map((environment) => from(environment, simd, `${threading}.wasm`));
      requireEqual(`${web} and ${node}`, readFileSync(web, 'base64'), readFileSync(node, 'base64'));
      copyFileSync(web, to(simd, `${threading}.wasm`));
    }
    for (const environment of environments) {
      const [plain, relaxed] = instructions.map((simd) =>
        readFileSync(from(environment, simd, `${threading}.mjs`), 'utf8').replaceAll(`${environment}-${simd}-${threading}`, threading));
      requireEqual(`the ${environment} glue of plain and of relaxed SIMD (${threading})`, plain, relaxed);
      writeFileSync(to(environment, `${threading}.mjs`), plain);
    }
  }
}

function requireEqual(what, one, other) {
  if (one !== other) throw new Error(`${what} differ, but the module keeps one of them`);
}
