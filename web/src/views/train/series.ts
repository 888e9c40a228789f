/**
 * A curve that grows without end in bounded room: beyond MOST points neighbours are merged into their mean, so that a
 * point stands for twice as many steps as before. The first point stays by itself, as the value at the start.
 */
const MOST = 400;

export interface Points { xs: number[]; ys: number[][] }

export class Series {
  #every = 1;
  #waiting: { x: number; ys: number[] }[] = [];

  /** `points`: where it goes on from. */
  constructor(private points: Points = { xs: [], ys: [] }, every = 1) { this.#every = every; }

  get every() { return this.#every; }

  add(x: number, ...ys: number[]) {
    this.#waiting.push({ x, ys });
    if (this.points.xs.length > 0 && this.#waiting.length < this.#every) return;
    const count = this.#waiting.length;
    this.points.xs.push(x);
    this.points.ys.push(ys.map((_, i) => this.#waiting.reduce((sum, each) => sum + each.ys[i]!, 0) / count));
    this.#waiting = [];
    if (this.points.xs.length > MOST) this.#halve();
  }

  #halve() {
    const { xs, ys } = this.points;
    const merged: Points = { xs: [xs[0]!], ys: [ys[0]!] };
    for (let i = 1; i + 1 < xs.length; i += 2) {
      merged.xs.push(xs[i + 1]!);
      merged.ys.push(ys[i]!.map((y, k) => (y + ys[i + 1]![k]!) / 2));
    }
    this.points = merged;
    this.#every *= 2;
  }

  /** The points so far: what it holds itself, so copy it to keep it. */
  all(): Points { return this.points; }
}
