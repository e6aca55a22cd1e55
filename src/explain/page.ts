import { displayWidth } from './labels.ts';

/** A heading and what stands under it, with a blank line between the blocks; empty ones are left out. */
export function section(title: string, ...blocks: readonly string[]): string {
  return [`## ${title}`, ...blocks.filter((block) => block !== '')].join('\n\n');
}

export interface Column {
  readonly title: string;
  readonly cells: readonly string[];
  /** Numbers stand at the right. */
  readonly right?: boolean;
}

/** A Markdown table, padded so that its columns stand under each other in a terminal too. */
export function table(columns: readonly Column[]): string {
  const padded = columns.map(({ title, cells, right }) => {
    // Numbers are as wide as they are long.
    const widths = cells.map(right ? lengthOf : displayWidth);
    const width = Math.max(3, displayWidth(title), ...widths);
    const pad = (text: string, taken: number) => (right ? ' '.repeat(width - taken) + text : text + ' '.repeat(width - taken));
    return {
      title: pad(title, displayWidth(title)),
      rule: right ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2),
      cells: cells.map((cell, r) => pad(cell, widths[r] ?? 0)),
    };
  });
  const lines = [`| ${padded.map(({ title }) => title).join(' | ')} |`, `|${padded.map(({ rule }) => rule).join('|')}|`];
  const rows = columns[0]?.cells.length ?? 0;
  for (let r = 0; r < rows; r++) lines.push(`| ${padded.map(({ cells }) => cells[r] ?? '').join(' | ')} |`);
  return lines.join('\n');
}

function lengthOf({ length }: string): number {
  return length;
}

/**
 * Lines of arithmetic as an indented block: cells of a column start under each other, and are joined by spaces. The first
 * cell of a line may be a label; the others are numbers and signs, as wide as they are long. A line with ≈ ends with the
 * word for it.
 */
export function arithmetic(lines: readonly (readonly string[])[]): string {
  const rows = lines.map((cells) =>
    cells.some((cell, c) => c > 0 && cell.includes('≈ ')) ? [...cells.slice(0, -1), `${cells.at(-1)} (rounded)`] : cells,
  );
  const widthOf = (cell: string, c: number) => (c === 0 ? displayWidth(cell) : cell.length);
  const widths: number[] = [];
  for (const row of rows) {
    // The last cell of a row has nothing to its right that would have to stand under anything.
    for (let c = 0; c < row.length - 1; c++) widths[c] = Math.max(widths[c] ?? 0, widthOf(row[c] ?? '', c));
  }
  const printed = rows.map((row) => {
    let line = '   ';
    for (let c = 0; c < row.length - 1; c++) line += ` ${row[c]}${' '.repeat((widths[c] ?? 0) - widthOf(row[c] ?? '', c) + 1)}`;
    return `${line} ${row.at(-1)}`;
  });
  return printed.join('\n');
}

/** “a”, “a and b”, “a, b and c”; of many the first, and how many more. */
export function listed(items: readonly string[], most = 8): string {
  if (items.length > most) return `${items.slice(0, most - 1).join(', ')} and ${items.length - most + 1} more`;
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
