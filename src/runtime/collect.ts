import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * A WebAssembly memory can't shrink: its pages go back once the garbage collector of every thread that saw it has found
 * it dead, and a thread that waits for work collects nothing. So a thread that has let go of much says so.
 */

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects all that is dead on this thread: some milliseconds, more with much alive. */
export function collectAll(): void {
  collect();
}
