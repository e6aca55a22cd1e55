import type { DiagnoseReply } from '../schemas/diagnose.ts';

export type Verdict = DiagnoseReply;

/** The verdict in a sentence or two. */
export function verdictWords({ matches, mistakes, precision, tolerance_is_blind }: Verdict): string {
  const blind = tolerance_is_blind ? ' But the tolerance is blind: the plain mean of the values would pass it too.' : '';
  return `${judged(matches, mistakes, precision)}${blind}`;
}

function judged(matches: boolean, mistakes: Verdict['mistakes'], precision: Verdict['precision']): string {
  const rounding = precision === null ? '' : ` The errors look like the rounding of ${precision}.`;
  if (matches) return `Your numbers are right for this question.${rounding}`;
  const [only] = mistakes;
  if (mistakes.length > 1) return `Your numbers are wrong, and ${mistakes.length} known mistakes explain them equally well.`;
  if (only) return `Your numbers are wrong, by ${only.also === undefined ? 'a known mistake' : 'two mistakes at once'}:`;
  if (precision !== null) return `No mistake shows.${rounding}`;
  return 'Your numbers are wrong, and no known mistake gives them, nor do two together.';
}
