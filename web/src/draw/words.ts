/** Words above and below with a line for each pair as wide as its weight: what WordLines.svelte shows, as it is saved. */
import { linkVertical } from 'd3-shape';
import { lineWidth, linesOf } from './lines.js';
import type { Marks, Palette, Picture, Sheet } from './picture.js';
import type { Surface } from './surface.js';

const [PITCH, TOP, BOTTOM, HEIGHT] = [80, 40, 180, 220];
const centre = (i: number) => (i + 0.5) * PITCH;
const curve = linkVertical<unknown, [number, number]>();

/** Its places are the words above. */
export class Words implements Picture<number> {
  readonly width: number;
  readonly height = HEIGHT;

  constructor(readonly title: string, private words: string[], private weights: number[][], readonly describe: (word: number) => string) {
    this.width = PITCH * words.length;
  }

  draw(on: Surface, palette: Palette, { preview, locked }: Marks<number>) {
    const chosen = preview ?? locked;
    for (const { t, s, w } of linesOf(this.weights)) {
      const mine = t === chosen;
      on.path(curve({ source: [centre(t), TOP], target: [centre(s), BOTTOM] })!, { stroke: mine ? palette.accent : palette.edge, width: lineWidth(w), opacity: mine ? 0.75 : 0.16 });
    }
    this.words.forEach((word, i) => {
      on.text(word, centre(i), TOP - 16, { size: 20, fill: i === chosen ? palette.accent : palette.ink, anchor: 'middle', weight: i === chosen ? 650 : 400 });
      on.text(word, centre(i), BOTTOM + 20, { size: 20, fill: palette.ink, anchor: 'middle' });
    });
  }

  at(x: number): number | null {
    const word = Math.floor(x / PITCH);
    return this.words[word] === undefined ? null : word;
  }

  moved(from: number | null, { key }: KeyboardEvent): number | undefined {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    return step === undefined ? undefined : Math.max(0, Math.min(this.words.length - 1, (from ?? 0) + step));
  }

  values(): Sheet[] { return [{ name: this.title, rows: this.words, columns: this.words, values: this.weights }]; }
}
