import { ROUND } from '../engine/arithmetic.ts';
import type { Block } from '../engine/block.ts';
import type { Call, SoftmaxPrecision } from '../engine/call.ts';
import type { Step } from '../engine/steps.ts';
import type { Floats, Matrix } from '../engine/tensor.ts';
import type { TokenAttention } from '../engine/token-attention.ts';
import type { Vectors, WayInStep } from '../engine/way-in.ts';
import type { Answer } from './answer.ts';
import { comparable, errorOf, type Observed } from './observed.ts';
import type { Plan } from './plan.ts';
import type { Predictor } from './predictor.ts';
import { printingError } from './printing.ts';

/** The arithmetics that numbers can come from, from the finest to the coarsest. */
export const ARITHMETICS = ['float64', 'float32', 'float16', 'bfloat16'] as const satisfies readonly SoftmaxPrecision[];
export type Arithmetic = (typeof ARITHMETICS)[number];

/** Half a unit in the last place of a number near 1. */
export const HALF_UNIT: Readonly<Record<Arithmetic, number>> = { float64: 2 ** -53, float32: 2 ** -24, float16: 2 ** -11, bfloat16: 2 ** -8 };

/** The plan with its inputs rounded to an arithmetic, and every result that is stored; sums are double. */
export function inArithmetic(plan: Plan, arithmetic: Arithmetic): Plan {
  const round = ROUND[arithmetic];
  const all = (data: Floats): Floats => data.map(round);
  return {
    ...plan,
    attention: withNumbers(plan.attention, all),
    wayIn: plan.wayIn.map(
      (step): WayInStep => ({ name: step.name, run: (way, vectors, checkpoint) => roundedVectors(step.run(way, vectors, checkpoint), all) }),
    ),
    steps: plan.steps.map((step) => storing(step, round)),
    stored: all,
    vectorsKey: `${plan.vectorsKey}@${arithmetic}`,
  };
}

/** The request with each of its arrays of numbers changed. */
function withNumbers(attention: TokenAttention, change: (data: Floats) => Floats): TokenAttention {
  const matrix = (of: Matrix): Matrix => ({ ...of, data: change(of.data) });
  const { tokens, queries, values, projections, bias, sink, position } = attention;
  const projected = Object.entries(projections).map(([name, { weight, bias: added }]) => [
    name,
    { weight: weight && matrix(weight), bias: added && change(added) },
  ]);
  return {
    ...attention,
    tokens: matrix(tokens),
    queries: queries.from === 'queries' ? { ...queries, vectors: matrix(queries.vectors) } : queries,
    values: values && matrix(values),
    projections: Object.fromEntries(projected) as TokenAttention['projections'],
    bias: bias && { ...bias, data: change(bias.data) },
    sink: sink && change(sink),
    position: position?.type === 'alibi' && position.slopes ? { ...position, slopes: change(position.slopes) } : position,
  };
}

function roundedVectors({ queries, keys, values }: Vectors, all: (data: Floats) => Floats): Vectors {
  const rounded = { ...keys, data: all(keys.data) };
  // Values that are the keys stay them, as the step that adds positions wants it.
  return {
    queries: { ...queries, data: all(queries.data) },
    keys: rounded,
    values: values === keys ? rounded : { ...values, data: all(values.data) },
  };
}

function storing(step: Step, round: (value: number) => number): Step {
  return {
    ...step,
    run(call: Call, block: Block) {
      step.run(call, block);
      const { logits, weights, context, sums, rows } = block;
      for (const data of [logits, weights, context]) for (let k = 0; k < data.length; k++) data[k] = round(data[k] ?? 0);
      for (let i = 0; i < rows; i++) {
        const of = sums[i];
        if (of) sums[i] = { ...of, lse: round(of.lse) };
      }
    },
  };
}

/** So many times the error of the same computation rounded so is still its rounding: another order, another place to store. */
const SLACK = 8;
/** Errors of double precision stay below this part of a number, and those of float32 above it. */
const DOUBLE = 2 ** -38;
/** Where numbers are not exactly those of an arithmetic, so many are needed to tell by the size of their errors. */
const FEWEST_BY_SIZE = 8;

/** What a plan gives, and what was observed beside it. */
interface Beside {
  readonly plan: Plan;
  readonly answer: Answer;
  readonly observed: readonly Observed[];
  readonly predictor: Predictor;
  readonly heads: number;
}

/**
 * The arithmetic whose rounding the errors look like: the finest in which the same computation is off by about as much.
 * Between float16 and bfloat16, which are near each other, it goes by whether all numbers are exactly of one of them, and
 * else by the size of the errors. Numbers printed with a few decimals look like none.
 */
export function arithmeticOf(beside: Beside): Arithmetic | undefined {
  const errors = residuals(beside.observed, beside.answer, beside.heads);
  if (errors.every(({ error, wanted }) => error <= DOUBLE * Math.max(1, Math.abs(wanted)))) return 'float64';
  if (errors.some(({ error }) => !Number.isFinite(error))) return undefined;
  const scales = new Map<Arithmetic, Scale>();
  const scaleOf = (arithmetic: Arithmetic): Scale => {
    const scale = scales.get(arithmetic) ?? roundingScale(beside, arithmetic);
    scales.set(arithmetic, scale);
    return scale;
  };
  const within = (arithmetic: Arithmetic) => {
    const { worst } = scaleOf(arithmetic);
    return errors.every(({ error, wanted, of }) => error <= SLACK * (worst[of] ?? 0) + 2 * HALF_UNIT[arithmetic] * Math.abs(wanted));
  };
  if (within('float32')) return 'float32';
  for (const arithmetic of ['bfloat16', 'float16'] as const)
    if (areOf(arithmetic, beside.observed)) return within(arithmetic) ? arithmetic : undefined;
  const printing = printingError(beside.observed);
  if (errors.length < FEWEST_BY_SIZE || !within('bfloat16')) return undefined;
  if (printing !== undefined && errors.every(({ error }) => error <= printing)) return undefined;
  const mean = rootMeanSquare(errors.map(({ error }) => error));
  // Halfway, by ratio, between the two.
  return within('float16') && mean <= Math.sqrt(8) * scaleOf('float16').mean ? 'float16' : 'bfloat16';
}

interface Residual {
  readonly error: number;
  readonly wanted: number;
  /** Which of the observed outputs. */
  readonly of: number;
}

function residuals(observed: readonly Observed[], answer: Answer, h: number): Residual[] {
  return observed.flatMap((seen, of) =>
    Array.from(comparable(answer, seen, { h }), (wanted, k) => ({ error: errorOf(seen.data[k] ?? 0, wanted), wanted, of })),
  );
}

/** How far the same computation is off in an arithmetic: at most in each output, and in the mean. */
interface Scale {
  readonly worst: readonly number[];
  readonly mean: number;
}

function roundingScale({ plan, answer, observed, predictor, heads }: Beside, arithmetic: Arithmetic): Scale {
  const rounded = predictor.predict(inArithmetic(plan, arithmetic), new Set(observed.map(({ output }) => output)));
  const outputs = observed.map((seen) => {
    const coarse = comparable(rounded, seen, { h: heads });
    return Array.from(comparable(answer, seen, { h: heads }), (wanted, k) => errorOf(coarse[k] ?? 0, wanted)).filter(Number.isFinite);
  });
  return { worst: outputs.map((errors) => errors.reduce((most, error) => Math.max(most, error), 0)), mean: rootMeanSquare(outputs.flat()) };
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, values.length));
}

/** A number that was printed as a float32 is read back within this part of itself. */
const PRINTED = 2 ** -21;

/** Whether every number is one of that arithmetic, as it is printed in full or as a float32. */
export function areOf(arithmetic: Arithmetic, observed: readonly Observed[]): boolean {
  return observed.every(({ data }) =>
    data.every((value) => Number.isNaN(value) || Math.abs(ROUND[arithmetic](value) - value) <= PRINTED * Math.abs(value)),
  );
}
