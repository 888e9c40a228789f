/** The whole equation as one picture, for saving: every matrix that was looked at, with the signs between. */
import { extentOf } from '../../../draw/colour.js';
import { HeatMaps, tileOf, type Place, type Tile } from '../../../draw/heatmaps.js';
import { transposed } from '../../../numbers.js';
import { say } from '../../../state/page.svelte.js';
import { t } from '../text.js';
import { describe, normalizing, scaling, type Selection, type StepName } from './explain.js';
import type { LabRequest, LabResult } from './worker.js';

export function pictureOf(request: LabRequest, result: LabResult, names: string[], locked: Selection | null): { picture: HeatMaps; locked: Place | null } {
  const many = result.weights.length > 1;
  /** Which cell of the lab a tile's cells are, where they are one that can be chosen. */
  const chosen = new Map<Tile, { step: StepName; head: number }>();
  const extent = extentOf([...result.scores, ...result.scaled].flat(2));
  const step = (name: StepName, head: number, letter: string) => {
    const matrix = name === 'output' ? result.output : result[name][head]!;
    const tile = tileOf(many && name !== 'output' ? `${letter} ${say(t.head, { n: head + 1 })}` : letter, matrix, name === 'weights' ? 'weights' : 'signed',
      name === 'output' ? extentOf(matrix.flat()) : extent, { rowNames: names, ...(name === 'output' ? {} : { columnNames: names }) });
    chosen.set(tile, { step: name, head });
    return tile;
  };
  const typed = (name: 'q' | 'k' | 'v') => {
    const extent = extentOf(result[name].flat());
    return name === 'k' ? tileOf('Kᵀ', transposed(result.k), 'signed', extent, { columnNames: names }) : tileOf(name.toUpperCase(), result[name], 'signed', extent, { rowNames: names });
  };
  const scores = (head: number) => [step('scores', head, 'S'), ...(scaling(request) ? [scaling(request), step('scaled', head, 'S̃')] : [])];
  const weights = (head: number) => [
    ...(request.mask === 'none' ? [] : ['+ M', step('masked', head, 'Ŝ')]), `${say(normalizing(request))} →`, step('weights', head, 'A'),
  ];
  const lines = many
    ? [[typed('q'), '×', typed('k'), typed('v')], ...result.weights.map((_, head) => [...scores(head), ...weights(head)]), ['A × V =', step('output', 0, 'O')]]
    : [[typed('q'), '×', typed('k'), '=', ...scores(0)], [...weights(0), '×', typed('v'), '=', step('output', 0, 'O')]];
  const selectionOf = ({ tile, row, column }: Place): Selection | null => {
    const known = chosen.get(picture.tiles[tile]!);
    return known ? { ...known, row, column } : null;
  };
  const picture: HeatMaps = new HeatMaps(say(t.pictureTitle), lines, (place) => {
    const selection = selectionOf(place);
    return selection ? describe(selection, result, names) : '';
  });
  const tile = locked ? picture.tiles.findIndex((each) => chosen.get(each)?.step === locked.step && (locked.step === 'output' || chosen.get(each)?.head === locked.head)) : -1;
  return { picture, locked: tile < 0 ? null : { tile, row: locked!.row, column: locked!.column } };
}
