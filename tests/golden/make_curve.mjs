// node tests/golden/make_curve.mjs: writes training_curve.json, how the loss of a small GPT falls. `losses` come from this
// module; `spread` says how far rounding may move them: four times as far as they moved, in the worst of eight tries,
// when every first weight was changed by its last bit, up or down.
import { writeFileSync } from 'node:fs';
import { load } from '../../dist/node.js';
import { trainingCurve } from '../node/support/training-curve.mjs';

const STEPS = 30;
const TRIES = 8;
const attn = await load({ threads: 1 });

let random = 1;
const up = () => { random = (Math.imul(random, 1664525) + 1013904223) >>> 0; return random >= 2 ** 31; };
function nudge(model) {
  attn.scope(() => {
    const state = Object.entries(model.stateDict()).map(([name, x]) => {
      const bits = new Int32Array(x.data().buffer);
      bits.forEach((word, i) => { bits[i] = up() ? word + 1 : word - (word & 0x7fffffff ? 1 : 0); });
      return [name, attn.tensor(new Float32Array(bits.buffer), { shape: x.shape })];
    });
    model.loadStateDict(Object.fromEntries(state));
  });
}

const { losses, parameters } = trainingCurve(attn, STEPS);
const spread = losses.map(() => 0);
for (let i = 0; i < TRIES; i += 1) {
  const other = trainingCurve(attn, STEPS, nudge).losses;
  // What moved once does not come back: the most so far.
  let most = 0;
  other.forEach((loss, step) => {
    most = Math.max(most, Math.abs(loss - losses[step]));
    spread[step] = Math.max(spread[step], 4 * most);
  });
}
writeFileSync(new URL('training_curve.json', import.meta.url),
  `${JSON.stringify({ parameters, losses, spread: spread.map((x) => Number(x.toPrecision(3))) })}\n`);
