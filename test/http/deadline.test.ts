import { describe, expect, test } from 'vitest';
import { ENDLESS, occupy } from './occupied.ts';
import { useService } from './service.ts';

const THREAD = { THREADS: '1', ENGINE: 'reference' };
const LIGHT = { tokens: Array.from({ length: 300 }, (_, i) => Array.from({ length: 64 }, (_, c) => Math.cos(i + c))), include: ['lse'] };

describe('an answer that takes too long', () => {
  /** Long enough for bodies to arrive and a light answer to be made on a slow machine. */
  const service = useService({ ...THREAD, REQUEST_TIMEOUT_MS: '3000' });

  test('is a 503 with Retry-After, and the next request has the thread', async () => {
    const { status, json, headers } = await service.ask(ENDLESS);
    expect([status, json.type, headers['retry-after']]).toEqual([503, '/problems/deadline-exceeded', '1']);
    expect((await service.get('/livez')).status).toBe(200);
    await expect.poll(async () => (await service.ask(LIGHT)).status).toBe(200);
  });
});

describe('an answer whose client goes away', () => {
  /** Its deadlines are hours away, and so is the end of what the client asked for. */
  const patient = useService({ ...THREAD, REQUEST_TIMEOUT_MS: '100000000' });

  test('is given up, and the next request has the thread', async () => {
    const leave = await occupy(patient);
    await leave();
    expect((await patient.ask(LIGHT)).status).toBe(200);
  });
});
