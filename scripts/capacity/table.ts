import type { Cost } from './model.ts';

/** The rows of docs/OPERATIONS.md, so that it says what was measured. */
export function rows(costs: readonly Cost[]): string[] {
  return costs.map((cost) =>
    [
      '',
      `\`${cost.name}\``,
      cost.what,
      kilobytes(cost.requestBytes),
      kilobytes(cost.replyBytes),
      cost.perSecond,
      cost.loopMs,
      cost.threadMs,
      Number((1000 / (cost.loopMs + cost.threadMs)).toPrecision(3)),
      '',
    ]
      .join(' | ')
      .trim(),
  );
}

function kilobytes(bytes: number): string {
  return bytes < 10_000 ? (bytes / 1000).toFixed(1) : (bytes / 1000).toFixed(0);
}
