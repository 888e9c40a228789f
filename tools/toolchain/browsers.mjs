// The browsers that the tests drive: the user's own when there are any,
// otherwise private copies of Debian's, with fonts for Latin and Chinese text.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../lib/console.mjs';
import { attempt, which } from '../lib/run.mjs';
import { browserAdvice } from './advice.mjs';
import { canUseApt, unpackPackages } from './apt.mjs';
import { part } from './part.mjs';
import { withLibraries, writeScript } from './wrappers.mjs';

const chromium = {
  name: 'chromium',
  title: 'Chromium (about 120 MB)',
  variable: 'CHROME_PATH',
  programs: ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'],
  application: '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  package: 'chromium',
  binary: 'usr/lib/chromium/chromium',
};

const firefox = {
  name: 'firefox',
  title: 'Firefox (about 80 MB)',
  variable: 'FIREFOX_PATH',
  programs: ['firefox', 'firefox-esr'],
  application: '/Applications/Firefox.app/Contents/MacOS/firefox',
  package: 'firefox-esr',
  binary: 'usr/lib/firefox-esr/firefox-esr',
};

/** Returns the paths of both programs: { chromium, firefox }. */
export async function setupBrowsers() {
  return { chromium: await setup(chromium), firefox: await setup(firefox) };
}

async function setup(browser) {
  const given = process.env[browser.variable];
  if (given) {
    if (!existsSync(given)) throw new Problem(`${browser.variable} says ${given}, and there is no such file.`);
    return given;
  }
  const own = which(...browser.programs) ?? browser.application;
  if (await answers(own)) return own;
  if (!canUseApt()) throw new Problem(`The tests need ${browser.name}, and there is none on PATH (nor in ${browser.variable}).`, browserAdvice(browser.name));
  return privateCopy(browser);
}

// Some systems have a stub of that name that only advertises a package.
const answers = async (program) =>
  existsSync(program) && (await attempt(program, ['--version']).catch(() => ({ code: 1 }))).code === 0;

async function privateCopy({ name, title, package: packageName, binary }) {
  const recipe = { revision: 2, packages: [packageName, 'fonts-dejavu-core', 'fonts-wqy-microhei'] };
  const folder = await part(name, title, recipe, async (into) => {
    const files = await unpackPackages({ suite: 'bookworm', ...recipe, withDependencies: true, folder: into });
    writeFileSync(join(into, 'fonts.conf'), fonts);
    writeScript(join(into, 'bin', name), [
      'base=$(cd "${0%/*}/.." && pwd)',
      withLibraries('$base', 'usr/lib/x86_64-linux-gnu/pulseaudio'),
      // Firefox's sandbox reads fonts below XDG_DATA_DIRS only.
      'export XDG_DATA_DIRS="$base/usr/share:${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"',
      'export FONTCONFIG_FILE="$base/fonts.conf" XDG_CACHE_HOME="$base/cache"',
      `exec "$base/${binary}" "$@"`,
    ]);
    return files;
  });
  return join(folder, 'bin', name);
}

// The system's own configuration comes first, where there is one.
const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family><family>WenQuanYi Micro Hei</family></prefer></alias>
  <alias><family>serif</family><prefer><family>DejaVu Serif</family><family>WenQuanYi Micro Hei</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family><family>WenQuanYi Micro Hei Mono</family></prefer></alias>
</fontconfig>
`;
