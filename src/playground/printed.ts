/** So many terms of a sum are written; the rest are counted. */
const MOST_TERMS = 8;

/** A number as a person would write it down: four decimals at most, a true minus. */
export function brief(value: number, decimals = 4): string {
  const small = value !== 0 && Math.abs(value) < 0.5 * 10 ** -decimals;
  const large = Math.abs(value) >= 1e6;
  const text = small || large ? value.toPrecision(3) : `${Number(value.toFixed(decimals))}`;
  return text.replace('-', '−');
}

/** A number as a factor or term: in brackets where it is negative. */
export function factor(value: number): string {
  const text = brief(value);
  return text.startsWith('−') ? `(${text})` : text;
}

/** Numbers side by side; where there are many, the first of them and how many there are. */
export function list(values: readonly number[]): string {
  const shown = values.slice(0, MOST_TERMS).map((value) => brief(value));
  return values.length > MOST_TERMS ? `${shown.join(', ')}, … ${values.length} numbers` : shown.join(', ');
}

/** Terms of a sum; where there are many, the first of them and how many more. */
export function sum(terms: readonly string[]): string {
  if (terms.length === 0) return '0';
  const shown = terms.slice(0, MOST_TERMS).join(' + ');
  return terms.length > MOST_TERMS ? `${shown} + … ${terms.length - MOST_TERMS} more` : shown;
}
