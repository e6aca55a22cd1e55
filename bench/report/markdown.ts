import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Spread } from './statistics.ts';

/** The command, the machine and the date that every table stands under; `load` as it was before the measuring. */
export function heading(title: string, command: string, load = loadNow()): string {
  const cores = availableParallelism();
  return [
    `### ${title}`,
    '',
    `\`${command}\` · ${cpus()[0]?.model ?? 'unknown CPU'}, ${cores} core${cores === 1 ? '' : 's'} · Node ${process.version} · ${new Date().toISOString().slice(0, 10)} · load average before: ${load.toFixed(2)}`,
    '',
  ].join('\n');
}

/** Of the last minute. */
export function loadNow(): number {
  return loadavg()[0] ?? Number.NaN;
}

/** A table with its first column to the left and the others to the right. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = columns.map((_, c) => (c === 0 ? '---' : '---:'));
  return `${[columns, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

/** median, min and max as cells. */
export function cells({ median, min, max }: Spread, digits: number): string[] {
  return [median, min, max].map((value) => value.toFixed(digits));
}

/** A ratio's row: median, min, max, the aim, and whether the median reaches it. */
export function againstAim(name: string, ratio: Spread, aim: { readonly least: number } | { readonly most: number }): string[] {
  const reached = 'least' in aim ? ratio.median >= aim.least : ratio.median <= aim.most;
  return [name, ...cells(ratio, 2), 'least' in aim ? `≥ ${aim.least}` : `≤ ${aim.most}`, reached ? 'yes' : '**no**'];
}
