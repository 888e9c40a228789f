/** A session's own worker, with a core of its own: what lasts must not keep the others waiting. */
import type { Attn } from 'attention-playground';
import { start } from './core.js';
import type { FromSession, Open, ToSession } from './protocol.js';
import { SessionHost } from './session-host.js';

const sides = import.meta.glob<{ default: Open }>('../views/*/session.ts');

const answer = (message: FromSession, transfer: Transferable[] = []) => self.postMessage(message, { transfer });

// A message to oneself comes after those that wait already, and without the 4 ms of a timer.
const { port1, port2 } = new MessageChannel();
let next: () => void = () => {};
port1.onmessage = () => next();
const host = new SessionHost(answer, (work) => {
  next = work;
  port2.postMessage(null);
});

let core: Promise<Attn> | undefined;

self.onmessage = ({ data }: MessageEvent<ToSession>) => {
  if ('start' in data) core = start(data.start, answer);
  else if ('open' in data) host.open(core!, sides[`../views/${data.open.view}/session.ts`]!().then((side) => side.default), data.open.request, data.open.from);
  else if ('heard' in data) host.heard();
  else host.call(data.ticket, data.command, data.argument);
};
