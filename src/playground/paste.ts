import type { Grid } from './state.ts';

/** A matrix found in pasted text, with the names that stood beside it. */
export interface Pasted {
  readonly cells: Grid;
  readonly rowNames?: readonly string[];
  readonly columnNames?: readonly string[];
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** What follows is a number with a decimal comma; JSON, and so the service, knows the point alone. */
const DECIMAL_COMMA = /^[-+\u2212]?\d*,\d+$/;

/** How a number with a decimal comma is to be written; undefined where the text is no such number. */
export function pointFor(text: string): string | undefined {
  const trimmed = text.trim();
  return DECIMAL_COMMA.test(trimmed) ? trimmed.replace(',', '.') : undefined;
}

/** Is this a number as JSON, CSV or NumPy would write it? */
export function isNumber(text: string): boolean {
  return NUMBER.test(text.trim());
}

/** Reads CSV (commas, semicolons or tabs; names in the first row and column may stand), JSON, and what NumPy, PyTorch and this page print. */
export function readMatrix(text: string): Pasted | undefined {
  // A true minus is read as one; in a name it stays.
  const plain = text.replace(/\u2212(?=[\d.])/g, '-');
  const isBracketed = /^\s*(\w+\()?\[/.test(plain);
  const cells = isBracketed ? bracketed(plain) : separated(plain);
  if (cells.length === 0 || cells.every((row) => row.length === 0)) return undefined;
  return isBracketed ? { cells } : named(cells);
}

/** The innermost brackets are rows, whatever stands around them: `[[1, 2]]`, `array([[1., 2.]])`, `tensor([[1., 2.]])`. */
function bracketed(text: string): string[][] {
  return [...text.matchAll(/\[([^[\]]*)\]/g)].map(([, row = '']) => words(row, /[\s,;]+/)).filter((row) => row.length > 0);
}

function separated(text: string): string[][] {
  const separator = ['\t', ';', ','].find((sign) => fields(text, sign).some((row) => row.length > 1));
  // Commas between blanks are decimal: "0,5 0,7".
  const isSpaced =
    separator === ',' &&
    text
      .trim()
      .split(/\s+/)
      .every((word) => pointFor(word) !== undefined);
  if (separator !== undefined && !isSpaced) return fields(text, separator).filter((row) => row.some((cell) => cell !== ''));
  return text
    .split(/\r?\n/)
    .map((line) => words(line, /\s+/))
    .filter((row) => row.length > 0);
}

/** Rows of fields; between quotes a separator is part of the field, and two quotes are one (RFC 4180). */
function fields(text: string, separator: string): string[][] {
  const rows: string[][] = [[]];
  const field = new RegExp(` *"((?:[^"]|"")*)" *\\r?(?=[${separator}\\n]|$)|[^${separator}\\n]*`, 'y');
  for (let at = 0; at <= text.length; at = field.lastIndex + 1) {
    field.lastIndex = at;
    const [whole = '', inQuotes] = field.exec(text) ?? [];
    rows.at(-1)?.push(inQuotes === undefined ? unquoted(whole) : inQuotes.replaceAll('""', '"'));
    if (text[field.lastIndex] === '\n') rows.push([]);
  }
  return rows;
}

function words(row: string, separator: RegExp): string[] {
  return row.split(separator).map(unquoted).filter(Boolean);
}

function unquoted(cell: string): string {
  return cell.trim().replace(/^(["'])(.*)\1$/, '$2');
}

/** Takes off a first row and a first column of names, where there is no number among them. */
function named(cells: readonly string[][]): Pasted {
  const hasHeader = cells.length > 1 && (cells[0] ?? []).every((cell) => !isMeant(cell));
  const body = hasHeader ? cells.slice(1) : cells;
  const hasNames = body.every((row) => row.length > 1 && !isMeant(row[0] ?? ''));
  const numbers = hasNames ? body.map((row) => row.slice(1)) : body;
  const header = hasHeader ? (cells[0] ?? []).slice(-(numbers[0]?.length ?? 0)) : undefined;
  return { cells: numbers, ...(hasNames && { rowNames: body.map((row) => row[0] ?? '') }), ...(header && { columnNames: header }) };
}

/** Is this meant as a number, though it may have a decimal comma? */
function isMeant(cell: string): boolean {
  return isNumber(cell) || pointFor(cell) !== undefined;
}
