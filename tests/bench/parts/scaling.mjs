// How much faster several threads are than one, beside a loop of multiply-adds that shares nothing: what that loop falls
// short of is the machine's doing (clocks, neighbours), the rest is ours.

import { scaling } from '../lib/cases.mjs';
import { inputsOf } from '../lib/inputs.mjs';
import { interleave } from '../lib/interleave.mjs';
import { ours } from '../peers/ours.mjs';
import { startYardstick } from '../probe/yardstick.mjs';

/** Long beside a message to a worker and back. */
const CONTROL_MS = 60;

/** Resolves with { threads, rows }: { case, one, many, speedup, control, share }, times in milliseconds. */
export async function scale(platform, { threads, rounds }, tell) {
  const simd = 'relaxed' in platform.probes ? 'relaxed' : 'fixed';
  const yardstick = await startYardstick(platform, threads);
  const turns = await turnsOf(yardstick, simd);
  const control = (count) => ({ name: `control ${count}`, run: () => yardstick.spin(count, simd, turns) });
  const single = await ours(platform, { simd, threads: 1 });
  const multi = await ours(platform, { simd, threads });
  const rows = [];
  for (const one of scaling) {
    tell(`scaling, ${one.name}`);
    const inputs = inputsOf(one);
    const [alone, together] = [single.prepare(one, inputs), multi.prepare(one, inputs)];
    const results = await interleave(one, [{ name: '1', ...alone }, { name: `${threads}`, ...together }, control(1), control(threads)], { rounds });
    alone.dispose();
    together.dispose();
    const [a, b, c, d] = results.map(({ median }) => median);
    rows.push({ case: one.name, one: a, many: b, speedup: a / b, control: c / d, share: a / b / (c / d) });
  }
  await yardstick.stop();
  return { threads, simd, rows };
}

async function turnsOf(yardstick, simd) {
  const trial = 500_000;
  for (let i = 0; i < 3; i += 1) await yardstick.spin(1, simd, trial); // the engine's better code takes a while
  const begin = performance.now();
  await yardstick.spin(1, simd, trial);
  return Math.ceil((trial * CONTROL_MS) / (performance.now() - begin));
}
