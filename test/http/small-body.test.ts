import { expect, test, vi } from 'vitest';
import { leaveBodiesToRoutes, readChunks } from '../../src/http/body.ts';
import { Admission } from '../../src/runtime/admission.ts';
import { Ledger } from '../../src/runtime/ledger.ts';
import { open } from './raw.ts';
import { useSmall } from './small.ts';

const admission = new Admission(new Ledger({ bytes: 1e6, work: 1e6 }), () => 1);
let refused: Error | undefined;

const small = useSmall((app) => {
  leaveBodiesToRoutes(app);
  app.post('/', async (request) => {
    const hold = admission.open(1);
    const pieces = await readChunks(request, { maxBytes: 1000, timeoutMs: 60_000 }, hold);
    hold.release();
    return Buffer.concat(pieces).toString();
  });
  app.post('/broken', async (request, reply) => {
    const hold = admission.open(1);
    request.raw.destroy();
    await readChunks(request, { maxBytes: 1000, timeoutMs: 60_000 }, hold).catch((error) => {
      refused = error;
    });
    hold.release();
    return reply.hijack();
  });
});
/** Whoever waits for a body wants to know when the service closes. */
const waits = vi.spyOn(small.lifecycle, 'tell');
const head = (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\n\r\n`;

test('a body that comes with its headers is not waited for', async () => {
  const connection = open(small.port, `${head('/')}one, twice.`.repeat(2));
  await expect.poll(() => connection.received.split('one, twice.').length).toBe(3);
  expect(waits).not.toHaveBeenCalled();
});

test('one that comes later is', async () => {
  const connection = open(small.port, `${head('/')}one, `);
  await expect.poll(() => waits.mock.calls.length).toBe(1);
  connection.socket.write('twice.');
  await connection.until('one, twice.');
});

test('a client that goes at once is not waited for', async () => {
  open(small.port, `${head('/broken')}one, `);
  await expect.poll(() => refused).toMatchObject({ name: 'ClientGone' });
  expect(admission.arriving).toBe(0);
});
