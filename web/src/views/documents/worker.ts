/** One document example on the numbers of the moment, in the worker. */
import type { Attn } from 'attention-playground';
import { recipes } from '../../../documents/index.js';
import type { Group, Inputs } from '../../../documents/recipe.js';

export default function run(attn: Attn, { id, inputs }: { id: string; inputs: Inputs }): Group[] {
  const recipe = recipes.find((known) => known.id === id);
  if (!recipe) throw new Error(`no such example: ${id}`);
  // The recipe hands out numbers, so every tensor that it made can go with the scope.
  let groups: Group[];
  attn.scope(() => { groups = recipe.run(attn, inputs); });
  return groups!;
}
