import { expect, test, vi } from 'vitest';
import { Growing } from '../../../src/wire/numbers/growing.ts';

function start() {
  const allocate = vi.fn((length: number) => new Float64Array(length));
  const growing = new Growing(allocate);
  allocate.mockClear();
  return { growing, allocate };
}

test('elements that come part by part stand one after the other, wherever memory had to be taken anew', () => {
  const { growing, allocate } = start();
  // The first parts say too little of what is to come.
  growing.append(Float64Array.of(1, 2), 0.9);
  growing.append(Float64Array.of(3), 0.95);
  growing.append(Float64Array.of(4, 5, 6), 1);
  expect(growing.slice(0, 6)).toEqual(Float64Array.of(1, 2, 3, 4, 5, 6));
  expect(growing.slice(2, 4)).toEqual(Float64Array.of(3, 4));
  expect(allocate.mock.calls.length).toBeGreaterThan(1);
});

test('memory is taken for all that is to come by the share that has come, and a bit more', () => {
  const { growing, allocate } = start();
  growing.append(new Float64Array(100), 0.25);
  expect(allocate.mock.calls).toEqual([[420]]);
  growing.append(new Float64Array(320), 1);
  expect(allocate).toHaveBeenCalledOnce();
});

test('where all has come no more is taken than it is', () => {
  const { growing, allocate } = start();
  growing.append(new Float64Array(100), 1);
  expect(allocate.mock.calls).toEqual([[100]]);
});

test('nothing takes no memory', () => {
  const { growing, allocate } = start();
  growing.append(new Float64Array(0), 0.5);
  expect(allocate).not.toHaveBeenCalled();
  expect(growing.slice(0, 0)).toHaveLength(0);
});
