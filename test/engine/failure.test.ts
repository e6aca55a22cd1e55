import { expect, test } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';

test('a failure is the same after it has crossed threads as plain data', () => {
  const faults = [{ pointer: '/tokens/1', detail: 'has 1 number' }];
  for (const failure of [new Failure('invalid-request', 'no', { faults }), new Failure('work-too-large', 'too much')]) {
    const crossed = Failure.fromPlain(structuredClone(failure.toPlain()));
    expect(crossed).toBeInstanceOf(Failure);
    expect([crossed.code, crossed.message, crossed.faults]).toEqual([failure.code, failure.message, failure.faults]);
  }
});
