import { expect, test } from 'vitest';
import { Stopped } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';

test('the reference goes step by step, in no memory of its own', () => {
  expect(reference.name).toBe('reference');
  expect([reference.isTiled('float32', 'float32'), reference.isTiled('float64', 'float64'), reference.giveBack()]).toEqual([false, false, false]);
  const numbers = reference.float32(3).fill(1);
  reference.reset();
  expect([numbers, reference.float32(3)]).toEqual([Float32Array.of(1, 1, 1), new Float32Array(3)]);
});

test('a job that is stopped is Stopped', () => {
  expect(new Stopped('why')).toMatchObject({ name: 'Stopped', message: 'why' });
});
