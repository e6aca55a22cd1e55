import { type NonFinite, type Problem, type Result, rowByRow } from '../operator.ts';
import { floats } from '../tensor.ts';
import { FLAG } from './descriptor.ts';
import { attendsToAny } from './poison.ts';
import { reference } from './reference.ts';

/** Rows in which a NaN or an infinity takes part, and which the reference would take too long to redo. */
export class TooMuchToRedo extends Error {
  override readonly name = 'TooMuchToRedo';

  constructor(multiplyAdds: number, most: number) {
    super(
      `a NaN, an infinity or an overflow takes part in rows that the reference would redo one by one, by at least ${multiplyAdds} multiply-adds; at most ${most} are redone`,
    );
  }
}

/** What the module left, and what of it is not to be trusted. */
interface Unsound {
  /** Bits of FLAG for each row; those of redone rows are set anew. */
  readonly flags: Uint8Array;
  /** For each (b, g) at b · G + g the keys, ascending, that hold a NaN or an infinity. */
  readonly poisoned: readonly (readonly number[])[] | undefined;
  readonly result: Omit<Result, 'fullyMasked'>;
  /** Multiply-adds that may be spent. */
  readonly most: number;
}

/**
 * Redoes rows by the reference: those that the module flagged, and those that attend to a poisoned key, and no others.
 * Scores are given for every key, so those of poisoned keys are redone in every row. Returns the first place that is not finite;
 * where the problem wants finite numbers only, it ends there. What that takes is counted before it is spent, but for
 * such a problem, whose first row may be answer enough.
 * @throws TooMuchToRedo, and what the problem's checkpoint throws
 */
export function redo(problem: Problem, { flags, poisoned, result, most }: Unsound): NonFinite | undefined {
  const { H, M, N, D, E } = problem.axes;
  const spend = spending(most);
  const rows = rowsToRedo(problem, flags, poisoned, spend);
  const perRow = N * (D + E);
  if (!problem.finiteOnly) spend(rows.length * perRow);
  if (poisoned && (result.scores || result.capped)) patchScores(problem, result, poisoned, new Set(rows), spend);

  let first: NonFinite | undefined;
  let empty = false;
  const again = rowByRow(problem, reference.rows(problem.precision, problem.precision), result, () => {
    empty = true;
  });
  for (const r of rows) {
    problem.checkpoint?.();
    if (problem.finiteOnly) spend(perRow);
    empty = false;
    const place = again(Math.floor(r / (H * M)), Math.floor(r / M) % H, r % M);
    flags[r] = empty ? FLAG.empty : 0;
    first ??= place;
    if (first && problem.finiteOnly) return first;
  }
  return first;
}

type Spend = (multiplyAdds: number) => void;

function spending(most: number): Spend {
  let spent = 0;
  return (multiplyAdds) => {
    spent += multiplyAdds;
    if (spent > most) throw new TooMuchToRedo(spent, most);
  };
}

/** Ascending. Looking for a poisoned key under a mask takes about a multiply-add of the reference each. */
function rowsToRedo(problem: Problem, flags: Uint8Array, poisoned: Unsound['poisoned'], spend: Spend): number[] {
  const { B, H, G, M } = problem.axes;
  const rows: number[] = [];
  for (let b = 0, r = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const keys = poisoned?.[b * G + Math.floor(h / (H / G))] ?? [];
      if (problem.mask || problem.bias) spend(M * keys.length);
      problem.checkpoint?.();
      for (let i = 0; i < M; i++, r++) {
        if ((flags[r]! & FLAG.unsound) !== 0 || attendsToAny(problem, b, h, i, keys)) rows.push(r);
      }
    }
  }
  return rows;
}

/** Writes the scores of poisoned keys as they are, for the rows that do not attend to them. */
function patchScores(
  problem: Problem,
  result: Unsound['result'],
  poisoned: readonly (readonly number[])[],
  redone: ReadonlySet<number>,
  spend: Spend,
): void {
  const { B, H, G, M, N, D } = problem.axes;
  const { precision, query, key, scale, softcap } = problem;
  const rows = reference.rows(precision, precision);
  const score = floats(precision, 1);
  const capped = floats(precision, 1);
  for (let b = 0, r = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const g = Math.floor(h / (H / G));
      const keys = poisoned[b * G + g]!;
      spend(M * keys.length * D);
      const queries = { data: query.data, stride: query.rowStride, offset: query.offset + b * query.batchStride + h * query.headStride };
      for (let i = 0; i < M; i++, r++) {
        problem.checkpoint?.();
        if (redone.has(r)) continue;
        for (const j of keys) {
          const one = { data: key.data, stride: key.rowStride, offset: key.offset + b * key.batchStride + g * key.headStride + j * key.rowStride };
          rows.scores(queries, i, one, 1, D, scale, score);
          if (softcap !== undefined) rows.softcap(score, softcap, capped);
          if (result.scores) result.scores[r * N + j] = score[0]!;
          if (result.capped) result.capped[r * N + j] = softcap === undefined ? score[0]! : capped[0]!;
        }
      }
    }
  }
}
