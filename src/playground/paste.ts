import type { Grid } from './state.ts';

/** A matrix found in pasted text, with the names that stood beside it. */
export interface Pasted {
  readonly cells: Grid;
  readonly rowNames?: readonly string[];
  readonly columnNames?: readonly string[];
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** Is this a number as JSON, CSV or NumPy would write it? */
export function isNumber(text: string): boolean {
  return NUMBER.test(text.trim());
}

/** Reads CSV (commas, semicolons or tabs; names in the first row and column may stand), JSON, and what NumPy and PyTorch print. */
export function readMatrix(text: string): Pasted | undefined {
  const cells = text.includes('[') ? bracketed(text) : separated(text);
  if (cells.length === 0 || cells.every((row) => row.length === 0)) return undefined;
  return text.includes('[') ? { cells } : named(cells);
}

/** The innermost brackets are rows, whatever stands around them: `[[1, 2]]`, `array([[1., 2.]])`, `tensor([[1., 2.]])`. */
function bracketed(text: string): string[][] {
  return [...text.matchAll(/\[([^[\]]*)\]/g)].map(([, row = '']) => words(row, /[\s,;]+/)).filter((row) => row.length > 0);
}

function separated(text: string): string[][] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const separator = lines.some((line) => line.includes('\t')) ? '\t' : lines.some((line) => line.includes(';')) ? ';' : ',';
  const plain = !lines.some((line) => line.includes(separator));
  return lines.map((line) => (plain ? words(line, /\s+/) : line.split(separator).map(unquoted)));
}

function words(row: string, separator: RegExp): string[] {
  return row.split(separator).map(unquoted).filter(Boolean);
}

function unquoted(cell: string): string {
  return cell.trim().replace(/^(["'])(.*)\1$/, '$2');
}

/** Takes off a first row and a first column of names, where there is no number among them. */
function named(cells: readonly string[][]): Pasted {
  const hasHeader = cells.length > 1 && (cells[0] ?? []).every((cell) => !isNumber(cell));
  const body = hasHeader ? cells.slice(1) : cells;
  const hasNames = body.every((row) => row.length > 1 && !isNumber(row[0] ?? ''));
  const numbers = hasNames ? body.map((row) => row.slice(1)) : body;
  const header = hasHeader ? (cells[0] ?? []).slice(-(numbers[0]?.length ?? 0)) : undefined;
  return { cells: numbers, ...(hasNames && { rowNames: body.map((row) => row[0] ?? '') }), ...(header && { columnNames: header }) };
}
