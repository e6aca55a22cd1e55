import { type Lesson, type LessonResult, type LessonSizes, lessonSizes, type Stage, type Witness } from '../engine/lesson.ts';
import type { Problem } from '../engine/operator.ts';
import type { Floats, Matrix } from '../engine/tensor.ts';
import { type Name, type Names, namesOf } from './labels.ts';
import { vector } from './numbers.ts';
import { type RowTrace, traceRow } from './trace.ts';

/** Queries, keys and values after one step. */
export interface Vectors {
  readonly queries: Matrix;
  readonly keys: Matrix;
  readonly values: Matrix;
}

/** Looks on while a lesson is computed, and keeps what it sees. */
export class Notes implements Witness {
  readonly stages = new Map<Stage, Vectors>();
  #problem: Problem | undefined;

  vectors(stage: Stage, vectors: Vectors): void {
    this.stages.set(stage, vectors);
  }

  problem(problem: Problem): void {
    this.#problem = problem;
  }

  /** The problem that the operator got. */
  get noted(): Problem {
    if (!this.#problem) throw new Error('the lesson was not attended to');
    return this.#problem;
  }
}

/** One asking row in one head: its numbers, and how it and the keys are called. */
export interface Scene extends RowTrace {
  readonly asks: Name;
  /** Where it stands among the tokens; undefined for vectors from outside that stand nowhere. */
  readonly position: number | undefined;
  /** The token that asks; undefined for vectors from outside. */
  readonly self: number | undefined;
  readonly title: string;
  /** The keys that are not excluded, in order. */
  readonly attended: readonly number[];
  /** The weights and the sink's share as the reply has them. */
  readonly weights: Floats;
  readonly sinkWeight: number;
}

/** All that the walk-through tells of. */
export interface Story {
  readonly lesson: Lesson;
  readonly sizes: LessonSizes;
  readonly problem: Problem;
  readonly names: Names;
  readonly stages: ReadonlyMap<Stage, Vectors>;
  /** Head by head, row by row. */
  readonly scenes: readonly Scene[];
  /** [m, width], as the reply has it. */
  readonly context: Floats;
  /** The value of key j in a scene, as text; made once for all who ask. */
  readonly valueText: (scene: Scene, j: number) => string;
}

/**
 * @param result has the weights, the sink's and the context
 * @throws ArithmeticOverflow
 */
export function tell(lesson: Lesson, labels: readonly string[] | undefined, notes: Notes, result: LessonResult): Story {
  const sizes = lessonSizes(lesson);
  const problem = notes.noted;
  const names = namesOf(sizes.n, lesson.asking, labels);
  const of = (output: 'weights' | 'sink_weight' | 'context') => result.tensors.get(output)?.data ?? new Float32Array();
  const weights = of('weights');
  const sinkWeights = of('sink_weight');
  const scenes = Array.from({ length: sizes.h * sizes.m }, (_, r): Scene => {
    problem.checkpoint?.();
    const head = Math.floor(r / sizes.m);
    const row = r % sizes.m;
    const trace = traceRow(problem, head, row);
    const asks = names.asking[row] ?? { whole: '', plain: '', quoted: '', cell: '' };
    return {
      ...trace,
      ...placeOf(lesson, row),
      asks,
      title: `### ${capital(asks.quoted)} asks${sizes.h > 1 ? `, head ${head}` : ''}`,
      attended: Array.from(trace.excluded.keys()).filter((j) => trace.excluded[j] === 0),
      weights: weights.subarray(r * sizes.n, (r + 1) * sizes.n),
      sinkWeight: sinkWeights[r] ?? 0,
    };
  });
  return { lesson, sizes, problem, names, stages: notes.stages, scenes, context: of('context'), valueText: valueTexts(sizes) };
}

function valueTexts({ h, kvHeads, n }: LessonSizes): Story['valueText'] {
  const texts: string[] = [];
  return (scene, j) => {
    const place = Math.floor(scene.head / (h / kvHeads)) * n + j;
    const text = texts[place] ?? vector(scene.value(j));
    texts[place] = text;
    return text;
  };
}

function placeOf({ asking }: Lesson, row: number): Pick<Scene, 'position' | 'self'> {
  if (asking.from === 'tokens') return { position: asking.positions[row], self: asking.positions[row] };
  return { position: asking.start === undefined ? undefined : asking.start + row, self: undefined };
}

/** A key as a sentence about the scene calls it. */
export function called({ names }: Story, scene: Scene, j: number): string {
  return j === scene.self ? 'itself' : (names.tokens[j]?.quoted ?? '');
}

/** A block for each scene, under a heading of its own where there are several. */
export function eachScene(story: Story, tellOf: (scene: Scene) => string): string[] {
  if (story.scenes.length === 1) return story.scenes.map(tellOf);
  return story.scenes.map((scene) => `${scene.title}\n\n${tellOf(scene)}`);
}

/** A block for each asking row, for what is the same in every head. */
export function eachRow(story: Story, tellOf: (scene: Scene) => string): string[] {
  const first = story.scenes.slice(0, story.sizes.m);
  if (first.length === 1) return first.map(tellOf);
  return first.map((scene) => `### ${capital(scene.asks.quoted)} asks\n\n${tellOf(scene)}`);
}

/** Row r of a matrix. */
export function rowOf({ data, columns }: Matrix, r: number): Floats {
  return data.subarray(r * columns, (r + 1) * columns);
}

/** A sentence begins. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
