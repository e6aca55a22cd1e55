import { ZeroVectors } from '../engine/errors.ts';
import { tokenSizes } from '../engine/token-attention.ts';
import { drawWeights, MOST_DRAWN, MOST_MARKS, marksOf } from '../explain/heatmap.ts';
import { MOST_WALKED, walkThrough, writtenNumbers } from '../explain/walkthrough.ts';
import { InvalidRequest } from '../wire/faults.ts';
import type { AttentionOrder } from '../wire/members.ts';
import type { Means, Task } from './answer.ts';
import { costOf, lessonHolds, lessonLoad, paceOf } from './cost.ts';
import { refuseMarks, refuseReply, refuseShown, refuseTooMuch } from './limits.ts';
import type { Stages } from './stages.ts';

/** Ways to show a lesson to people: the walk-through, or the picture. */
export type Showing = 'markdown' | 'svg';

/**
 * The task of showing a lesson, once it is within the limits. `include` plays no part.
 * @throws WorkTooLarge
 */
export function showingTask(asked: AttentionOrder, as: Showing, { kernel, limits, checkpoint }: Means, stages?: Stages): Task {
  const { labels } = asked;
  const lesson = { ...asked.attention, include: new Set(['weights', 'context'] as const) };
  const sizes = tokenSizes(lesson);
  const { h, m, n } = sizes;
  const show = as === 'markdown' ? walkThrough : drawWeights;
  if (as === 'markdown') refuseShown(sizes, MOST_WALKED, 'the walk-through');
  else {
    refuseShown(sizes, MOST_DRAWN, 'the heatmap');
    refuseMarks(marksOf(sizes), MOST_MARKS, sizes);
  }
  refuseTooMuch(lesson, limits);
  // A cell is as long as some ten numbers.
  const numbers = as === 'markdown' ? writtenNumbers(sizes) : 10 * h * m * n;
  if (as === 'markdown') refuseReply(numbers, limits);
  return {
    cost: costOf(lessonLoad(lesson, numbers), paceOf(kernel, lesson.precision)),
    holds: lessonHolds(lesson, numbers),
    carryOut() {
      const body = sayingWhere(asked, () => show(lesson, labels, kernel, checkpoint));
      stages?.end('compute');
      stages?.end('encode');
      return { body };
    },
  };
}

/** What `compute` gives. @throws InvalidRequest at the vectors of length 0, where the similarity is cosine */
export function sayingWhere<Result>({ attention, printing: { oneRow, headAxis } }: AttentionOrder, compute: () => Result): Result {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof ZeroVectors)) throw error;
    throw new InvalidRequest(
      error.rows.map(({ vectors, row, head }) => ({
        pointer: vectors === 'queries' && oneRow ? '/queries' : `/${vectors}/${row}`,
        detail: `is a vector of length 0 in ${attention.precision}${headAxis ? `, in head ${head}` : ''}, which has no direction; cosine similarity needs one`,
      })),
    );
  }
}
