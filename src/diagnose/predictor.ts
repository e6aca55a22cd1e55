import type { Call } from '../engine/call.ts';
import { attendBySteps } from '../engine/operator.ts';
import { project } from '../engine/projection.ts';
import type { Floats } from '../engine/tensor.ts';
import { callOf, tokenSizes } from '../engine/token-attention.ts';
import { projectingBy, type Vectors, vectorsBySteps, WAY_IN } from '../engine/way-in.ts';
import { type Answer, OBSERVABLE, type Observable } from './answer.ts';
import type { Plan } from './plan.ts';
import { ProjectionMemory } from './projection-memory.ts';
import { takeRowsOfCall } from './rows.ts';

/** Computes what plans give, in double precision. Vectors that several plans share are made once. */
export class Predictor {
  readonly #checkpoint: (() => void) | undefined;
  readonly #vectors = new Map<string, Vectors>();
  readonly #project = projectingBy(new ProjectionMemory().project);

  constructor(checkpoint?: () => void) {
    this.#checkpoint = checkpoint;
  }

  /**
   * What a plan gives of these outputs, for all query rows, or for these alone.
   * @throws ZeroVectors where cosine similarity meets a vector of length 0
   */
  predict(plan: Plan, want: ReadonlySet<Observable>, rows?: readonly number[]): Answer {
    const all = { ...this.callOf(plan), want };
    const { H, M } = all.axes;
    const made = rows && rowsMade(plan, rows, all.axes);
    const call = made ? takeRowsOfCall(all, made) : all;
    const result = attendBySteps(call, plan.steps, undefined, plan.acrossRows ? Math.max(1, M) : undefined);
    const answer: Answer = {};
    for (const output of OBSERVABLE) {
      const data = result[output];
      if (!data) continue;
      if (output === 'context') answer.context = contextOf(plan, { data, call, all, made, rows });
      else answer[output] = rows && rows !== made ? picked(data, [H, made?.length ?? M], made ? rows.map((row) => made.indexOf(row)) : rows) : data;
    }
    return plan.report(answer, { ...tokenSizes(plan.attention), m: rows?.length ?? M });
  }

  /** The call that a plan comes to. */
  callOf(plan: Plan): Call {
    const { attention } = plan;
    const call = callOf(attention, tokenSizes(attention), this.#vectorsOf(plan));
    return plan.changeCall({ ...call, finiteOnly: false, checkpoint: this.#checkpoint });
  }

  #vectorsOf({ attention, wayIn, vectorsKey }: Plan): Vectors {
    const known = this.#vectors.get(vectorsKey);
    if (known) return known;
    const steps = wayIn.map((step) => (step === PROJECT ? { ...step, run: this.#project } : step));
    const vectors = vectorsBySteps(attention, steps, undefined, this.#checkpoint);
    if (isShared(vectorsKey)) this.#vectors.set(vectorsKey, vectors);
    return vectors;
  }
}

/** The rows that are computed for these: themselves, and those that their context vectors come from; undefined for all. */
function rowsMade(plan: Plan, rows: readonly number[], axes: Call['axes']): readonly number[] | undefined {
  if (plan.acrossRows) return undefined;
  const behind = plan.rowsBehind(rows, axes);
  return behind === rows ? rows : [...new Set([...rows, ...behind])];
}

const PROJECT = WAY_IN.find(({ name }) => name === 'project');

/** Vectors of the right plan and of a single change come again with others; those of two changes, or rounded, do not. */
function isShared(vectorsKey: string): boolean {
  return vectorsKey.split('|').length <= 2 && !vectorsKey.includes('@');
}

/** Context vectors of the operator, and of which query rows they are. */
interface Contexts {
  readonly data: Floats;
  /** The call that gave them, of the rows `made` where there are any, else of all. */
  readonly call: Call;
  readonly all: Call;
  readonly made: readonly number[] | undefined;
  /** The rows that are wanted; all where there are none. */
  readonly rows: readonly number[] | undefined;
}

/** The heads' context vectors joined and projected. */
function contextOf({ attention, join, stored }: Plan, { data, call, all, made, rows }: Contexts): Floats {
  const { H, M, E } = all.axes;
  const width = H * E;
  const joined = stored(rows === made ? join(data, call) : picked(join(made ? spread(data, width, made, M) : data, all), [1, M], rows ?? []));
  const { weight, bias } = attention.projections.output;
  if (!weight && !bias) return joined;
  return stored(project({ data: joined, rows: joined.length / width, columns: width }, { weight, bias }, 'float64').data);
}

/** Of each block of [blocks, count, width] the rows at these places. */
function picked(data: Floats, [blocks, count]: readonly [number, number], rows: readonly number[]): Floats {
  const width = data.length / (blocks * count);
  const out = new Float64Array(blocks * rows.length * width);
  for (let block = 0; block < blocks; block++) {
    rows.forEach((row, r) => {
      const from = (block * count + row) * width;
      out.set(data.subarray(from, from + width), (block * rows.length + r) * width);
    });
  }
  return out;
}

/** Rows put to their places among so many, the others zero. */
function spread(data: Floats, width: number, rows: readonly number[], count: number): Floats {
  const out = new Float64Array(count * width);
  rows.forEach((row, r) => {
    out.set(data.subarray(r * width, (r + 1) * width), row * width);
  });
  return out;
}
