/** Which row is open, how many digits are shown, the inputs of all examples by `A1.q`, and what is chosen of experiments by `C7.task`. */
import { experiments } from '../../../documents/experiments/index.js';
import type { About, Chosen } from '../../../documents/experiments/experiment.js';
import { recipes } from '../../../documents/index.js';
import type { Numbers } from '../../../documents/recipe.js';
import { defineState } from '../../state/define.svelte.js';
import { choice, numbers, place, type Property } from '../../state/properties.js';
import { inputDefault } from './examples.js';
import { ids } from './rows.js';

export const decimals = ['3', '6', '9'] as const;
export type Decimals = (typeof decimals)[number];

export interface DocumentsState {
  /** '' for the top of the page. */
  doc: string;
  /** How many decimals the figures show. */
  decimals: Decimals;
  [input: `${string}.${string}`]: Numbers;
}

const inputs = recipes.flatMap((recipe) =>
  recipe.inputs.map((spec) => [`${recipe.id}.${spec.name}`, numbers(inputDefault(recipe, spec))] as const));

const settings = experiments.flatMap(({ id, settings: all }) =>
  all.map((setting) => [`${id}.${setting.id}`, choice(setting.options.map(({ value }) => value), setting.value)] as const));

export const documents = defineState<DocumentsState>('documents', {
  doc: { ...place(choice(['', ...ids], '')), bare: 'doc-' },
  decimals: place(choice(decimals, '3')),
  ...Object.fromEntries(inputs),
  // Words where examples have numbers; `chosenOf` and `choose` alone touch them.
  ...(Object.fromEntries(settings) as unknown as Record<string, Property<Numbers>>),
});

export const chosenOf = ({ id, settings: all }: About): Chosen =>
  Object.fromEntries(all.map((setting) => [setting.id, documents.current[`${id}.${setting.id}`] as unknown as string]));

export const choose = (id: string, setting: string, value: string) => documents.edit({ [`${id}.${setting}`]: value as unknown as Numbers });
