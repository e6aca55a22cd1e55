import { newBlock } from '../block.ts';
import type { Call, NonFinite, Result } from '../call.ts';
import { hasKey } from '../mask.ts';
import { blockByBlock } from '../operator.ts';
import { STEPS, stepsUpTo } from '../steps.ts';
import { FLAG } from './descriptor.ts';
import { TooMuchToRedo } from './kernel.ts';
import { attendsToAny } from './poison.ts';

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
 * Redoes rows step by step: those that the module flagged, and those that attend to a poisoned key, and no others.
 * Scores are given for every key, so those of poisoned keys are redone in every row. Returns the first row that is not
 * finite; where the call wants finite numbers only, it ends there. What that takes is counted before it is spent, but for
 * such a call, whose first row may be answer enough.
 * @throws TooMuchToRedo, and what the call's checkpoint throws
 */
export function redo(call: Call, { flags, poisoned, result, most }: Unsound): NonFinite | undefined {
  const { H, M, N, D, E } = call.axes;
  const spend = spending(most);
  const rows = rowsToRedo(call, flags, poisoned, spend);
  const perRow = N * (D + E);
  if (!call.finiteOnly) spend(rows.length * perRow);
  if (poisoned && (result.scores || result.capped)) patchScores(call, result, poisoned, new Set(rows), spend);

  let first: NonFinite | undefined;
  const again = blockByBlock(call, STEPS, result, newBlock(call, 1));
  for (const r of rows) {
    call.checkpoint?.();
    if (call.finiteOnly) spend(perRow);
    const [b, h, i] = [Math.floor(r / (H * M)), Math.floor(r / M) % H, r % M];
    const met = again(b, h, i, 1);
    flags[r] = hasKey(call, b, h, i) ? 0 : FLAG.empty;
    first ??= met;
    if (first && call.finiteOnly) return first;
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
function rowsToRedo(call: Call, flags: Uint8Array, poisoned: Unsound['poisoned'], spend: Spend): number[] {
  const { B, H, G, M } = call.axes;
  const rows: number[] = [];
  for (let b = 0, r = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const keys = poisoned?.[b * G + Math.floor(h / (H / G))] ?? [];
      if (call.mask || call.bias) spend(M * keys.length);
      call.checkpoint?.();
      for (let i = 0; i < M; i++, r++) {
        if ((flags[r]! & FLAG.unsound) !== 0 || attendsToAny(call, b, h, i, keys)) rows.push(r);
      }
    }
  }
  return rows;
}

/** Writes the scores of poisoned keys as they are, for the rows that do not attend to them. */
function patchScores(
  call: Call,
  result: Unsound['result'],
  poisoned: readonly (readonly number[])[],
  redone: ReadonlySet<number>,
  spend: Spend,
): void {
  const { B, H, G, M, N, D } = call.axes;
  const scoresOf = oneScore(call);
  for (let b = 0, r = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const g = Math.floor(h / (H / G));
      const keys = poisoned[b * G + g]!;
      spend(M * keys.length * D);
      for (let i = 0; i < M; i++, r++) {
        call.checkpoint?.();
        if (redone.has(r)) continue;
        for (const j of keys) {
          const { score, capped } = scoresOf(b, h, g, i, j);
          if (result.scores) result.scores[r * N + j] = score;
          if (result.capped) result.capped[r * N + j] = capped;
        }
      }
    }
  }
}

/** The first steps over a block of one row and one key. */
function oneScore(call: Call): (b: number, h: number, g: number, i: number, j: number) => { readonly score: number; readonly capped: number } {
  const steps = stepsUpTo('softcap');
  const axes = { ...call.axes, N: 1 };
  const block = newBlock({ ...call, axes }, 1);
  return (b, h, g, i, j) => {
    const { key } = call;
    Object.assign(block, { b, h, g, first: i });
    const one = { ...call, axes, key: { ...key, offset: key.offset + j * key.rowStride } };
    for (const step of steps) step.run(one, block);
    return { score: block.scores[0]!, capped: block.logits[0]! };
  };
}
