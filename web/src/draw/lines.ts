/** How wide the line of a weight is. */
export const lineWidth = (w: number) => 1 + 16 * w;

/** The pairs [T,S] whose weight is wide enough to be seen as a line. */
export const linesOf = (weights: number[][]) =>
  weights.flatMap((row, t) => row.map((w, s) => ({ t, s, w }))).filter(({ w }) => Math.abs(w) > 0.005);
