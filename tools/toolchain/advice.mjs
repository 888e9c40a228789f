// Where a thing cannot be got for the user: the command that gets it.

import { osRelease } from './apt.mjs';

const emsdk = `git clone https://github.com/emscripten-core/emsdk && cd emsdk
./emsdk install latest && ./emsdk activate latest && . ./emsdk_env.sh`;

/** Debian 13 and Ubuntu 25.04 are the first whose own Emscripten is new enough. */
function hasNewPackages({ ID, VERSION_ID } = osRelease()) {
  return (ID === 'debian' && !(Number(VERSION_ID) < 13)) || (ID === 'ubuntu' && Number(VERSION_ID) >= 25);
}

export function emscriptenAdvice() {
  if (process.platform === 'darwin') return 'brew install emscripten xsimd doctest nlohmann-json';
  return hasNewPackages() ? 'sudo apt-get install emscripten libxsimd-dev doctest-dev nlohmann-json3-dev' : emsdk;
}

export function browserAdvice(name) {
  if (name === 'chromium') return installAdvice({ apt: name, brew: '--cask google-chrome', dnf: name });
  return installAdvice({ apt: osRelease().ID === 'debian' ? 'firefox-esr' : name, brew: '--cask firefox', dnf: name });
}

/** Takes what each package manager calls the thing. */
export function installAdvice({ apt, brew, dnf }) {
  if (process.platform === 'darwin') return `brew install ${brew}`;
  const { ID = '', ID_LIKE = '' } = osRelease();
  return /fedora|rhel|centos/.test(`${ID} ${ID_LIKE}`) ? `sudo dnf install ${dnf}` : `sudo apt-get install ${apt}`;
}
