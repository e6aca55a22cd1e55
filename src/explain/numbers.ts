/*
 * How numbers are written for people: four decimals at most, and where that would leave nothing of a number, or too much,
 * three digits and a power of ten. What is computed in sight either comes out as it is printed, or says that it is rounded.
 */

const DECIMALS = 4;
/** A smaller number on its own keeps three digits. */
const LEAST_PLAIN = 1e-3;
/** Beside larger ones, a number is written in decimals as long as they leave something of it. */
const LEAST_BESIDE = 0.5 * 10 ** -DECIMALS;
const MOST_PLAIN = 1e6;

/** One number: 0.26, 0.3133, 1.2e-7. */
export function written(value: number): string {
  return isPlain(value, fitsDecimals(value) ? LEAST_BESIDE : LEAST_PLAIN) ? fixed(value, decimalsOf(value)) : unusual(value);
}

/** Numbers that stand under each other: all with as many decimals as the one that needs most. */
export function column(values: ArrayLike<number>): string[] {
  const least = leastPlainOf(values);
  let decimals = 0;
  for (let k = 0; k < values.length && decimals < DECIMALS; k++) {
    const value = values[k] ?? 0;
    if (isPlain(value, least)) decimals = Math.max(decimals, decimalsOf(value));
  }
  const texts = new Array<string>(values.length);
  for (let k = 0; k < values.length; k++) {
    const value = values[k] ?? 0;
    texts[k] = isPlain(value, least) ? fixed(value, decimals) : unusual(value);
  }
  return texts;
}

/** Where one number is large enough for decimals, smaller ones beside it are written in decimals too. */
function leastPlainOf(values: ArrayLike<number>): number {
  let exact = true;
  for (let k = 0; k < values.length; k++) {
    const value = values[k] ?? 0;
    if (Math.abs(value) >= LEAST_PLAIN) return LEAST_BESIDE;
    exact &&= fitsDecimals(value);
  }
  return exact ? LEAST_BESIDE : LEAST_PLAIN;
}

/** Is the number one of at most four decimals, but for the rounding of float32? */
function fitsDecimals(value: number): boolean {
  const tenThousandths = value * 10 ** DECIMALS;
  return Math.abs(tenThousandths - Math.round(tenThousandths)) <= 1e-6 * Math.abs(tenThousandths);
}

/** 1, 0.1, … by the number of decimals: a power is slow, and a walk-through asks for tens of thousands. */
const UNITS = Array.from({ length: DECIMALS + 1 }, (_, decimals) => 10 ** -decimals);
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

/** `= 0.26`; `≈ 0.1667` where the numbers in sight do not give what is printed. A line with ≈ says that it is rounded. */
export function equals(text: string, comesOut: boolean): string {
  return `${comesOut ? '=' : '≈'} ${text}`;
}

/** Whether printed terms add up to the sum that is printed. */
export function addsUp(terms: readonly string[], result: string): boolean {
  let total = 0;
  for (const term of terms) total += Number(term);
  return comesOutAs(total, result);
}

/** Whether two printed factors give the product that is printed, rounded to the digits that it has. */
export function multiplies(a: string, b: string, result: string): boolean {
  return comesOutAs(Number(a) * Number(b), result);
}

/** Whether a number is written so, to the last digit. What is no number can't be checked. */
export function comesOutAs(value: number, text: string): boolean {
  const point = text.indexOf('.');
  const power = text.indexOf('e');
  const digits = point < 0 ? 0 : (power < 0 ? text.length : power) - point - 1;
  const decimals = power < 0 ? digits : digits - Number(text.slice(power + 1));
  const unit = UNITS[decimals] ?? 10 ** -decimals;
  return !(Math.abs(value - Number(text)) > 0.5 * unit + 1e-9 * Math.max(1, Math.abs(value)) * Math.min(1, unit));
}

function isPlain(value: number, least: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size >= least && size < MOST_PLAIN) || (size < 1e15 && Number.isInteger(value));
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
  return bracketed(entries(values), values.length);
}

/** The numbers that are shown of a vector: all, or of a wide one the first six and the last. */
export function entries(values: ArrayLike<number>): string[] {
  if (values.length <= WIDE) return column(values);
  const ends: number[] = [];
  for (let k = 0; k < SHOWN_OF_WIDE; k++) ends.push(values[k] ?? 0);
  return column([...ends, values[values.length - 1] ?? 0]);
}

/** A vector of that length, by its entries. */
export function bracketed(shown: readonly string[], length: number): string {
  if (length <= WIDE) return `[${shown.join(', ')}]`;
  return `[${shown.slice(0, -1).join(', ')}, … ${length - SHOWN_OF_WIDE - 1} more …, ${shown.at(-1)}]`;
}

/**
 * Whether two results of one arithmetic are the same but for rounding: summed in another order, equal numbers come out
 * a little apart.
 */
export function same(a: number, b: number, precision: 'float32' | 'float64'): boolean {
  return a === b || Math.abs(a - b) <= (precision === 'float32' ? 1e-6 : 1e-14) * Math.max(Math.abs(a), Math.abs(b));
}
