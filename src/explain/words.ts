/** A vector wider than this is shown by its first numbers and its last. */
const WIDE = 8;

/** A number as the walk-through writes it: four decimals at most, and three digits where that would leave nothing. */
export function written(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? '-∞' : value > 0 ? '∞' : 'not a number';
  const size = Math.abs(value);
  if (size < 1e9 && (size >= 0.001 || value === 0)) return String(Math.round(value * 1e4) / 1e4);
  const text = size < 0.001 ? Number(value.toPrecision(3)).toString() : value.toPrecision(5);
  return text === '-0' ? '0' : text;
}

const vectors = new WeakMap<readonly number[], string>();

/** A vector; the middle of a wide one is left out. The same array is written once, however often it is shown. */
export function vector(values: readonly number[]): string {
  const known = vectors.get(values);
  if (known !== undefined) return known;
  const shown =
    values.length <= WIDE
      ? `[${values.map(written).join(', ')}]`
      : `[${values
          .slice(0, WIDE - 2)
          .map(written)
          .join(', ')}, …, ${written(values.at(-1) ?? 0)}] (${values.length} numbers)`;
  vectors.set(values, shown);
  return shown;
}

/** Shares as percentages with one decimal. */
export function percent(share: number): string {
  return `${(Math.round(1000 * share) / 10).toFixed(1)} %`;
}

/** What the printed shares add up to, where that is not 100.0. */
export function missedHundred(shares: readonly number[]): string | undefined {
  const printed = shares.reduce((sum, share) => sum + Math.round(1000 * share), 0) / 10;
  return printed.toFixed(1) === '100.0' ? undefined : printed.toFixed(1);
}

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth'];

/** Each value's place among all, greatest first: “second”, “tied for first”. */
export function places(values: readonly number[]): readonly string[] {
  const order = values.toSorted((a, b) => b - a);
  const first = new Map<number, number>();
  const times = new Map<number, number>();
  order.forEach((value, place) => {
    if (!first.has(value)) first.set(value, place);
    times.set(value, (times.get(value) ?? 0) + 1);
  });
  return values.map((value) => {
    const place = first.get(value) ?? 0;
    const ordinal = ORDINALS[place] ?? `number ${place + 1}`;
    return (times.get(value) ?? 1) > 1 ? `tied for ${ordinal}` : ordinal;
  });
}

/** What made a sum: the term that is more than half of all that went the same way, if there is one. */
export function mainTerm(terms: readonly number[]): string | undefined {
  let sum = 0;
  for (const term of terms) sum += term;
  if (terms.length < 2 || sum === 0) return undefined;
  let all = 0;
  let most = 0;
  for (let c = 0; c < terms.length; c++) {
    const part = (terms[c] ?? 0) * Math.sign(sum);
    if (part > 0) all += part;
    if (part > (terms[most] ?? 0) * Math.sign(sum)) most = c;
  }
  const greatest = (terms[most] ?? 0) * Math.sign(sum);
  if (greatest <= all / 2) return undefined;
  return `its ${ORDINALS[most] ?? `${most + 1}th`} number does ${greatest === all ? 'all' : 'most'} of it`;
}

/** “a”, “a and b”, “a, b and c”. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
