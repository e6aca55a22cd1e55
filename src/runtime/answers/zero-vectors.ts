import { ZeroVectors } from '../../engine/errors.ts';
import { invalidRequest } from '../../wire/faults.ts';
import type { AttentionOrder } from '../../wire/members.ts';

/** What `compute` gives. @throws Failure `invalid-request` at the vectors of length 0, where the similarity is cosine */
export function pointingAtZeroVectors<Result>({ attention, printing: { oneRow, headAxis } }: AttentionOrder, compute: () => Result): Result {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof ZeroVectors)) throw error;
    throw invalidRequest(
      error.rows.map(({ vectors, row, head }) => ({
        pointer: vectors === 'queries' && oneRow ? '/queries' : `/${vectors}/${row}`,
        detail: `is a vector of length 0 in ${attention.precision}${headAxis ? `, in head ${head}` : ''}, which has no direction; cosine similarity needs one`,
      })),
    );
  }
}
