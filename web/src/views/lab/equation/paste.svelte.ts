/** What is pasted into the lab is taken at once, with what has to give way to it; the reader may have meant otherwise. */
import type { Matrix } from '../../../numbers.js';
import { lab, type LabState } from '../state.js';
import { accommodate, requestOf, takenAsX, type MatrixName } from './sizes.js';

interface Pasted { name: MatrixName; matrix: Matrix; patch: Partial<LabState>; before: LabState }

let last = $state.raw<Pasted>();

const shape = (matrix: Matrix) => `${matrix.length},${matrix[0]!.length}`;

/** What an edit of a matrix changes; one that has another size was pasted. */
export function edited(name: MatrixName, matrix: Matrix): Partial<LabState> {
  const before = lab.current;
  if (shape(matrix) === shape(requestOf(before)[name])) return { [name]: matrix };
  const patch = accommodate(before, name, matrix);
  last = { name, matrix, patch, before };
  return patch;
}

/** What was pasted into this matrix, until anything else is edited. */
export function pastedInto(name: MatrixName): Pasted | undefined {
  if (last?.name !== name) return undefined;
  const after = { ...last.before, ...last.patch };
  return lab.table.names.every((each) => lab.table.isPlace(each) || lab.current[each] === after[each]) ? last : undefined;
}

/** The other way on: what gave way is as it was. */
export const takeAsX = ({ before, patch, matrix }: Pasted) => lab.edit({
  ...Object.fromEntries(Object.keys(patch).map((name) => [name, before[name as keyof LabState]])), ...takenAsX(before, matrix),
});
