/** Which step is open, and the one thing that can be changed in each. */
import { defineState } from '../../state/define.svelte.js';
import { choice, number, place } from '../../state/properties.js';
import { controls, stepIds, type Range, type StepId } from './steps.js';

const within = ({ least, most, whole }: Range) => (x: number) => x >= least && x <= most && (!whole || Number.isInteger(x));

export const learn = defineState('learn', {
  step: place(choice(stepIds, stepIds[0])),
  ...Object.fromEntries(stepIds.map((id) => {
    const control = controls[id];
    return [id, 'options' in control ? choice(control.options, control.options[0]!) : number(control.start, within(control))];
  })) as unknown as Record<StepId, ReturnType<typeof choice<string>> | ReturnType<typeof number>>,
});
