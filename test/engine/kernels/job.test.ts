import { describe, expect, test } from 'vitest';
import { dismiss, invite, isStopped, stopJob, workOn } from '../../../src/engine/kernels/job.ts';
import { layOut, readResult } from '../../../src/engine/kernels/lay-out.ts';
import { KernelMemory } from '../../../src/engine/kernels/memory.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { randomCall } from '../calls.ts';
import { modulesOf } from '../modules.ts';

const modules = modulesOf('strict');
const call = (precision: 'float32' | 'float64') => randomCall({ M: 80, N: 40, D: 3, E: 2 }, precision, { want: new Set(['context', 'lse']) });

function laid(precision: 'float32' | 'float64') {
  const memory = new KernelMemory();
  const asked = call(precision);
  const found = layOut(memory, asked, '6x16', 3);
  return { job: found.job, result: () => readResult(memory, asked, found) };
}

function expectExact(found: ReturnType<typeof laid>, digits: number): void {
  const exact = reference.attend(call('float64'));
  found.result().context?.forEach((value, i) => {
    expect(value).toBeCloseTo(exact.context?.[i] ?? Number.NaN, digits);
  });
}

describe('a job', () => {
  test.each([
    ['float32', 0, 5],
    ['float32', 2, 5],
    ['float64', 1, 12],
  ] as const)('in %s is worked on by thread %d to its end, with the module of its precision', (precision, place, digits) => {
    const found = laid(precision);
    workOn(found.job, modules, place);
    expectExact(found, digits);
  });

  test('has nothing left for a second thread once the first is through', () => {
    const found = laid('float32');
    workOn(found.job, modules, 0);
    found.result().context?.fill(7);
    workOn(found.job, modules, 1);
    expect(found.result().context?.every((value) => value === 7)).toBe(true);
  });

  test('has room for its own threads alone', () => {
    expect(() => workOn(laid('float32').job, modules, 3)).toThrow(new RangeError('the job has room for 3 threads, so there is no thread 3'));
  });

  test('is not worked on once it is stopped', () => {
    const found = laid('float32');
    expect(isStopped(found.job)).toBe(false);
    stopJob(found.job);
    expect(isStopped(found.job)).toBe(true);
    found.result().context?.fill(7);
    workOn(found.job, modules, 0);
    expect(found.result().context?.every((value) => value === 7)).toBe(true);
  });

  test('is left alone by a helper that was dismissed, as long as it is not invited again', () => {
    const found = laid('float32');
    dismiss(found.job, 2);
    found.result().context?.fill(7);
    workOn(found.job, modules, 2);
    expect(found.result().context?.every((value) => value === 7)).toBe(true);
    invite(found.job, 2);
    workOn(found.job, modules, 2);
    expectExact(found, 5);
  });

  test('is worked on by all but the one that was dismissed', () => {
    const found = laid('float32');
    dismiss(found.job, 2);
    workOn(found.job, modules, 1);
    expectExact(found, 5);
  });
});
