/** Which step is open, and the one thing that can be changed in each. */
import { defineState } from '../../state/define.svelte.js';
import { choice, number, place } from '../../state/properties.js';
import { controls, stepIds, type StepId } from './steps.js';

const within = (least: number, most: number) => (x: number) => x >= least && x <= most;

export const learn = defineState('learn', {
  step: place(choice(stepIds, stepIds[0])),
  ...Object.fromEntries(stepIds.map((id) => {
    const control = controls[id];
    return [id, 'options' in control ? choice(control.options, control.options[0]!) : number(control.start, within(control.least, control.most))];
  })) as unknown as Record<StepId, ReturnType<typeof choice<string>> | ReturnType<typeof number>>,
});
