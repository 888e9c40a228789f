// Medians and quartiles: a run that the machine disturbed moves them little, which a mean would not survive.

/** The p-quantile, interpolated between neighbours. */
export function quantile(samples, p) {
  const sorted = Float64Array.from(samples).sort();
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/** { median, low, high, rounds }: low and high are the quartiles. */
export const summary = (samples) => ({
  median: quantile(samples, 0.5),
  low: quantile(samples, 0.25),
  high: quantile(samples, 0.75),
  rounds: samples.length,
});
