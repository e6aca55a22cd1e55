/** The middle, and the ends. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** a[r] / b[r] for each round r: neighbours in time, so that what slows both cancels out. */
export function ratios(a: readonly number[], b: readonly number[]): Spread {
  return spread(a.map((value, r) => value / (b[r] ?? Number.NaN)));
}

/** How much y grows for each x: the slope of the least-squares line. */
export function slope(x: readonly number[], y: readonly number[]): number {
  const meanX = mean(x);
  const meanY = mean(y);
  let xy = 0;
  let xx = 0;
  for (const [i, value] of x.entries()) {
    xy += (value - meanX) * ((y[i] ?? Number.NaN) - meanY);
    xx += (value - meanX) ** 2;
  }
  return xy / xx;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
