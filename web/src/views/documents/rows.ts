/** All rows of the documents in the order of the page: the worked examples of a section, then its experiments. */
import { experiments } from '../../../documents/experiments/index.js';
import type { About } from '../../../documents/experiments/experiment.js';
import { recipes, sections } from '../../../documents/index.js';
import type { Recipe, Text } from '../../../documents/recipe.js';

export type Row = { id: string; title: Text } & ({ recipe: Recipe } | { about: About });

const rowsOf = (section: string): Row[] => [
  ...recipes.map((recipe) => ({ id: recipe.id, title: recipe.title, recipe })),
  ...experiments.map((about) => ({ id: about.id, title: about.title, about })),
].filter(({ id }) => id.startsWith(section));

export const bySection = sections.map((section) => ({ ...section, rows: rowsOf(section.id) }));
export const ids = bySection.flatMap(({ rows }) => rows.map(({ id }) => id));
