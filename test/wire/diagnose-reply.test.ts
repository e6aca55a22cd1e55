import { expect, test } from 'vitest';
import { printDiagnoseReply, type Said } from '../../src/wire/diagnose-reply.ts';
import type { ObservedOutput } from '../../src/wire/diagnose-request.ts';

const observed = (output: ObservedOutput['output'], shape: readonly number[]): ObservedOutput => ({
  output,
  data: new Float64Array(shape.reduce((size, axis) => size * axis, 1)),
  shape,
  heads: 1,
  perRow: shape.at(-1) ?? 1,
});
const errors = (place: number) => ({ maxAbsolute: 0.5, maxRelative: 0.25, place, correlation: -1 });
const NO_BOUNDS = { float64: [], float32: [], float16: [], bfloat16: [] };
const SAID: Said = { matches: false, errors: [], mistakes: [], precision: undefined, toleranceIsBlind: false, certified: NO_BOUNDS };

const print = (said: Partial<Said>, ...outputs: ObservedOutput[]) => JSON.parse(printDiagnoseReply({ ...SAID, ...said }, outputs));

test('every member of a diagnosis is printed, and what is said of an output stands under its name', () => {
  const mistakes = [{ code: 'scale-twice', title: 'T', explanation: 'E', max_absolute_error: 1e-9 }] as const;
  const reply = print(
    {
      matches: true,
      errors: [errors(1), { ...errors(0), maxAbsolute: 0.125 }],
      mistakes: [...mistakes],
      precision: 'float16',
      toleranceIsBlind: true,
      certified: { float64: [1, 2], float32: [3, 4], float16: [5, 6], bfloat16: [7, 8] },
    },
    observed('weights', [3]),
    observed('lse', [1]),
  );
  expect(reply).toEqual({
    matches: true,
    errors: {
      weights: { max_absolute: 0.5, max_relative: 0.25, pointer: '/observed/weights/1', correlation: -1 },
      lse: { max_absolute: 0.125, max_relative: 0.25, pointer: '/observed/lse/0', correlation: -1 },
    },
    mistakes,
    precision: 'float16',
    tolerance_is_blind: true,
    certified: {
      float64: { weights: 1, lse: 2 },
      float32: { weights: 3, lse: 4 },
      float16: { weights: 5, lse: 6 },
      bfloat16: { weights: 7, lse: 8 },
    },
  });
});

test('what is not known, or not finite, is null', () => {
  const unknown = { maxAbsolute: Number.NaN, maxRelative: undefined, place: 0, correlation: undefined };
  const certified = { ...NO_BOUNDS, float16: [Number.POSITIVE_INFINITY] };
  const reply = print({ errors: [unknown], certified }, observed('context', [2]));
  expect(reply.errors.context).toEqual({ max_absolute: null, max_relative: null, pointer: '/observed/context/0', correlation: null });
  expect(reply.precision).toBeNull();
  expect(reply.certified.float16).toEqual({ context: null });
});

test.each([
  [[], 0, ''],
  [[4], 3, '/3'],
  [[2, 3], 2, '/0/2'],
  [[2, 3], 3, '/1/0'],
  [[2, 3, 4], 23, '/1/2/3'],
  [[2, 3, 4], 16, '/1/1/0'],
])('of the shape %j, the number at %i is pointed at by its indices', (shape, place, indices) => {
  expect(print({ errors: [errors(place)] }, observed('scores', shape)).errors.scores.pointer).toBe(`/observed/scores${indices}`);
});
