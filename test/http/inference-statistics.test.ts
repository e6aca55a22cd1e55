import { expect, test } from 'vitest';
import { InferenceStatistics } from '../../src/http/inference-statistics.ts';

const zero = { count: 0, ns: 0 };

test('nothing was asked at first', () => {
  expect(new InferenceStatistics().reply()).toEqual({
    model_stats: [
      {
        name: 'attention',
        version: '1',
        last_inference: 0,
        inference_count: 0,
        execution_count: 0,
        inference_stats: {
          success: zero,
          fail: zero,
          queue: zero,
          compute_input: zero,
          compute_infer: zero,
          compute_output: zero,
          cache_hit: zero,
          cache_miss: zero,
        },
        batch_stats: [],
      },
    ],
  });
});

test('what was answered, and what was not, is counted and added up in nanoseconds', () => {
  const statistics = new InferenceStatistics();
  const before = Date.now();
  statistics.succeeded({ queue: 1, decode: 2, compute: 4, encode: 8 });
  statistics.succeeded({ queue: 0.5, decode: 0.25, compute: 0.125, encode: 0.0000014 });
  statistics.failed(3);
  expect(statistics.reply()).toEqual({
    model_stats: [
      {
        name: 'attention',
        version: '1',
        last_inference: expect.any(Number),
        inference_count: 2,
        execution_count: 2,
        inference_stats: {
          success: { count: 2, ns: 15_875_001 },
          fail: { count: 1, ns: 3_000_000 },
          queue: { count: 2, ns: 1_500_000 },
          compute_input: { count: 2, ns: 2_250_000 },
          compute_infer: { count: 2, ns: 4_125_000 },
          compute_output: { count: 2, ns: 8_000_001 },
          cache_hit: zero,
          cache_miss: zero,
        },
        batch_stats: [
          {
            batch_size: 1,
            compute_input: { count: 2, ns: 2_250_000 },
            compute_infer: { count: 2, ns: 4_125_000 },
            compute_output: { count: 2, ns: 8_000_001 },
          },
        ],
      },
    ],
  });
  expect(statistics.reply()).toMatchObject({ model_stats: [{ last_inference: expect.toSatisfy((at: number) => at >= before) }] });
});

test('a failure alone is no execution', () => {
  const statistics = new InferenceStatistics();
  statistics.failed(3);
  expect(statistics.reply()).toMatchObject({ model_stats: [{ inference_count: 0, batch_stats: [] }] });
});
