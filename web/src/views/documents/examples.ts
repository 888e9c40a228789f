/** The examples' JSON: printed inputs, what the texts claim, and the float64 oracle's results. */
import examples from '../../../documents/examples.json';
import type { InputSpec, Numbers, Recipe } from '../../../documents/recipe.js';

interface Example { inputs: Record<string, Numbers>; claimed?: unknown; computed: unknown }
const byId = examples as unknown as Record<string, Example | undefined>;

export function inputDefault(recipe: Recipe, spec: InputSpec): Numbers {
  const value = spec.value ?? byId[recipe.id]?.inputs[spec.name];
  if (value === undefined) throw new Error(`${recipe.id}: no value for the input ${spec.name}`);
  return value;
}

const follow = (root: unknown, path: string): unknown =>
  path.split('.').reduce((at, key) => (at as Record<string, unknown> | undefined)?.[key], root);

/** What the oracle computed, or says, at a path such as `scaled_dot.weights`. */
export const oracle = (id: string, path: string) => follow(byId[id]?.computed, path) as Numbers | string | undefined;

/** What the document prints, at a path below `claimed`. */
export const claimed = (id: string, path: string) => follow(byId[id]?.claimed, path) as Numbers | undefined;
