import { expect, test } from 'vitest';
import { serverTiming } from '../../src/http/server-timing.ts';

test('Server-Timing says each stage in milliseconds, to the microsecond', () => {
  expect(serverTiming({ queue: 9, decode: 1, compute: 2.34567, encode: 0 })).toBe('decode;dur=1.000, compute;dur=2.346, encode;dur=0.000');
});
