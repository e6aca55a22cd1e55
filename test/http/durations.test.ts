import { describe, expect, test } from 'vitest';
import { DurationHistogram, Durations } from '../../src/http/durations.ts';

/** How many took at most so many seconds, by bucket, with sum and count. */
function read(durations: Durations) {
  const series = durations.series('took', { route: '/a' });
  const buckets = new Map(series.filter(({ metricName }) => metricName === 'took_bucket').map(({ labels, value }) => [labels['le'], value]));
  const of = (name: string) => series.find(({ metricName }) => metricName === name)?.value;
  return { series, buckets, sum: of('took_sum'), count: of('took_count') };
}

describe('durations', () => {
  test('are none before the first', () => {
    const { buckets, sum, count } = read(new Durations());
    expect([new Set(buckets.values()), sum, count]).toEqual([new Set([0]), 0, 0]);
  });

  test('fall into every bucket whose bound, in seconds, they do not pass', () => {
    const durations = new Durations();
    for (const ms of [0.01, 1, 1.001, 30_000, 31_000]) durations.add(ms);
    const { buckets, sum, count } = read(durations);
    // A bound belongs to its bucket, as Prometheus has it.
    expect([0.00005, 0.0005, 0.001, 0.0025, 10, 30, '+Inf'].map((bound) => buckets.get(bound))).toEqual([1, 1, 2, 3, 3, 4, 5]);
    expect(sum).toBeCloseTo(61.002011, 9);
    expect(count).toBe(5);
  });

  test('have bounds that rise, and the labels of what they were of', () => {
    const { series, buckets } = read(new Durations());
    const bounds = [...buckets.keys()];
    expect(bounds.at(-1)).toBe('+Inf');
    const numbers = bounds.slice(0, -1).map(Number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers).toHaveLength(18);
    for (const { labels, sharedLabels } of series) expect([labels['route'], sharedLabels]).toEqual(['/a', {}]);
  });
});

test('a histogram is made of the durations when it is asked for', async () => {
  const durations = new Durations();
  const histogram = new DurationHistogram({ name: 'took', help: 'How long.', labelNames: ['route'], registers: [] }, () => [
    [{ route: '/a' }, durations],
  ]);
  durations.add(2);
  expect(await histogram.getForPromString()).toEqual({
    name: 'took',
    help: 'How long.',
    type: 'histogram',
    aggregator: 'sum',
    values: durations.series('took', { route: '/a' }),
  });
});
