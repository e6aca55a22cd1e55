import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AT_ANY_PACE_BYTES, Dropping, MOST_WAITING, PACE_BYTES_PER_MS } from '../../src/http/dropping.ts';

describe('bodies that are dropped', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A line of bodies after so much has been dropped at any pace, and the names of those that have begun. */
  function line({ spent = AT_ANY_PACE_BYTES } = {}) {
    const dropping = new Dropping();
    const begun: string[] = [];
    const sockets = new Map<string, Socket>();
    const begin = (name: string, bytes: number) => {
      const socket = new Socket();
      sockets.set(name, socket);
      return dropping.begin(socket, bytes, () => begun.push(name));
    };
    if (spent > 0) begin('first', spent);
    const isPaused = (name: string) => sockets.get(name)?.isPaused();
    return { begun, sockets, begin, isPaused };
  }

  test('begin at once, until much has been dropped', () => {
    const { begun, begin, isPaused } = line({ spent: 0 });
    begin('a', AT_ANY_PACE_BYTES - 1);
    begin('b', 100_000);
    begin('c', 100_000);
    expect([begun, isPaused('b'), isPaused('c')]).toEqual([['a', 'b'], false, true]);
  });

  test('then begin in turn, at the pace of all together, and nothing of one is read before', async () => {
    const { begun, begin, isPaused } = line();
    for (const name of ['a', 'b', 'c']) begin(name, 20 * PACE_BYTES_PER_MS);
    expect([begun, isPaused('a')]).toEqual([['first'], true]);
    await vi.advanceTimersByTimeAsync(10);
    expect([begun, isPaused('a'), isPaused('b')]).toEqual([['first', 'a'], false, true]);
    await vi.advanceTimersByTimeAsync(10);
    expect(begun).toEqual(['first', 'a']);
    await vi.advanceTimersByTimeAsync(10);
    expect(begun).toEqual(['first', 'a', 'b']);
    await vi.advanceTimersByTimeAsync(20);
    expect([begun, vi.getTimerCount()]).toEqual([['first', 'a', 'b', 'c'], 0]);
  });

  test('wait where others do, even where there is room for them by now', async () => {
    const { begun, begin } = line();
    begin('a', 100_000);
    // A second that no timer has seen, as where the event loop was held.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1000);
    begin('b', 100_000);
    expect(begun).toEqual(['first']);
    await vi.advanceTimersByTimeAsync(10);
    expect(begun).toEqual(['first', 'a', 'b']);
    clock.mockRestore();
  });

  test('are never kept waiting where they are short', () => {
    const { begun, begin } = line();
    begin('long', 65_537);
    begin('short', 65_536);
    expect(begun).toEqual(['first', 'short']);
  });

  test('stay where they are though Node reads on, and no longer once they have begun', async () => {
    const { sockets, begin, isPaused } = line();
    begin('a', 100_000);
    sockets.get('a')?.resume();
    await vi.advanceTimersByTimeAsync(0);
    expect(isPaused('a')).toBe(true);
    await vi.advanceTimersByTimeAsync(10);
    expect(isPaused('a')).toBe(false);
  });

  test('leave the line when nobody waits for them any more', async () => {
    const { begun, begin } = line();
    begin('a', 100_000)();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(100);
    expect(begun).toEqual(['first']);
  });

  test('are cut off where too many wait, the one that waits longest first', () => {
    const { sockets, begin } = line();
    for (let i = 0; i <= MOST_WAITING; i++) begin(`${i}`, 100_000);
    expect([0, 1, MOST_WAITING].map((i) => sockets.get(`${i}`)?.destroyed)).toEqual([true, false, false]);
  });
});
