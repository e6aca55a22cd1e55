/** For how long somebody waits. */
interface Patience {
  readonly ms: number;
  /** What it is when that time is over. */
  readonly late: () => Error;
  /** Aborted when nobody waits any more. */
  readonly gone: AbortSignal;
}

/** The promise, unless it comes too late or nobody waits any more: then `onGivenUp` is called. */
export function givenUp<T>(promise: Promise<T>, { ms, late, gone }: Patience, onGivenUp: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      gone.removeEventListener('abort', onGone);
    };
    const give = (error: Error): void => {
      stop();
      onGivenUp();
      reject(error);
    };
    const onGone = (): void => give(gone.reason);
    const timer = setTimeout(() => give(late()), ms);
    gone.addEventListener('abort', onGone);
    if (gone.aborted) onGone();
    promise.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error) => {
        stop();
        reject(error);
      },
    );
  });
}
