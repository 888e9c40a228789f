/** Which example is open, and the inputs of all: by `A1.q`. */
import { recipes } from '../../../documents/index.js';
import type { Numbers } from '../../../documents/recipe.js';
import { defineState } from '../../state/define.svelte.js';
import { choice, numbers, place } from '../../state/properties.js';
import { inputDefault } from './examples.js';

export interface DocumentsState {
  /** '' for the top of the page. */
  doc: string;
  [input: `${string}.${string}`]: Numbers;
}

const inputs = recipes.flatMap((recipe) =>
  recipe.inputs.map((spec) => [`${recipe.id}.${spec.name}`, numbers(inputDefault(recipe, spec))] as const));

export const documents = defineState<DocumentsState>('documents', {
  doc: { ...place(choice(['', ...recipes.map((recipe) => recipe.id)], '')), bare: 'doc-' },
  ...Object.fromEntries(inputs),
});
