/**
 * A picture: what it shows, apart from where. Whoever draws through this contract gets hover and keyboard focus, lock and
 * unlock, a sentence for screen readers, pan and zoom (PictureFrame.svelte) and files of what is shown (save.ts).
 * There is no svg() beside draw(): both would have to agree, so one drawing goes to either surface.
 */
import type { Painter } from './colour.js';
import type { Surface } from './surface.js';

/** Numbers as they are saved, with their names. */
export interface Sheet { name: string; rows: string[]; columns: string[]; values: number[][] }

/** The files that it is saved as. */
export const formats = ['png', 'svg', 'csv', 'json'] as const;
export type Format = (typeof formats)[number];

/** What of a picture is pointed at, locked, or takes part in what is. */
export interface Marks<Place> { preview: Place | null; locked: Place | null; related: (place: Place) => boolean }

/** The part of a picture that is seen, in its own pixels, and how many of the screen's each of them takes. */
export interface Sight { x: number; y: number; width: number; height: number; scale: number }

/** The theme's colours, read once a drawing. */
export interface Palette { paint: Painter; ink: string; muted: string; line: string; edge: string; accent: string; card: string }

export interface Picture<Place> {
  title: string;
  /** In pixels of its own, at which letters are legible. */
  width: number;
  height: number;
  draw(on: Surface, palette: Palette, marks: Marks<Place>, sight: Sight): void;
  at(x: number, y: number): Place | null;
  /** Where a key leads from a place (null: from nowhere yet); undefined where it is none of the picture's keys. */
  moved(from: Place | null, event: KeyboardEvent): Place | undefined;
  describe(place: Place): string;
  values(): Sheet[];
}

/** A picture as it is saved: with what is locked in it. */
export interface Shown<Place> { picture: Picture<Place>; locked: Place | null }
