/**
 * Curves over one axis. Drawn through the picture contract by D3's scales and lines, and not by uPlot as was first meant:
 * that draws on a canvas of its own, so that keyboard, sentences, SVG and what is locked would have had to be done again.
 */
import { extent } from 'd3-array';
import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { format } from '../format.js';
import type { Marks, Palette, Picture, Sheet } from './picture.js';
import { widthOf, type Surface } from './surface.js';

export interface Curve { name: string; /** NaN where there is no point. */ values: ArrayLike<number>; dashed?: boolean }
export interface Axis { name: string; logarithmic?: boolean; /** From where to where; what the values need unless told. */ domain?: [number, number] }

const [LEFT, RIGHT, BOTTOM, LINE] = [56, 12, 34, 16];
/** Of a name's own curve before it, and the room behind it. */
const [SAMPLE, APART] = [21, 10];
/** Told apart by their dashes too, where colours are not seen. */
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

export class Curves implements Picture<number> {
  #x;
  #y;
  /** Where each curve's name begins: in as many lines as they need, beside the axis' name. */
  #names: { x: number; y: number }[] = [];
  #top;

  constructor(
    readonly title: string, private xs: ArrayLike<number>, private curves: Curve[], private axes: { x: Axis; y: Axis },
    /** What is said of the point at an index. */
    readonly describe: (index: number) => string,
    readonly width = 560, readonly height = 240,
  ) {
    const scale = ({ logarithmic = false, domain: wanted }: Axis, values: number[], range: [number, number]) => {
      const seen = values.filter((v) => Number.isFinite(v) && (!logarithmic || v > 0));
      const [from, to] = extent(seen) as [number, number] | [undefined, undefined];
      const domain: [number, number] = wanted ?? (from === undefined ? [logarithmic ? 1 : 0, 2] : from === to ? [logarithmic ? from / 2 : from - 1, logarithmic ? 2 * from : from + 1] : [from, to]);
      return (logarithmic ? scaleLog : scaleLinear)(domain, range).nice();
    };
    let at = { x: 4 + widthOf(axes.y.name) + APART, y: 8 };
    for (const { name } of curves) {
      const room = SAMPLE + widthOf(name);
      if (at.x + room > width - RIGHT && at.x > 4) at = { x: 4, y: at.y + LINE };
      this.#names.push(at);
      at = { ...at, x: at.x + room + APART };
    }
    this.#top = at.y + LINE + 2;
    this.#x = scale(axes.x, Array.from(xs), [LEFT, width - RIGHT]);
    this.#y = scale(axes.y, curves.flatMap(({ values }) => Array.from(values)), [height - BOTTOM, this.#top]);
  }

  draw(on: Surface, palette: Palette, { preview, locked }: Marks<number>) {
    const { width, height } = this;
    const small = { size: 11, fill: palette.muted };
    // A logarithmic scale gives as many ticks as it likes: those of whole powers are enough.
    const ticks = (scale: { ticks(n: number): number[] }, { logarithmic }: Axis, count: number) => {
      const all = scale.ticks(count);
      return logarithmic && all.length > 2 * count ? all.filter((v) => Number.isInteger(Math.log10(v))) : all;
    };
    for (const v of ticks(this.#y, this.axes.y, 4)) {
      on.path(`M${LEFT},${this.#y(v)}H${width - RIGHT}`, { stroke: palette.line });
      on.text(format(v), LEFT - 6, this.#y(v), { ...small, anchor: 'end' });
    }
    for (const v of ticks(this.#x, this.axes.x, 6)) on.text(format(v), Math.min(this.#x(v), width - widthOf(format(v)) / 2 - 2), height - BOTTOM + 12, { ...small, anchor: 'middle' });
    on.text(this.axes.x.name, width - RIGHT, height - 6, { ...small, anchor: 'end' });
    on.text(this.axes.y.name, 4, 8, small);
    const colours = [palette.accent, palette.edge, palette.ink];
    for (const [n, { name, values, dashed }] of [...this.curves.entries()].reverse()) {
      const style = { stroke: colours[n % colours.length]!, width: 2, dash: dashed ? DASHES[1]! : DASHES[n % DASHES.length]! };
      const points = Array.from(values).map((v, i): [number, number] => [this.xs[i]!, v]).filter(([, v]) => !Number.isNaN(v));
      const d = line<[number, number]>().defined(([x, v]) => Number.isFinite(this.#x(x)) && Number.isFinite(this.#y(v))).x(([x]) => this.#x(x)).y(([, v]) => this.#y(v))(points);
      if (d) on.path(d, style);
      const { x, y } = this.#names[n]!;
      on.path(`M${x},${y}h${SAMPLE - 5}`, style);
      on.text(name, x + SAMPLE, y, { ...small, fill: palette.ink });
    }
    for (const [index, stroke] of [[locked, palette.ink], [preview, palette.accent]] as const) {
      if (index === null || this.xs[index] === undefined) continue;
      const x = this.#x(this.xs[index]!);
      on.path(`M${x},${this.#top}V${height - BOTTOM}`, { stroke });
      for (const { values } of this.curves) {
        const y = this.#y(values[index]!);
        if (Number.isFinite(y)) on.rect(x - 3, y - 3, 6, 6, { fill: stroke, radius: 3 });
      }
    }
  }

  /** The nearest point along the axis. */
  at(x: number, y: number): number | null {
    if (x < LEFT - 8 || x > this.width - RIGHT + 8 || y < 0 || y > this.height - BOTTOM + 20) return null;
    return Array.from(this.xs).reduce<number | null>((best, v, i) => (best === null || Math.abs(this.#x(v) - x) < Math.abs(this.#x(this.xs[best]!) - x) ? i : best), null);
  }

  moved(from: number | null, event: KeyboardEvent): number | undefined {
    const last = this.xs.length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (event.key === 'Home') return 0;
    if (event.key === 'End') return last;
    return step === undefined || last < 0 ? undefined : Math.max(0, Math.min(last, from === null ? 0 : from + step));
  }

  values(): Sheet[] {
    return [{
      name: this.axes.x.name, rows: Array.from(this.xs, String), columns: this.curves.map(({ name }) => name),
      values: Array.from(this.xs, (_, i) => this.curves.map(({ values }) => values[i]!)),
    }];
  }
}
