import { describe, expect, test } from 'vitest';
import { newBlock } from '../../src/engine/block.ts';
import type { Call, Output } from '../../src/engine/call.ts';
import { attendBySteps } from '../../src/engine/operator.ts';
import { STEPS, stepsUpTo } from '../../src/engine/steps.ts';
import { byDefinition } from './by-definition.ts';
import { randomCall } from './calls.ts';

const OUTPUTS: readonly Output[] = ['scores', 'capped', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight'];
const AXES = { B: 2, H: 4, G: 2, M: 3, N: 5, D: 3, E: 2 };
const PAIRS = { batchStride: 60, headStride: 15, rowStride: 5, keyStride: 1 };
const OPTIONS = {
  scale: 0.7,
  softcap: 0.9,
  // Row 1 of the first batch entry and row 2 of the second see nothing.
  keyRanges: { first: Int32Array.of(0, 2, 1, 0, 0, 3), end: Int32Array.of(5, 2, 4, 5, 3, 3) },
  mask: { data: Uint8Array.from({ length: 120 }, (_, n) => (n % 7 === 3 ? 0 : 1)), ...PAIRS },
  bias: { data: Float64Array.from({ length: 120 }, (_, n) => (n % 11 === 4 ? Number.NEGATIVE_INFINITY : Math.sin(n))), ...PAIRS },
  sink: Float64Array.of(0.5, -1, 0, 2),
  alibi: { slopes: Float64Array.of(0.5, 0.25, 0.125, 0.0625), positions: Int32Array.of(0, 2, 4, 1, 3, 5) },
} satisfies Partial<Call>;

function expectDefinition(options: Partial<Call>, rows?: number): void {
  // The context as [B, H, M, E].
  const contextLayout = { offset: 0, batchStride: 24, headStride: 6, rowStride: 2 };
  const call = randomCall(AXES, 'float64', { contextLayout, ...options });
  const found = attendBySteps(call, STEPS, undefined, rows);
  const exact = byDefinition(call);
  expect(found.fullyMasked).toEqual(exact.fullyMasked);
  expect(found.nonFinite).toBeUndefined();
  for (const output of OUTPUTS) {
    expect(found[output]?.length, output).toBe(exact[output].length);
    found[output]?.forEach((value, n) => {
      const other = exact[output][n] ?? Number.NaN;
      if (value !== other && !(Math.abs(value - other) < 1e-13)) expect.fail(`${output} ${n} is ${value}, not ${other}`);
    });
  }
}

describe('attention is what its formula says', () => {
  test('without an option', () => expectDefinition({}));

  test.each(Object.entries(OPTIONS))('with %s', (name, option) => expectDefinition({ [name]: option }));

  test.each([1, 2, 3])('with every option, in blocks of %d rows', (rows) => expectDefinition(OPTIONS, rows));

  test('with heads side by side in rows that begin further on', () => {
    const given = randomCall(AXES, 'float64');
    const wide = (heads: number, rows: number, width: number, seed: number) => ({
      data: Float64Array.from({ length: 5 + 2 * rows * heads * width }, (_, n) => Math.sin(n + seed)),
      offset: 5,
      batchStride: rows * heads * width,
      headStride: width,
      rowStride: heads * width,
    });
    expectDefinition({
      ...given,
      ...OPTIONS,
      query: wide(4, 3, 3, 1),
      key: wide(2, 5, 3, 2),
      value: wide(2, 5, 2, 3),
      contextLayout: { offset: 0, batchStride: 24, headStride: 6, rowStride: 2 },
    });
  });

  test('with the context where it was asked for', () => {
    const call = randomCall(AXES, 'float64', { want: new Set(['context']) });
    const exact = byDefinition(call).context;
    const { context } = attendBySteps(call);
    context?.forEach((value, n) => {
      const [b, i, h, e] = [Math.floor(n / 24), Math.floor(n / 8) % 3, Math.floor(n / 2) % 4, n % 2];
      expect(value).toBeCloseTo(exact[((b * 4 + h) * 3 + i) * 2 + e] ?? Number.NaN, 13);
    });
    const shifted = attendBySteps({
      ...call,
      contextLayout: { offset: 3, batchStride: 0, headStride: 0, rowStride: 2 },
      axes: { ...AXES, B: 1, H: 1, G: 1 },
    });
    expect(shifted.context?.subarray(0, 3)).toEqual(new Float64Array(3));
    expect(shifted.context?.[3]).toBe(context?.[0]);
  });
});

describe('what is wanted', () => {
  test.each(OUTPUTS)('is given alone: %s', (output) => {
    const call = randomCall(AXES, 'float32', singleOptions());
    const { fullyMasked: _, nonFinite: __, ...alone } = attendBySteps({ ...call, want: new Set([output]) });
    expect(alone).toEqual({ [output]: attendBySteps(call)[output] });
  });
});

/** The options in float32. */
function singleOptions(): Partial<Call> {
  return {
    ...OPTIONS,
    bias: { ...OPTIONS.bias, data: Float32Array.from(OPTIONS.bias.data) },
    sink: Float32Array.from(OPTIONS.sink),
    alibi: { ...OPTIONS.alibi, slopes: Float32Array.from(OPTIONS.alibi.slopes) },
  };
}

describe('a number that is not finite', () => {
  const found = (change: (call: Call) => void, options: Partial<Call> = {}, rows?: number) => {
    const call = randomCall(AXES, 'float64', options);
    change(call);
    return attendBySteps(call, STEPS, undefined, rows);
  };
  /** Query row (b, h, i), and value row (b, g, j). */
  const query = (b: number, h: number, i: number) => ((b * 4 + h) * 3 + i) * 3;
  const value = (b: number, g: number, j: number) => ((b * 2 + g) * 5 + j) * 2;

  test.each([1, 2, 3])('is found in its row, of its head and batch entry, in blocks of %d', (rows) => {
    const { nonFinite } = found(({ query: { data } }) => data.fill(Number.NaN, query(1, 2, 1), query(1, 2, 1) + 1), {}, rows);
    expect(nonFinite).toEqual({ output: 'scores', row: (4 + 2) * 3 + 1 });
  });

  test('is the first of several', () => {
    const { nonFinite } = found(({ query: { data } }) => data.fill(Number.POSITIVE_INFINITY, query(0, 1, 2), query(0, 2, 1)));
    expect(nonFinite).toEqual({ output: 'scores', row: 3 + 2 });
  });

  test('in the last key of the last row is found too', () => {
    const { nonFinite } = found(({ key: { data } }) => data.fill(Number.NaN, data.length - 1), {});
    expect(nonFinite).toEqual({ output: 'scores', row: (4 + 2) * 3 });
  });

  test('is a logit where the bias makes a finite score overflow, either way', () => {
    for (const sign of [1, -1]) {
      const bias = { data: new Float64Array(120), ...PAIRS };
      bias.data[60 + 7] = sign * Number.MAX_VALUE;
      const { nonFinite } = found(({ query: { data } }) => data.fill(1), {
        bias,
        scale: 1,
        alibi: { slopes: Float64Array.of(-sign * 1e308, -sign * 1e308, 0, 0), positions: Int32Array.of(0, 9, 0, 9, 9, 9) },
      });
      expect(nonFinite).toMatchObject({ output: 'logits' });
    }
  });

  test('is a log-sum-exp where a sink is not finite', () => {
    expect(found(() => undefined, { sink: Float64Array.of(0, 0, Number.POSITIVE_INFINITY, 0) }).nonFinite).toEqual({ output: 'lse', row: 6 });
  });

  test('is a context where a value is not finite, if the context is wanted', () => {
    const poison = ({ value: { data } }: Call) => data.fill(Number.POSITIVE_INFINITY, value(0, 1, 3) + 1, value(0, 1, 3) + 2);
    expect(found(poison).nonFinite).toEqual({ output: 'context', row: 6 });
    expect(found(poison, { want: new Set(['lse']) }).nonFinite).toBeUndefined();
  });

  test('of an excluded key, or in a row without a key, is none', () => {
    const poison = ({ key, value: { data } }: Call) => {
      key.data.fill(Number.NaN, 0, 3);
      data.fill(Number.NaN, 0, 2);
    };
    const keyRanges = { first: Int32Array.of(1, 1, 5, 0, 0, 0), end: Int32Array.of(5, 5, 5, 5, 5, 5) };
    const { nonFinite, context, fullyMasked } = found(poison, { keyRanges });
    expect([nonFinite, context?.every(Number.isFinite), fullyMasked]).toEqual([undefined, true, [2, 5, 8, 11]]);
  });

  test('ends the call where only finite numbers will do', () => {
    let blocks = 0;
    const checkpoint = () => blocks++;
    const poison = ({ query: { data } }: Call) => data.fill(Number.NaN, query(0, 1, 1), query(0, 1, 1) + 1);
    const ended = found(poison, { finiteOnly: true, checkpoint }, 1);
    expect([ended.nonFinite, ended.fullyMasked, blocks]).toEqual([{ output: 'scores', row: 4 }, [], 5]);
    blocks = 0;
    expect(found(poison, { checkpoint }, 1).nonFinite).toEqual({ output: 'scores', row: 4 });
    expect(blocks).toBe(24);
    expect(found(() => undefined, { finiteOnly: true }).nonFinite).toBeUndefined();
  });
});

describe('the steps', () => {
  test('up to one of them are those before it, and it', () => {
    expect(stepsUpTo('softcap').map(({ name }) => name)).toEqual(['dot', 'scale', 'softcap']);
    expect(stepsUpTo('dot')).toEqual([STEPS[0]]);
    expect(stepsUpTo('weightedSum')).toEqual(STEPS);
  });

  test('leave what is in a block behind its rows alone', () => {
    const call = randomCall(AXES, 'float64', OPTIONS);
    const block = newBlock(call, 3);
    const matrices = [block.logits, block.scores, block.excluded, block.exponentials, block.weights];
    for (const matrix of [...matrices, block.context]) matrix.fill(7);
    Object.assign(block, { b: 1, h: 3, g: 1, rows: 2 });
    for (const step of STEPS) step.run(call, block);
    for (const matrix of matrices) expect(Array.from(matrix.subarray(10))).toEqual(Array(5).fill(7));
    expect([Array.from(block.context.subarray(4)), block.sums.length]).toEqual([[7, 7], 2]);
    expect(block.weights.subarray(0, 10).includes(7)).toBe(false);
  });

  test('skip an excluded key, whatever its logit', () => {
    const call = randomCall({ N: 3, D: 1, E: 1 }, 'float64');
    const block = newBlock(call, 1);
    block.logits.set([1, 1000, 1]);
    block.excluded.set([0, 1, 0]);
    STEPS[6].run(call, block);
    expect([Array.from(block.weights), Array.from(block.exponentials)]).toEqual([
      [0.5, 0, 0.5],
      [1, 0, 1],
    ]);
    expect(block.sums).toEqual([{ max: 1, sum: 2, lse: 1 + Math.LN2, sinkShifted: Number.NEGATIVE_INFINITY, sinkExponential: 0, sinkWeight: 0 }]);
  });
});
