import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { useService } from './service.ts';

const service = useService({ REQUEST_TIMEOUT_MS: '400', THREADS: '1', ENGINE: 'reference' });
/** Many seconds for the reference, on the one thread. */
const HEAVY = {
  tokens: Array.from({ length: 4000 }, (_, i) => Array.from({ length: 64 }, (_, c) => Math.sin(i + c))),
  include: ['lse'],
};
const LIGHT = { tokens: Array.from({ length: 300 }, (_, i) => Array.from({ length: 64 }, (_, c) => Math.cos(i + c))), include: ['lse'] };

describe('an answer that takes too long', () => {
  test('is a 503 with Retry-After, and the next request has the thread', async () => {
    await service.ask(LIGHT);
    const { status, json, headers } = await service.ask(HEAVY);
    expect([status, json.type, headers['retry-after']]).toEqual([503, '/problems/deadline-exceeded', '1']);
    expect((await service.get('/livez')).status).toBe(200);
    await expect.poll(async () => (await service.ask(LIGHT)).status, { timeout: 10_000 }).toBe(200);
  });
});

describe('an answer whose client goes away', () => {
  /** Its deadlines are minutes away, and so is the end of what the client asked for. */
  const patient = useService({ REQUEST_TIMEOUT_MS: '300000', THREADS: '1', ENGINE: 'reference' });
  const endless = JSON.stringify({ ...HEAVY, query: Array.from({ length: 200_000 }, (_, i) => i % 4000) });

  test('is given up, and the next request has the thread', async () => {
    await patient.ask(LIGHT);
    const socket = connect(patient.port, '127.0.0.1', () => {
      const length = Buffer.byteLength(endless);
      socket.write(`POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${endless}`, () =>
        setTimeout(() => socket.destroy(), 500),
      );
    });
    await new Promise((resolve) => socket.on('close', resolve));
    expect((await patient.ask(LIGHT)).status).toBe(200);
  });
});
