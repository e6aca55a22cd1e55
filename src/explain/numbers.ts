/*
 * How numbers are written for people: four decimals at most, and where that would leave nothing of a number, or too much,
 * three digits and a power of ten.
 */

const DECIMALS = 4;
const LEAST_PLAIN = 1e-3;
const MOST_PLAIN = 1e6;

/** One number: 0.26, 0.3133, 1.2e-7. */
export function written(value: number): string {
  return isPlain(value) ? fixed(value, decimalsOf(value)) : unusual(value);
}

/** Numbers that stand under each other: all with as many decimals as the one that needs most. */
export function column(values: ArrayLike<number>): string[] {
  let decimals = 0;
  for (let k = 0; k < values.length && decimals < DECIMALS; k++) {
    const value = values[k] ?? 0;
    if (isPlain(value)) decimals = Math.max(decimals, decimalsOf(value));
  }
  const texts = new Array<string>(values.length);
  for (let k = 0; k < values.length; k++) {
    const value = values[k] ?? 0;
    texts[k] = isPlain(value) ? fixed(value, decimals) : unusual(value);
  }
  return texts;
}

const NEAR_TIE = 1e-6; // far above the error of a product with 10,000, far below what matters for speed
const LAST_FOUR = Array.from({ length: 10_000 }, (_, k) => String(k).padStart(4, '0'));

/** toFixed, which is slow, and without −0. Most numbers here have four decimals. */
function fixed(value: number, decimals: number): string {
  const size = Math.abs(value);
  const tenThousandths = size * 10_000;
  const whole = Math.round(tenThousandths);
  if (decimals !== DECIMALS || size >= MOST_PLAIN || Math.abs(Math.abs(tenThousandths - whole) - 0.5) < NEAR_TIE)
    return (value === 0 ? 0 : value).toFixed(decimals);
  const last = LAST_FOUR[whole % 10_000];
  const text = `${Math.floor(whole / 10_000)}.${last}`;
  return value < 0 ? `-${text}` : text;
}

/** A factor of a product: negative ones in parentheses. */
export function factor(text: string): string {
  return text.startsWith('-') ? `(${text})` : text;
}

/** A sum of terms that are already written: “0.36 + 0.08 - 0.06”. */
export function sum(terms: readonly string[]): string {
  return terms.map((term, k) => (k === 0 ? term : term.startsWith('-') ? `- ${term.slice(1)}` : `+ ${term}`)).join(' ');
}

function isPlain(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size >= LEAST_PLAIN && size < MOST_PLAIN) || (size < 1e15 && Number.isInteger(value));
}

function unusual(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : value < 0 ? '-∞' : '∞';
  return value
    .toExponential(2)
    .replace(/\.?0+e/, 'e')
    .replace('e+', 'e');
}

/** How many decimals it takes to write it to four. */
function decimalsOf(value: number): number {
  const tenThousandths = Math.round(Math.abs(value) * 10 ** DECIMALS);
  if (tenThousandths % 10_000 === 0) return 0;
  if (tenThousandths % 1000 === 0) return 1;
  if (tenThousandths % 100 === 0) return 2;
  return tenThousandths % 10 === 0 ? 3 : DECIMALS;
}

/** A share in tenths of a percent, rounded. */
export function tenths(share: number): number {
  return Math.round(share * 1000);
}

/** “44.0 %”. */
export function percent(share: number): string {
  return `${(tenths(share) / 10).toFixed(1)} %`;
}

/** What the rounded shares add up to, where that is not 100.0 %. */
export function missedHundred(shares: ArrayLike<number>, rest: number): string | undefined {
  let printed = tenths(rest);
  for (let j = 0; j < shares.length; j++) printed += tenths(shares[j] ?? 0);
  return printed === 1000 ? undefined : `${(printed / 10).toFixed(1)} %`;
}

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth', 'eleventh', 'twelfth'];

/** “first”, “second”, … “21st”, counted from 1. */
export function ordinal(place: number): string {
  const word = ORDINALS[place - 1];
  if (word !== undefined) return word;
  const teens = place % 100 >= 11 && place % 100 <= 13;
  return `${place}${teens ? 'th' : (['th', 'st', 'nd', 'rd'][place % 10] ?? 'th')}`;
}

const WIDE = 8;
const SHOWN_OF_WIDE = 6;

/** “[0.2, 0.1, 0.5]”; of a wide vector the first six numbers and the last. */
export function vector(values: ArrayLike<number>): string {
  if (values.length <= WIDE) return `[${column(values).join(', ')}]`;
  const ends: number[] = [];
  for (let k = 0; k < SHOWN_OF_WIDE; k++) ends.push(values[k] ?? 0);
  const shown = column([...ends, values[values.length - 1] ?? 0]);
  return `[${shown.slice(0, -1).join(', ')}, … ${values.length - SHOWN_OF_WIDE - 1} more …, ${shown.at(-1)}]`;
}

/**
 * Whether two results of one arithmetic are the same but for rounding: summed in another order, equal numbers come out
 * a little apart.
 */
export function same(a: number, b: number, precision: 'float32' | 'float64'): boolean {
  return a === b || Math.abs(a - b) <= (precision === 'float32' ? 1e-6 : 1e-14) * Math.max(Math.abs(a), Math.abs(b));
}
