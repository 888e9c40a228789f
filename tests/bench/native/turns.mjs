// As lib/interleave.mjs, for contestants of which some are programs that time themselves: { name, output(), turn(seconds) },
// where output resolves with { ms, numbers } and turn with the milliseconds of one call, the mean of a fresh sample.

import { requireClose } from '../lib/interleave.mjs';
import { summary } from '../lib/statistics.mjs';

/** Slower calls than this get fewer rounds. */
const SLOW_MS = 1000;
const SLOW_ROUNDS = 5;

/** Resolves with { name, role, median, low, high, rounds, … } for each contestant. Throws if two outputs differ. */
export async function takeTurns(one, contestants, { rounds, seconds }) {
  const first = [];
  for (const { name, output } of contestants) {
    const { ms, numbers } = await output();
    if (first.length > 0) requireClose(one, first[0], { name, numbers });
    first.push({ name, ms, numbers });
  }
  const slow = Math.max(...first.map(({ ms }) => ms)) > SLOW_MS;
  const samples = await sample(contestants, { rounds: slow ? Math.min(rounds, SLOW_ROUNDS) : rounds, seconds });
  return contestants.map(({ name, role, threads, instructionSet, note }, i) =>
    ({ name, role, threads, instructionSet, ...summary(samples[i]), note }));
}

/** The samples of each contestant, in rounds whose order turns around. */
export async function sample(contestants, { rounds, seconds }) {
  const samples = contestants.map(() => []);
  const order = contestants.map((_, i) => i);
  for (let round = 0; round < rounds; round += 1) {
    for (const i of order) samples[i].push(await contestants[i].turn(seconds));
    order.reverse();
  }
  return samples;
}
