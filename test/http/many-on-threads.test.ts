import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { random } from '../engine/calls.ts';
import { useService } from './service.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const next = random(7);

/** Tokens of random numbers of three digits. */
const tokens = (n: number, d: number) => Array.from({ length: n }, () => Array.from({ length: d }, () => Math.round(next() * 1000) / 1000));

/** Lines of every kind: tiny, some kB with much or little to print, long for a batch, costly though short, and wrong in each way. */
function lineOf(i: number): string {
  if (i % 17 === 3) return '{"tokens":';
  if (i % 17 === 5) return '{"tokens":[["1"]]}';
  if (i % 17 === 7) return '{"tokens":[[1e30]]}';
  if (i % 17 === 9) return JSON.stringify({ tokens: tokens(900, 24), query: 1, include: ['context'] });
  if (i % 17 === 11) return JSON.stringify({ tokens: tokens(330, 4), heads: 4, include: ['lse', 'scores'], dtype: 'float64' });
  return JSON.stringify({ tokens: tokens(3 + (i % 40), 8), ...(i % 2 && { query: i % 3 }), decimals: 4 });
}

describe('a stream on several threads', () => {
  const service = useService({ THREADS: '3' });

  test('has the replies that its lines have one by one, in order', async () => {
    const lines = Array.from({ length: 170 }, (_, i) => lineOf(i));
    const { text } = await service.ask(lines.join('\n'), { headers: NDJSON });
    const replies = text.trimEnd().split('\n');
    expect(replies).toHaveLength(lines.length);
    for (const [i, line] of lines.entries()) {
      const alone = await service.ask(line);
      if (alone.status === 200) expect(replies[i]).toBe(alone.text);
      else expect(JSON.parse(replies[i] ?? '')).toEqual({ ...alone.json, line: i + 1 });
    }
    await expect.poll(() => service.pending()).toMatchObject({ bytes: 0, work: 0, queueLength: 0, busyThreads: 0 });
  });
});

describe('streams of lines each of which needs most of the room', () => {
  const service = useService({ THREADS: '2', MAX_PENDING_BYTES: `${6 * 2 ** 20}` });
  const large = JSON.stringify({ tokens: tokens(180, 4), include: ['scores', 'weights'] });
  const small = JSON.stringify({ tokens: tokens(60, 8), include: ['weights'] });

  test('come to their ends beside each other', async () => {
    const lines = Array.from({ length: 24 }, (_, i) => (i % 4 === 2 ? large : small));
    const alone = [(await service.ask(small)).text, (await service.ask(large)).text];
    const streams = await Promise.all(Array.from({ length: 4 }, () => service.ask(lines.join('\n'), { headers: NDJSON })));
    for (const { text } of streams) expect(text).toBe(lines.map((line) => `${alone[line === large ? 1 : 0]}\n`).join(''));
    await expect.poll(() => service.pending()).toMatchObject({ bytes: 0, work: 0 });
  });
});

describe('a stream whose client goes', () => {
  const service = useService({ THREADS: '2', ENGINE: 'reference' });

  test('leaves nothing behind, and no thread at work', async () => {
    // Some 20 ms for the reference each: seconds for both threads, and none of the lines is asked by itself.
    const line = JSON.stringify({ tokens: tokens(400, 1), include: ['lse'] });
    const controller = new AbortController();
    const body = `${line}\n`.repeat(300);
    const asked = fetch(`${service.url}/attention`, { method: 'POST', headers: NDJSON, body, signal: controller.signal }).then((reply) =>
      reply.text(),
    );
    await expect.poll(() => service.pending().busyThreads).toBeGreaterThan(0);
    controller.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => service.pending()).toMatchObject({ bytes: 0, work: 0, queueLength: 0, busyThreads: 0 });
    await sleep(50);
    expect(service.pending().busyThreads).toBe(0);
  });
});
