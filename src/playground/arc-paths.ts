/** The height of a word, in CSS pixels. */
export const LINE = 26;

const LEFT = 4;
const NARROWEST = 60;
const WIDEST = 170;

/** How wide a panel of n words is: its farthest arc fits. */
export function widthOf(n: number): number {
  return Math.min(WIDEST, NARROWEST + 12 * n);
}

/** A half ellipse from the word `query` to the word `key`, which stand in a column of n; the farther they are apart, the farther it reaches. */
export function arcPath(query: number, key: number, n: number): string {
  const [from, to] = [(query + 0.5) * LINE, (key + 0.5) * LINE];
  const reach = (widthOf(n) - 2 * LEFT) * (0.25 + 0.7 * (Math.abs(query - key) / Math.max(1, n - 1)));
  return `M${LEFT} ${from}A${round(reach)} ${Math.abs(to - from) / 2} 0 0 ${to > from ? 1 : 0} ${LEFT} ${to}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
