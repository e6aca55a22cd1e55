import { expect, test } from 'vitest';
import type { Merged } from '../../src/engine/merge.ts';
import { mergeReply } from '../../src/wire/merge-reply.ts';
import type { AskedMerge } from '../../src/wire/merge-request.ts';
import { codec } from '../codec.ts';

const print = (merged: Merged, asked: AskedMerge) => codec.print(mergeReply(merged, asked)).toString();

const merged = {
  context: { data: Float64Array.of(1, 2.125, 3, 4), rows: 2, columns: 2 },
  lse: Float64Array.of(0.1, Number.NEGATIVE_INFINITY),
  fullyMasked: [] as number[],
};
const asked = { parts: [], output: { weight: undefined, bias: undefined }, m: 2, heads: 1, oneRow: false, headAxis: false };

test('what is merged is printed as the parts came', () => {
  expect(print(merged, asked)).toBe('{"context":[[1,2.125],[3,4]],"lse":[0.1,null]}');
  expect(print(merged, { ...asked, headAxis: true })).toBe('{"context":[[1,2.125],[3,4]],"lse":[[0.1,null]]}');
  expect(print(merged, { ...asked, decimals: 2 })).toBe('{"context":[[1,2.13],[3,4]],"lse":[0.1,null]}');
});

test('one vector has no axis of rows', () => {
  const one = { ...merged, context: { data: Float64Array.of(1, 2), rows: 1, columns: 2 } };
  expect(print({ ...one, lse: Float64Array.of(3) }, { ...asked, m: 1, oneRow: true })).toBe('{"context":[1,2],"lse":3}');
  expect(print(one, { ...asked, m: 1, heads: 2, oneRow: true, headAxis: true })).toBe('{"context":[1,2],"lse":[0.1,null]}');
});

test('rows without a key in any part are listed', () => {
  expect(print({ ...merged, fullyMasked: [1] }, asked)).toContain(',"fully_masked":[1]}');
  expect(print({ ...merged, fullyMasked: [1] }, { ...asked, headAxis: true })).toContain(',"fully_masked":[[0,1]]}');
});
