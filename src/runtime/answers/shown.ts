import { tokenSizes } from '../../engine/token-attention.ts';
import { drawWeights, MOST_DRAWN, MOST_MARKS, marksOf } from '../../explain/heatmap.ts';
import { MOST_WALKED, walkThrough, writtenNumbers } from '../../explain/walkthrough.ts';
import { DOUBLES, readAttentionRequest } from '../../wire/attention-request.ts';
import type { JsonReader } from '../../wire/numbers/number-reader.ts';
import { costOf, paceOf, tokenHolds, tokenLoad } from '../cost.ts';
import { axesOf, refuseMarks, refuseReply, refuseShown, refuseTooMuch } from '../limits.ts';
import type { Means, QuestionOf, Task } from '../question.ts';
import { readJsonBody } from './body.ts';
import { pointingAtZeroVectors } from './zero-vectors.ts';

/** Attention over tokens, shown to people. `include` plays no part. */
export function shown({ body, as }: QuestionOf<'shown'>, { kernel, limits, makeRoom, checkpoint }: Means, reader?: JsonReader): Task {
  const order = readAttentionRequest(readJsonBody(body, reader, DOUBLES, makeRoom));
  const attention = { ...order.attention, include: new Set(['weights', 'context'] as const) };
  const sizes = tokenSizes(attention);
  const { h, m, n } = sizes;
  const show = as === 'markdown' ? walkThrough : drawWeights;
  if (as === 'markdown') refuseShown(sizes, MOST_WALKED, 'the walk-through');
  else {
    refuseShown(sizes, MOST_DRAWN, 'the heatmap');
    refuseMarks(marksOf(sizes), MOST_MARKS, sizes);
  }
  const { work } = refuseTooMuch(attention, limits);
  // A cell is as long as some ten numbers.
  const numbers = as === 'markdown' ? writtenNumbers(sizes) : 10 * h * m * n;
  if (as === 'markdown') refuseReply(numbers, limits);
  return {
    sizes: axesOf(sizes),
    work,
    cost: costOf(tokenLoad(attention, numbers), paceOf(kernel, attention.precision)),
    holds: tokenHolds(attention, numbers),
    carryOut(computed) {
      // Words and marks are made as the numbers come, so no time is left for printing.
      const text = pointingAtZeroVectors(order, () => show(attention, order.labels, kernel, checkpoint));
      computed?.();
      return { body: text };
    },
  };
}
