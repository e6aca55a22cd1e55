import type { Call } from '../engine/call.ts';
import type { Floats, Matrix } from '../engine/tensor.ts';
import { type TokenAttention, tokenSizes } from '../engine/token-attention.ts';
import type { TokenResult, TokenSizes } from '../engine/token-outputs.ts';
import { type Name, type Names, namesOf } from './labels.ts';
import { bracketed, entries } from './numbers.ts';
import type { Recording } from './recording.ts';
import { type RowTrace, traceRows } from './trace.ts';

/** One query row in one head: its numbers, and what it and the keys are called. */
export interface Scene extends RowTrace {
  readonly name: Name;
  /** Where it stands among the tokens; undefined for vectors from outside that stand nowhere. */
  readonly position: number | undefined;
  /** The token that is the query; undefined for vectors from outside. */
  readonly self: number | undefined;
  readonly title: string;
  /** The keys that are not excluded, in order. */
  readonly attended: readonly number[];
  /** The weights and the sink's share as the reply has them. */
  readonly weights: Floats;
  readonly sinkWeight: number;
}

interface ValueText {
  readonly text: string;
  readonly numbers: readonly string[];
}

/** All that the walk-through tells of. */
export interface Story {
  readonly attention: TokenAttention;
  readonly sizes: TokenSizes;
  readonly call: Call;
  readonly names: Names;
  readonly recording: Recording;
  /** Head by head, row by row. */
  readonly scenes: readonly Scene[];
  /** [m, width], as the reply has it. */
  readonly context: Floats;
  /** The value of key j in a scene, as text, and the numbers that stand in it; made once for all queries. */
  readonly valueText: (scene: Scene, j: number) => ValueText;
}

/**
 * @param result has the weights, the sink's and the context
 * @throws ArithmeticOverflow
 */
export function tell(attention: TokenAttention, labels: readonly string[] | undefined, recording: Recording, result: TokenResult): Story {
  const sizes = tokenSizes(attention);
  const { call } = recording;
  const names = namesOf(sizes.n, attention.queries, labels);
  const of = (output: 'weights' | 'sink_weight' | 'context') => result.tensors.get(output)?.data ?? new Float32Array();
  const weights = of('weights');
  const sinkWeights = of('sink_weight');
  const scenes = traceRows(call, (trace): Scene => {
    const { head, row, excluded } = trace;
    const r = head * sizes.m + row;
    const name = names.queries[row] ?? { whole: '', plain: '', quoted: '', cell: '' };
    return {
      ...trace,
      ...positionOf(attention, row),
      name,
      title: `### ${titleOf(name, attention)}${sizes.h > 1 ? `, head ${head}` : ''}`,
      attended: Array.from(excluded.keys()).filter((j) => excluded[j] === 0),
      weights: weights.subarray(r * sizes.n, (r + 1) * sizes.n),
      sinkWeight: sinkWeights[r] ?? 0,
    };
  });
  return { attention, sizes, call, names, recording, scenes, context: of('context'), valueText: valueTexts(sizes) };
}

function valueTexts({ h, kvHeads, n }: TokenSizes): Story['valueText'] {
  const texts: ValueText[] = [];
  return (scene, j) => {
    const place = Math.floor(scene.head / (h / kvHeads)) * n + j;
    texts[place] ??= textOf(scene.value(j));
    return texts[place];
  };
}

function textOf(value: ArrayLike<number>): ValueText {
  const numbers = entries(value);
  return { text: bracketed(numbers, value.length), numbers };
}

function positionOf({ queries }: TokenAttention, row: number): Pick<Scene, 'position' | 'self'> {
  if (queries.from === 'tokens') return { position: queries.positions[row], self: queries.positions[row] };
  return { position: queries.start === undefined ? undefined : queries.start + row, self: undefined };
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

/** A block for each query row, for what is the same in every head. */
export function eachRow(story: Story, tellOf: (scene: Scene) => string): string[] {
  const first = story.scenes.slice(0, story.sizes.m);
  if (first.length === 1) return first.map(tellOf);
  return first.map((scene) => `### ${titleOf(scene.name, story.attention)}\n\n${tellOf(scene)}`);
}

/** A query as a heading: a vector from outside is called a query already. */
function titleOf({ quoted }: Name, { queries }: TokenAttention): string {
  return queries.from === 'queries' ? capital(quoted) : `Query ${quoted}`;
}

/** Row r of a matrix. */
export function rowOf({ data, columns }: Matrix, r: number): Floats {
  return data.subarray(r * columns, (r + 1) * columns);
}

/** A sentence begins. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
