import { isNumber, readMatrix } from './paste.ts';

/** The outputs that people can paste, by their names in a request, and what they are called. */
export const OUTPUTS = [
  ['context', 'context vectors'],
  ['weights', 'weights'],
  ['scores', 'scores'],
  ['lse', 'log-sum-exps'],
] as const;
export type OutputName = (typeof OUTPUTS)[number][0];

/** The axes of an answer: its heads, undefined where the request has none, and its query rows, undefined for one query. */
export interface Axes {
  readonly heads: number | undefined;
  readonly rows: number | undefined;
}

const NOT_FINITE = /^[-+]?(nan|inf|infinity|null|none|−?∞)$/i;

/**
 * Pasted numbers nested as the reply of that request has them; what is no number stays as it is, and the service says what
 * is wrong with it.
 * @returns undefined where there is nothing like numbers
 */
export function readObserved(text: string, output: OutputName, { heads, rows }: Axes): unknown {
  const found = readMatrix(isNumber(text) || NOT_FINITE.test(text.trim()) ? `[${text}]` : text);
  if (!found) return undefined;
  const cells = found.cells.map((row) => row.map(numberOf));
  if (output === 'lse') {
    const all = cells.flat();
    const perHead = rows === undefined ? all : inGroups(all, rows);
    return heads === undefined ? (rows === undefined && all.length === 1 ? all[0] : all) : perHead;
  }
  const inRows = (group: readonly unknown[][]) => (rows === undefined && group.length === 1 ? group[0] : group);
  const hasHeads = heads !== undefined && output !== 'context' && cells.length === heads * (rows ?? 1) && (heads > 1 || rows === undefined);
  if (!hasHeads) return inRows(cells);
  return inGroups(cells, rows ?? 1).map(inRows);
}

/** What printing with so few decimals leaves of the numbers, as a tolerance; undefined where they have more. */
export function printedTolerance(observed: unknown): { readonly absolute: number; readonly relative: number } | undefined {
  const decimals = Math.max(0, ...[observed].flat(3).map((value) => (typeof value === 'number' ? decimalsOf(value) : 0)));
  return decimals > MOST_DECIMALS ? undefined : { absolute: 0.51 * 10 ** -decimals, relative: 1e-4 };
}

/** The service's own tolerance, which is for more decimals than these. */
export const DEFAULT_TOLERANCE = { absolute: 1e-5, relative: 1e-4 };
const MOST_DECIMALS = 4;

function decimalsOf(value: number): number {
  const text = `${value}`;
  return text.includes('e') ? Number.POSITIVE_INFINITY : (text.split('.')[1]?.length ?? 0);
}

function numberOf(cell: string): unknown {
  if (NOT_FINITE.test(cell)) return null;
  return isNumber(cell) ? Number(cell) : cell;
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, k) => items.slice(k * size, (k + 1) * size));
}
