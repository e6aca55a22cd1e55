import type { Config } from './config.ts';

/** What a replica of two threads holds besides MAX_PENDING_BYTES at its worst, and each further thread (docs/OPERATIONS.md, "The memory of a replica"). */
const BESIDES_BYTES = 600_000_000;
const THREAD_BYTES = 30_000_000;

/**
 * What to say at the start where the replica may come to hold more than it is allowed to; undefined where it can't.
 * @param limit of the process, as a container has one, in bytes; 0 or undefined without one
 */
export function memoryWarning({ MAX_PENDING_BYTES, THREADS }: Config, limit: number | undefined): string | undefined {
  const needed = MAX_PENDING_BYTES + BESIDES_BYTES + THREAD_BYTES * Math.max(0, THREADS - 2);
  if (!limit || limit >= needed) return undefined;
  return `the memory limit is ${limit} bytes, and at its worst this replica holds ${needed} (MAX_PENDING_BYTES + 600 MB + 30 MB for each of THREADS beyond two): raise the limit, or lower MAX_PENDING_BYTES or THREADS`;
}
