// Times contestants on one case so that whatever the machine does meanwhile (heat, clocks, a neighbour) meets all of them
// alike: in each round every contestant has one turn, and the order turns around from round to round.

import { summary } from './statistics.mjs';

/** Long enough for an engine to replace its first, quickly made code by the optimised one. */
const WARM_UP_MS = 300;
/** A sample repeats the call until it lasts this long, since browsers round their clocks to 5–20 µs. */
const SAMPLE_MS = 5;
/** Slower calls than this get fewer rounds, and slower ones still only the one call whose output is checked. */
const SLOW_MS = 600;
const SLOW_ROUNDS = 5;
const TOO_SLOW_MS = 2000;
/** Threads of one contestant that still spin after its turn must not take the core from the next. */
const PAUSE_MS = 50;

const pause = () => new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });

/** Calls only what returns a promise is waited for: even an empty wait would cost a short call dearly. */
async function timeCalls(run, calls) {
  const begin = performance.now();
  for (let i = 0; i < calls; i += 1) {
    const pending = run();
    if (pending) await pending;
  }
  return (performance.now() - begin) / calls;
}

/**
 * contestants: [{ name, run(), output?() }]. run does the work once, and may return a promise; a program that times itself
 * has time(calls) instead, which resolves with the milliseconds of a call. output resolves with the Float32Array that is
 * computed, in the case's own layout. Resolves with one { name, median, low, high, rounds, calls, note } each, in
 * milliseconds a call. Throws if two outputs differ by more than rounding explains.
 */
export async function interleave(one, contestants, { rounds = 15, sampleMs = SAMPLE_MS } = {}) {
  const checked = await check(one, contestants);
  const entries = [];
  for (const [i, contestant] of contestants.entries()) entries.push(await warmUp(contestant, checked[i], rounds, sampleMs));
  for (let round = 0; round < rounds; round += 1) {
    const turns = entries.filter((entry) => round < entry.rounds);
    for (const entry of round % 2 === 0 ? turns : turns.reverse()) {
      await pause();
      if (entry.calls > 1) await entry.time(1); // its data back into the caches, its threads awake
      entry.samples.push(await entry.time(entry.calls));
    }
  }
  return entries.map(({ name, samples, calls, note }) => ({ name, ...summary(samples), calls, note }));
}

async function warmUp({ name, run, time = (calls) => timeCalls(run, calls) }, checked, rounds, sampleMs) {
  if (checked > TOO_SLOW_MS) return { name, time, rounds: 0, calls: 1, samples: [checked], note: 'slow: one call' };
  let last = 0;
  const begin = performance.now();
  for (let calls = 0; performance.now() - begin < WARM_UP_MS || (calls < 3 && last < SLOW_MS); calls += 1) last = await time(1);
  const calls = Math.max(1, Math.ceil(sampleMs / Math.max(await time(1), 1e-4)));
  if (last < SLOW_MS || rounds <= SLOW_ROUNDS) return { name, time, rounds, calls, samples: [] };
  return { name, time, rounds: SLOW_ROUNDS, calls, samples: [], note: `slow: ${SLOW_ROUNDS} rounds` };
}

/** Compares all outputs with the first; resolves with the milliseconds that each took. */
async function check(one, contestants) {
  const times = [];
  let expected;
  for (const { name, output } of contestants) {
    let numbers;
    times.push(output ? await timeCalls(async () => { numbers = await output(); }, 1) : 0);
    if (expected && numbers) requireClose(one, expected, { name, numbers });
    else if (numbers) expected = { name, numbers };
  }
  return times;
}

/** Each output sums `terms` rounded products: float32's epsilon times their number, relative to the largest output. */
export function requireClose(one, expected, found) {
  if (found.numbers.length !== expected.numbers.length) {
    throw new Error(`${one.name}: ${found.name} gives ${found.numbers.length} numbers, ${expected.name} ${expected.numbers.length}`);
  }
  const largest = expected.numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const allowed = 2 ** -23 * one.terms * largest;
  const at = found.numbers.findIndex((x, i) => !(Math.abs(x - expected.numbers[i]) <= allowed));
  if (at >= 0) {
    throw new Error(`${one.name}: number ${at} is ${found.numbers[at]} by ${found.name} and ${expected.numbers[at]} by ${expected.name}`);
  }
}
