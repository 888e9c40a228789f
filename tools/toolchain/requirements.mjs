// What a newcomer's machine has to have before anything can be got for it.

import { execFileSync } from 'node:child_process';
import { Problem } from '../lib/console.mjs';
import { which } from '../lib/run.mjs';
import { installAdvice } from './advice.mjs';

const oldestNode = [20, 19]; // Vite's, not the npm module's own
const oldestCMake = [3, 25]; // the presets'

/** Stops with the name of the first thing that is missing and how to install it. */
export function requireBuildTools({ compiler = false } = {}) {
  if (!atLeast(process.versions.node, oldestNode)) {
    throw new Problem(`Node ${oldestNode.join('.')} or newer is needed; this is ${process.versions.node}.`, 'https://nodejs.org/en/download');
  }
  requireProgram('CMake', ['cmake'], { apt: 'cmake', brew: 'cmake', dnf: 'cmake' });
  const [, version] = /version (\S+)/.exec(execFileSync('cmake', ['--version'], { encoding: 'utf8' }));
  if (!atLeast(version, oldestCMake)) {
    throw new Problem(`CMake ${oldestCMake.join('.')} or newer is needed; this is ${version}.`, 'https://cmake.org/download');
  }
  if (!process.env.CMAKE_GENERATOR) {
    requireProgram('make', ['make', 'gmake'], { apt: 'make', brew: 'make', dnf: 'make' });
  }
  if (compiler && !process.env.CXX) {
    requireProgram('A C++ compiler', ['c++', 'g++', 'clang++'], { apt: 'g++', brew: 'llvm', dnf: 'gcc-c++' });
  }
}

function requireProgram(title, names, packages) {
  if (!which(...names)) throw new Problem(`${title} is needed, and there is none on PATH.`, installAdvice(packages));
}

function atLeast(version, oldest) {
  const [major, minor] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}
