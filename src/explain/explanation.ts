import type { Kernel } from '../engine/kernels/kernel.ts';
import { type Lesson, lessonSizes, openLesson } from '../engine/lesson.ts';
import { attends } from '../engine/mask.ts';
import { attention } from '../engine/operator.ts';
import { heatmap } from './heatmap.ts';
import { namesOf } from './labels.ts';

/** The walk-through and the trace are for reading: at most so many asking rows, and so many keys. */
export const MOST_WALKED = { rows: 64, keys: 256 } as const;
/** A panel of the heatmap; and all of them together, since a picture of more can't be looked at. */
export const MOST_DRAWN = { rows: 256, keys: 256, cells: 1_048_576 } as const;

/** The weights of a lesson as a picture. @throws ZeroVectors */
export function drawWeights(lesson: Lesson, labels: readonly string[] | undefined, kernel: Kernel): string {
  const problem = { ...openLesson(lesson), want: new Set(['weights'] as const) };
  const { weights = [] } = attention(problem, kernel);
  const { h, m, n } = lessonSizes(lesson);
  const names = namesOf(lesson, labels);
  return heatmap({ weights, masked: (g, i, j) => !attends(problem, 0, g, i, j), h, m, n, tokens: names.tokens, asking: names.asking });
}
