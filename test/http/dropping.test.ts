import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AT_ANY_PACE_BYTES, Dropping, MOST_WAITING, PACE_BYTES_PER_MS, UP_FRONT_BYTES } from '../../src/http/dropping.ts';

describe('bodies that are dropped', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A line of bodies after so much has been dropped at any pace, and the names of those that may come. */
  function line({ spent = AT_ANY_PACE_BYTES } = {}) {
    const dropping = new Dropping();
    const come = new Set<string>();
    const sockets = new Map<string, Socket>();
    const read = new Map<string, number>();
    const bring = (name: string, bytes: number) => read.set(name, (read.get(name) ?? 0) + bytes);
    const begin = (name: string, bytes: number) => {
      const socket = new Socket();
      Object.defineProperty(socket, 'bytesRead', { get: () => 1000 + (read.get(name) ?? 0) });
      sockets.set(name, socket);
      return dropping.begin({ socket, bytes, read: () => come.add(name), hold: () => come.delete(name) });
    };
    if (spent > 0) {
      const leave = begin('first', spent);
      bring('first', spent);
      leave();
    }
    return { dropping, come, sockets, begin, bring };
  }

  /** What is dropped in one tick, from the line's beginning on. */
  const A_TICK_MS = 10;
  const IN_A_TICK = A_TICK_MS * PACE_BYTES_PER_MS;

  test('begin at once, until much has been dropped', async () => {
    const { dropping, come, begin, bring } = line({ spent: 0 });
    begin('a', AT_ANY_PACE_BYTES);
    bring('a', AT_ANY_PACE_BYTES - 1);
    await vi.advanceTimersByTimeAsync(A_TICK_MS);
    expect(dropping.waits(100_000)).toBe(false);
    begin('b', 100_000);
    bring('a', 2 * IN_A_TICK);
    await vi.advanceTimersByTimeAsync(A_TICK_MS);
    expect(dropping.waits(100_000)).toBe(true);
    begin('c', 100_000);
    expect([...come]).toEqual(['b']);
  });

  test('then come in turn, at the pace of all together', async () => {
    const { come, begin, bring } = line();
    const all = ['a', 'b', 'c', 'd'];
    for (const name of all) begin(name, UP_FRONT_BYTES);
    expect([...come]).toEqual(['first']);
    await vi.advanceTimersByTimeAsync(A_TICK_MS);
    for (const name of all) if (come.has(name)) bring(name, UP_FRONT_BYTES);
    expect([...come]).toEqual(['first', 'a', 'b']);
    await vi.advanceTimersByTimeAsync(A_TICK_MS);
    expect([...come]).toEqual(['first', 'a', 'b', 'c']);
  });

  test('are held in the middle where more has come than may, and go on after the others', async () => {
    const { come, begin, bring } = line();
    begin('long', 100 * UP_FRONT_BYTES);
    await vi.advanceTimersByTimeAsync(A_TICK_MS);
    expect([...come]).toEqual(['first', 'long']);
    bring('long', UP_FRONT_BYTES + 2 * IN_A_TICK);
    begin('short', 100_000);
    await vi.advanceTimersByTimeAsync(A_TICK_MS);
    expect([...come]).toEqual(['first', 'short']);
    await vi.advanceTimersByTimeAsync(A_TICK_MS);
    expect([...come]).toEqual(['first', 'short', 'long']);
  });

  test('hold others back by no more than a mebibyte each, where their clients say more and send nothing', async () => {
    const { come, begin } = line();
    for (let i = 0; i < 10; i++) begin(`silent ${i}`, AT_ANY_PACE_BYTES);
    begin('last', 100_000);
    await vi.advanceTimersByTimeAsync(A_TICK_MS + Math.ceil((10 * UP_FRONT_BYTES) / PACE_BYTES_PER_MS));
    expect(come).toContain('last');
  });

  test('have as much reckoned when they end as has come of them', async () => {
    const { dropping, begin, bring } = line({ spent: 0 });
    const leave = begin('a', AT_ANY_PACE_BYTES);
    bring('a', AT_ANY_PACE_BYTES);
    expect(dropping.waits(100_000)).toBe(false);
    leave();
    expect(dropping.waits(100_000)).toBe(true);
  });

  test('wait where others do, even where there is room for them by now', async () => {
    const { come, begin } = line();
    begin('a', 100_000);
    // A second that no timer has seen, as where the event loop was held.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1000);
    begin('b', 100_000);
    expect([...come]).toEqual(['first']);
    await vi.advanceTimersByTimeAsync(A_TICK_MS);
    expect([...come]).toEqual(['first', 'a', 'b']);
    clock.mockRestore();
  });

  test('are never kept waiting where they are short', () => {
    const { come, begin } = line();
    begin('long', 65_537);
    begin('short', 65_536);
    expect([...come]).toEqual(['first', 'short']);
  });

  test('leave the line when nobody waits for them any more', async () => {
    const { come, begin } = line();
    begin('a', 100_000)();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(100);
    expect([...come]).toEqual(['first']);
  });

  test('are cut off where too many wait, the one that waits longest first', () => {
    const { sockets, begin } = line();
    for (let i = 0; i <= MOST_WAITING; i++) begin(`${i}`, 100_000);
    expect([0, 1, MOST_WAITING].map((i) => sockets.get(`${i}`)?.destroyed)).toEqual([true, false, false]);
  });
});
