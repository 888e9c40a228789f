/** Which example is open, how many digits are shown, and the inputs of all: by `A1.q`. */
import { recipes } from '../../../documents/index.js';
import type { Numbers } from '../../../documents/recipe.js';
import { defineState } from '../../state/define.svelte.js';
import { choice, numbers, place } from '../../state/properties.js';
import { inputDefault } from './examples.js';

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

export const documents = defineState<DocumentsState>('documents', {
  doc: { ...place(choice(['', ...recipes.map((recipe) => recipe.id)], '')), bare: 'doc-' },
  decimals: place(choice(decimals, '3')),
  ...Object.fromEntries(inputs),
});
