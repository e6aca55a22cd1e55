import type { TokenSizes } from '../engine/token-outputs.ts';
import { column, written } from '../explain/numbers.ts';
import { section, table } from '../explain/page.ts';
import { ARITHMETICS } from './arithmetic.ts';
import type { Bounds } from './certified.ts';
import type { Diagnosis } from './diagnose.ts';
import { comparable, errorOf, type Observed, type Tolerance } from './observed.ts';
import type { FoundMistake } from './search.ts';

/** Of more rows those with the largest errors are shown, and of wider ones the first numbers. */
const MOST_ROWS = 8;
const MOST_COLUMNS = 10;

/** What is told of. */
export interface Told {
  readonly found: Diagnosis;
  readonly observed: readonly Observed[];
  readonly sizes: TokenSizes;
  readonly tolerance: Tolerance;
}

/** The verdict in sentences, and the right numbers and the observed ones side by side, as Markdown. */
export function verdict(told: Told): string {
  const { found, observed } = told;
  const sections = [
    section('Verdict', ...sentences(told)),
    ...found.mistakes.map((one) => section(titleOf(one), ...mistakeWords(one))),
    section('How far off', errorTable(told)),
    ...observed.map((seen, k) => section(`Right and yours: ${seen.output}`, ...sideBySide(told, seen, k))),
    section(
      'How far an honest implementation may be off',
      'The largest error that each arithmetic can make on this very input, where sums are taken in float32 at least. Take it for a tolerance.',
      certifiedTable(told),
    ),
  ];
  return `# Diagnosis\n\n${sections.join('\n\n')}\n`;
}

/** What came of it, and what is wrong with the tolerance. */
function sentences({ found, tolerance }: Told): string[] {
  const { mistakes, precision, toleranceIsBlind } = found;
  const allowed = `${written(tolerance.absolute)} + ${written(tolerance.relative)} · |wanted|`;
  const rounding = precision === undefined ? '' : ` The errors look like the rounding of ${precision}.`;
  const blind = toleranceIsBlind ? ['**The tolerance is blind**: the plain mean of the values would pass it too, so passing it says nothing.'] : [];
  return [verdictOf(found, allowed) + (mistakes.length > 0 ? '' : rounding), ...blind];
}

function verdictOf({ matches, isPrinted, mistakes, precision }: Diagnosis, allowed: string): string {
  const [only] = mistakes;
  if (matches) return `**Your numbers are right**: each is within the tolerance, ${allowed}.`;
  if (isPrinted)
    return `**Your numbers are the right ones as far as they are printed**, and not within the tolerance, ${allowed}: send more decimals.`;
  if (only && mistakes.length === 1)
    return only.also
      ? `**Your numbers are wrong, by two mistakes at once**: \`${only.mistake.code}\` and \`${only.also.code}\`.`
      : `**Your numbers are wrong, by a known mistake**: \`${only.mistake.code}\`.`;
  if (mistakes.length > 1)
    return `**Your numbers are wrong, and ${mistakes.length} known mistakes explain them equally well**: on this input they give the same.`;
  if (precision !== undefined) return `**Your numbers are not within the tolerance, ${allowed}, but no mistake shows.**`;
  return `**Your numbers are wrong**, and no known mistake gives them, nor do two together. The tolerance is ${allowed}.`;
}

function titleOf({ mistake, also }: FoundMistake): string {
  return also ? `${mistake.title}; and ${also.title.charAt(0).toLowerCase()}${also.title.slice(1)}` : mistake.title;
}

function mistakeWords({ mistake, also, maxAbsoluteError }: FoundMistake): string[] {
  const habits = [mistake, also].flatMap((one) => (one?.library === undefined ? [] : [`Where it comes from: ${one.library}`]));
  return [
    mistake.explanation,
    ...(also ? [also.explanation] : []),
    ...habits,
    `With ${also ? 'both' : 'it'}, the right code gives your numbers ${maxAbsoluteError === 0 ? 'exactly' : `to within ${written(maxAbsoluteError)}`}.`,
  ];
}

function errorTable({ found, observed }: Told): string {
  const numbers = (of: (k: number) => number | undefined) => observed.map((_, k) => numberOrNone(of(k)));
  return table([
    { title: 'output', cells: observed.map(({ output }) => output) },
    { title: 'largest error', cells: numbers((k) => found.errors[k]?.maxAbsolute), right: true },
    { title: 'relative', cells: numbers((k) => found.errors[k]?.maxRelative), right: true },
    { title: 'correlation', cells: numbers((k) => found.errors[k]?.correlation), right: true },
  ]);
}

function numberOrNone(value: number | undefined): string {
  return value === undefined ? '–' : written(value);
}

/** A table with the rows of largest error, the numbers that are off in bold. */
function sideBySide({ found, sizes, tolerance }: Told, seen: Observed, k: number): string[] {
  const { data, heads, perRow } = seen;
  const right = comparable(found.right, seen, sizes);
  const count = data.length / perRow;
  const worst = (row: number) =>
    Math.max(...Array.from({ length: perRow }, (_, c) => errorOf(data[row * perRow + c] ?? 0, right[row * perRow + c] ?? 0)));
  const far = Array.from({ length: count }, (_, row) => row).map((row) => ({ row, error: worst(row) }));
  const shown = far
    .toSorted((a, b) => b.error - a.error || a.row - b.row)
    .slice(0, MOST_ROWS)
    .map(({ row }) => row)
    .sort((a, b) => a - b);
  const isOff = (at: number) => {
    const error = errorOf(data[at] ?? 0, right[at] ?? 0);
    return error > 0 && !(error <= tolerance.absolute + tolerance.relative * Math.abs(right[at] ?? 0));
  };
  const cells = (of: ArrayLike<number>, row: number, marked: boolean) => {
    const width = Math.min(perRow, MOST_COLUMNS);
    const texts = column(Array.from({ length: width }, (_, c) => of[row * perRow + c] ?? 0));
    const marks = texts.map((text, c) => (marked && isOff(row * perRow + c) ? `**${text}**` : text));
    return `${marks.join(', ')}${perRow > width ? `, … ${perRow - width} more` : ''}`;
  };
  const name = (row: number) => (heads > 1 ? `${row % sizes.m}, head ${Math.floor(row / sizes.m)}` : String(row));
  const left = count > shown.length ? [`The ${shown.length} of ${count} rows with the largest errors.`] : [];
  const off = found.errors[k]?.matches ? 'None is off by more than the tolerance.' : 'Numbers that are off by more than the tolerance are bold.';
  return [
    off,
    ...left,
    table([
      { title: 'query row', cells: shown.map(name) },
      { title: 'right', cells: shown.map((row) => cells(right, row, false)) },
      { title: 'yours', cells: shown.map((row) => cells(data, row, true)) },
    ]),
  ];
}

function certifiedTable({ found, observed }: Told): string {
  return table([
    { title: 'arithmetic', cells: ARITHMETICS },
    ...observed.map((seen) => ({
      title: seen.output,
      cells: ARITHMETICS.map((arithmetic) => written(boundOf(found.certified[arithmetic], seen))),
      right: true,
    })),
  ]);
}

/** The bound of an output as it was observed: that of the heads' mean where it has no axis of heads. */
export function boundOf(bounds: Bounds, { output, heads }: Pick<Observed, 'output' | 'heads'>): number {
  return output === 'weights' && heads === 1 ? bounds.meanWeights : bounds[output];
}
