// Where a thing cannot be got for the user: the command that gets it.

import { osRelease } from './apt.mjs';

const emsdk = `git clone https://github.com/emscripten-core/emsdk && cd emsdk
./emsdk install latest && ./emsdk activate latest && . ./emsdk_env.sh`;

/** Debian 13 and Ubuntu 25.04 are the first whose own Emscripten is new enough. */
export function hasNewPackages({ ID, VERSION_ID } = osRelease()) {
  return (ID === 'debian' && !(Number(VERSION_ID) < 13)) || (ID === 'ubuntu' && Number(VERSION_ID) >= 25);
}

export function emscriptenAdvice() {
  if (process.platform === 'darwin') return 'brew install emscripten';
  return hasNewPackages() ? 'sudo apt-get install emscripten' : emsdk;
}

export function browserAdvice(name) {
  return installAdvice({ apt: name === 'firefox' && osRelease().ID === 'debian' ? 'firefox-esr' : name, brew: `--cask ${name === 'firefox' ? name : 'google-chrome'}`, dnf: name });
}

/** Takes what each package manager calls the thing. */
export function installAdvice({ apt, brew, dnf }) {
  if (process.platform === 'darwin') return `brew install ${brew}`;
  const { ID = '', ID_LIKE = '' } = osRelease();
  return /fedora|rhel|centos/.test(`${ID} ${ID_LIKE}`) ? `sudo dnf install ${dnf}` : `sudo apt-get install ${apt}`;
}
