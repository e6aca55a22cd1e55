import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { memoryWarning } from '../src/footprint.ts';
import { endWhatWasStarted, start } from './started.ts';

endWhatWasStarted();

describe('a memory limit', () => {
  const config = (THREADS: string) => readConfig({ MAX_PENDING_BYTES: '1000000000', THREADS });

  test('that is below the formula of docs/OPERATIONS.md is said, with both figures and what to do', () => {
    expect(memoryWarning(config('2'), 1_599_999_999)).toBe(
      'the memory limit is 1599999999 bytes, and at its worst this replica holds 1600000000 (MAX_PENDING_BYTES + 600 MB + 30 MB for each of THREADS beyond two): raise the limit, or lower MAX_PENDING_BYTES or THREADS',
    );
    expect(memoryWarning(config('4'), 1_659_999_999)).toContain('holds 1660000000 ');
  });

  test('that holds it, or that is none, is not', () => {
    expect(memoryWarning(config('1'), 1_600_000_000)).toBeUndefined();
    expect(memoryWarning(config('4'), 1_660_000_000)).toBeUndefined();
    expect([memoryWarning(config('2'), 0), memoryWarning(config('2'), undefined)]).toEqual([undefined, undefined]);
  });

  test('is looked at when the process starts', async () => {
    const limited = start({}, ['--import', 'data:text/javascript,process.constrainedMemory=()=>1e9']);
    await limited.listening;
    expect(limited.output).toContain('the memory limit is 1000000000 bytes');
    const free = start({}, ['--import', 'data:text/javascript,process.constrainedMemory=()=>1e12']);
    await free.listening;
    expect(free.output).not.toContain('the memory limit');
  });
});
