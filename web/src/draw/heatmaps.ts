/**
 * Matrices as heat maps, with signs between them: one matrix, an equation, all heads of a model. Cells are pixels of a
 * bitmap that is made once by a table of colours, so that a dozen of 512 × 512 can be panned and zoomed; numbers are
 * written where a cell has room for them.
 */
import { moved, type Cell } from '../components/grid.js';
import type { Role } from '../../documents/recipe.js';
import { format } from '../format.js';
import { pixelsOf } from './colour.js';
import type { Marks, Palette, Picture, Sheet, Sight } from './picture.js';
import { widthOf, type Pixels, type Surface } from './surface.js';

export interface Tile {
  name: string;
  rows: number;
  columns: number;
  /** [rows, columns] */
  at(row: number, column: number): number;
  role: Role;
  /** Where the scale ends. */
  extent: number;
  rowNames?: string[];
  columnNames?: string[];
  /** The columns' names are words, written upwards, and cells are large enough for each. */
  upright?: boolean;
  /** Of one size, however many its cells. */
  small?: boolean;
}

/** Weights are shares: their scale ends at 1, whatever the others of a picture do. */
export const tileOf = (name: string, matrix: number[][], role: Role, extent: number, names: Pick<Tile, 'rowNames' | 'columnNames' | 'upright'> = {}): Tile => ({
  name, rows: matrix.length, columns: matrix[0]!.length, at: (row, column) => matrix[row]![column]!, role, extent: role === 'weights' ? 1 : extent, ...names,
});

export interface Place extends Cell { tile: number }

/** With numbers in its cells up to this many rows and columns; in colour alone above it. */
export const MOST_WITH_NUMBERS = 12;
const NUMBERED = { width: 46, height: 34 };
/** A matrix in colour alone is at least about so large. */
export const PLAIN = 184;
const HEADING = 24;
const NAMES = 18;
const GAP = 16;
const SIGN = 26;

interface Box { x: number; y: number; cell: { width: number; height: number } }

const cellOf = ({ rows, columns, small, upright }: Tile) => {
  if (!small && Math.max(rows, columns) <= MOST_WITH_NUMBERS) return NUMBERED;
  const side = Math.max(PLAIN / Math.max(rows, columns), upright ? NAMES : 0);
  return { width: side, height: side };
};

/** As much of a name as there is room for. */
function shortened(name: string, room: number): string {
  let letters = [...name];
  while (letters.length > 1 && widthOf(letters.join('')) > room) letters = letters.slice(0, -1);
  return letters.join('');
}
const MOST_NAME = 72;
/** Above a matrix of many narrow columns: words would run into one another. */
const MOST_COLUMN_NAME = 40;
/** Above a matrix, for those of its columns. */
const topOf = ({ upright, columnNames = [] }: Tile) => (upright ? Math.max(NAMES, Math.min(MOST_NAME, Math.max(0, ...columnNames.map(widthOf)) + 8)) : NAMES);
/** To the left of a matrix, for the names of its rows. */
const marginOf = ({ rowNames = [] }: Tile) => Math.max(NAMES, Math.min(MOST_NAME, Math.max(0, ...rowNames.map(widthOf)) + 8));

export class HeatMaps implements Picture<Place> {
  readonly tiles: Tile[] = [];
  readonly width: number;
  readonly height: number;
  #boxes: Box[] = [];
  #signs: { text: string; x: number; y: number }[] = [];
  #pixels = new Map<number, { palette: Palette; pixels: Pixels }>();

  /** Each line holds matrices and signs from left to right; a line of nameless ones has no headings. */
  constructor(readonly title: string, lines: (Tile | string)[][], readonly describe: (place: Place) => string) {
    let [y, width] = [0, 0];
    for (const line of lines) {
      const tiles = line.filter((item) => typeof item !== 'string');
      const height = Math.max(0, ...tiles.map((tile) => tile.rows * cellOf(tile).height));
      const top = y + Math.max(0, ...tiles.map(topOf)) + (tiles.some(({ name }) => name) ? HEADING : 0);
      let x = 0;
      for (const item of line) {
        if (typeof item === 'string') {
          const room = Math.max(SIGN, 10 * item.length);
          this.#signs.push({ text: item, x: x + room / 2, y: top + height / 2 });
          x += room;
        } else {
          const cell = cellOf(item);
          this.tiles.push(item);
          this.#boxes.push({ x: x + marginOf(item), y: top, cell });
          x += marginOf(item) + item.columns * cell.width;
          width = Math.max(width, x);
          x += GAP;
        }
      }
      y = top + height + GAP;
    }
    [this.width, this.height] = [width, y - GAP];
  }

  draw(on: Surface, palette: Palette, marks: Marks<Place>, sight: Sight) {
    for (const { text, x, y } of this.#signs) on.text(text, x, y, { size: 18, fill: palette.muted, anchor: 'middle' });
    this.tiles.forEach((tile, n) => this.#drawTile(on, palette, marks, sight, tile, n));
  }

  #drawTile(on: Surface, palette: Palette, marks: Marks<Place>, sight: Sight, tile: Tile, n: number) {
    const { x, y, cell } = this.#boxes[n]!;
    const [width, height] = [tile.columns * cell.width, tile.rows * cell.height];
    if (x > sight.x + sight.width || y > sight.y + sight.height || x + width < sight.x || y + height < sight.y - HEADING - MOST_NAME) return;
    on.pixels(this.#cells(tile, n, palette), x, y, width, height);
    on.rect(x, y, width, height, { stroke: palette.line, width: 1 / sight.scale });
    // Only what is seen, and only where letters fit.
    const [from, to] = [this.#clamped(n, sight.x, sight.y), this.#clamped(n, sight.x + sight.width, sight.y + sight.height)];
    const roomy = cell.width * sight.scale >= 38 && cell.height * sight.scale >= 16;
    if (roomy) {
      const sizeOf = (text: string) => Math.min(13, 0.3 * cell.width, (11 * 0.92 * cell.width) / widthOf(text)); // "3.40e−5" is long
      for (let r = from.row; r <= to.row; r++) {
        for (let c = from.column; c <= to.column; c++) {
          const number = tile.at(r, c);
          const text = format(number);
          on.text(text, x + (c + 0.5) * cell.width, y + (r + 0.5) * cell.height, { size: sizeOf(text), fill: palette.paint(number, tile.role, tile.extent).ink, anchor: 'middle' });
        }
      }
    }
    this.#drawNames(on, palette, tile, n);
    this.#drawMarks(on, palette, marks, sight, tile, n, from, to);
  }

  #drawNames(on: Surface, palette: Palette, tile: Tile, n: number) {
    const { x, y, cell } = this.#boxes[n]!;
    if (tile.name) on.text(tile.name, x, y - topOf(tile) - HEADING / 2, { size: 13, fill: palette.ink, weight: 600 });
    // Every name where there is room, else every so many.
    const every = (side: number, room: number) => Math.ceil(room / side);
    const wide = tile.upright ? 12 : Math.max(20, Math.min(MOST_COLUMN_NAME, Math.max(0, ...(tile.columnNames ?? []).map(widthOf)) + 4));
    for (let c = 0; c < tile.columns; c += every(cell.width, wide)) {
      const name = tile.columnNames?.[c] ?? String(c + 1), at = x + (c + 0.5) * cell.width, style = { size: 11, fill: palette.muted };
      if (tile.upright) on.text(shortened(name, MOST_NAME - 8), at, y - 4, { ...style, upright: true });
      else on.text(shortened(name, every(cell.width, wide) * cell.width), at, y - NAMES / 2, { ...style, anchor: 'middle' });
    }
    for (let r = 0; r < tile.rows; r += every(cell.height, 12)) {
      on.text(shortened(tile.rowNames?.[r] ?? String(r + 1), MOST_NAME - 8), x - 4, y + (r + 0.5) * cell.height, { size: 11, fill: palette.muted, anchor: 'end' });
    }
  }

  #drawMarks(on: Surface, palette: Palette, marks: Marks<Place>, { scale }: Sight, tile: Tile, n: number, from: Cell, to: Cell) {
    const { x, y, cell } = this.#boxes[n]!;
    const frame = (row: number, column: number, stroke: string, width: number) =>
      on.rect(x + column * cell.width, y + row * cell.height, cell.width, cell.height, { stroke, width: width / scale });
    for (let row = from.row; row <= to.row; row++) {
      for (let column = from.column; column <= to.column; column++) {
        if (marks.related({ tile: n, row, column })) frame(row, column, palette.edge, 2);
      }
    }
    for (const [place, colour] of [[marks.locked, palette.ink], [marks.preview, palette.accent]] as const) {
      if (place?.tile === n && place.row < tile.rows && place.column < tile.columns) frame(place.row, place.column, colour, 2.5);
    }
  }

  /** −∞ and NaN are left out: what is below shows, as it does around the matrix. */
  #cells(tile: Tile, n: number, palette: Palette): Pixels {
    const known = this.#pixels.get(n);
    if (known?.palette === palette) return known.pixels;
    const pixel = pixelsOf(palette.paint, tile.role, tile.extent);
    const rgba = new Uint8ClampedArray(4 * tile.rows * tile.columns);
    const words = new Uint32Array(rgba.buffer);
    for (let r = 0, i = 0; r < tile.rows; r++) for (let c = 0; c < tile.columns; c++, i++) words[i] = pixel(tile.at(r, c));
    const pixels = { columns: tile.columns, rows: tile.rows, rgba };
    this.#pixels.set(n, { palette, pixels });
    return pixels;
  }

  #clamped(n: number, x: number, y: number): Cell {
    const [{ cell, ...box }, { rows, columns }] = [this.#boxes[n]!, this.tiles[n]!];
    const within = (i: number, count: number) => Math.max(0, Math.min(count - 1, Math.floor(i)));
    return { row: within((y - box.y) / cell.height, rows), column: within((x - box.x) / cell.width, columns) };
  }

  at(x: number, y: number): Place | null {
    const tile = this.tiles.findIndex(({ rows, columns }, n) => {
      const box = this.#boxes[n]!;
      return x >= box.x && y >= box.y && x < box.x + columns * box.cell.width && y < box.y + rows * box.cell.height;
    });
    return tile < 0 ? null : { tile, ...this.#clamped(tile, x, y) };
  }

  moved(from: Place | null, event: KeyboardEvent): Place | undefined {
    const tile = Math.min(from?.tile ?? 0, this.tiles.length - 1);
    const { rows, columns } = this.tiles[tile]!;
    // The matrix may have shrunk since.
    const at = { row: Math.min(from?.row ?? 0, rows - 1), column: Math.min(from?.column ?? 0, columns - 1) };
    if (event.key === 'PageDown') return { tile: (tile + 1) % this.tiles.length, row: 0, column: 0 };
    if (event.key === 'PageUp') return { tile: (tile + this.tiles.length - 1) % this.tiles.length, row: 0, column: 0 };
    const next = moved(event, at, rows, columns);
    return next && (from ? { tile, ...next } : { tile, ...at });
  }

  values(): Sheet[] {
    const count = (n: number) => Array.from({ length: n }, (_, i) => i);
    return this.tiles.map(({ name, rows, columns, at, rowNames, columnNames }) => ({
      name,
      rows: count(rows).map((r) => rowNames?.[r] ?? String(r + 1)),
      columns: count(columns).map((c) => columnNames?.[c] ?? String(c + 1)),
      values: count(rows).map((r) => count(columns).map((c) => at(r, c))),
    }));
  }
}
