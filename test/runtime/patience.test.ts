import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { givenUp } from '../../src/runtime/patience.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A promise that somebody waits for, how often they gave up, and how the wait ended, once it has. */
function waited(signal?: AbortSignal) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const leaving = new AbortController();
  const gone = signal ?? leaving.signal;
  const listeners = { left: 0 };
  const remove = gone.removeEventListener.bind(gone);
  gone.removeEventListener = (...asked: Parameters<typeof remove>) => {
    listeners.left++;
    remove(...asked);
  };
  const onGivenUp = vi.fn();
  const late = vi.fn(() => new Error('late'));
  const outcome = { end: 'open' };
  const wait = givenUp(promise, { ms: 1000, late, gone }, onGivenUp).then(
    (value) => {
      outcome.end = value;
    },
    (error: Error) => {
      outcome.end = `failed: ${error.message}`;
    },
  );
  return { resolve, reject, leaving, onGivenUp, late, outcome, wait, listeners };
}

describe('a wait', () => {
  test('ends with the value, and nothing is left of it', async () => {
    const { resolve, leaving, onGivenUp, outcome, wait, listeners } = waited();
    expect(vi.getTimerCount()).toBe(1);
    resolve('here');
    await wait;
    expect([outcome.end, vi.getTimerCount(), listeners.left]).toEqual(['here', 0, 1]);
    leaving.abort(new Error('gone'));
    await vi.advanceTimersByTimeAsync(2000);
    expect(onGivenUp).not.toHaveBeenCalled();
  });

  test('ends with the failure of the promise, which is not given up', async () => {
    const { reject, leaving, onGivenUp, outcome, wait, listeners } = waited();
    reject(new Error('broken'));
    await wait;
    expect([outcome.end, vi.getTimerCount(), listeners.left]).toEqual(['failed: broken', 0, 1]);
    leaving.abort(new Error('gone'));
    expect(onGivenUp).not.toHaveBeenCalled();
  });

  test('is given up when its time is over, once', async () => {
    const { resolve, leaving, late, onGivenUp, outcome } = waited();
    await vi.advanceTimersByTimeAsync(999);
    expect([outcome.end, late.mock.calls.length]).toEqual(['open', 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect([outcome.end, onGivenUp.mock.calls.length]).toEqual(['failed: late', 1]);
    leaving.abort(new Error('gone'));
    resolve('too late');
    await vi.advanceTimersByTimeAsync(0);
    expect([outcome.end, onGivenUp.mock.calls.length]).toEqual(['failed: late', 1]);
  });

  test('is given up when nobody waits any more, for their reason', async () => {
    const { leaving, onGivenUp, outcome, wait } = waited();
    leaving.abort(new Error('gone'));
    await wait;
    expect([outcome.end, onGivenUp.mock.calls.length, vi.getTimerCount()]).toEqual(['failed: gone', 1, 0]);
  });

  test('is given up at once where nobody waited from the start', async () => {
    const { onGivenUp, outcome, wait } = waited(AbortSignal.abort(new Error('gone before')));
    await wait;
    expect([outcome.end, onGivenUp.mock.calls.length, vi.getTimerCount()]).toEqual(['failed: gone before', 1, 0]);
  });
});
