// What the tools say to the person who waits: one line a step, a counter while
// something large is under way, and plain sentences when a thing cannot be had.

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const tty = process.stdout.isTTY;
const clearLine = tty ? '\r\x1b[K' : '';

export const say = (text = '') => process.stdout.write(`${clearLine}${text}\n`);

/** A failure that the reader can act upon: printed as it is, without a stack. */
export class Problem extends Error {
  constructor(message, command) {
    super(command ? `${message}\n\n    ${command.split('\n').join('\n    ')}\n` : message);
  }
}

/**
 * Runs a tool's main function if its file is the program that was started, and
 * not imported by another. A Problem or any error ends it with status 1.
 */
export async function main(meta, run) {
  const started = process.argv[1];
  if (!started || realpathSync(started) !== fileURLToPath(meta.url)) return;
  try {
    await run();
  } catch (error) {
    const full = /No space left on device|ENOSPC/.test(error.message) ? '\nThe disk is full.\n' : '';
    process.stderr.write(`${clearLine}${full}\n${error instanceof Problem ? error.message : error.stack}\n`);
    process.exit(1);
  }
}

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/**
 * A percentage that grows in place on a terminal; elsewhere (a log) a line each
 * quarter, so that a long download is seen to move without filling the log.
 */
export function progress(label, total, format) {
  let printed = -1;
  return (done) => {
    const percent = total ? Math.min(100, Math.floor((100 * done) / total)) : 100;
    const step = tty ? percent : Math.floor(percent / 25) * 25;
    if (step === printed) return;
    printed = step;
    const text = `  ${label}: ${format ? `${format(done)} of ${format(total)} (${percent}%)` : `${percent}%`}`;
    process.stdout.write(tty && percent < 100 ? `${clearLine}${text}` : `${clearLine}${text}\n`);
  };
}
