import { describe, expect, test } from 'vitest';
import { ClientGone, goneSignal, isGone } from '../../src/http/gone.ts';
import { open } from './raw.ts';
import { useSmall } from './small.ts';

test('a client is gone where the connection closed before its answer', () => {
  expect(isGone(new ClientGone('gone'))).toBe(true);
  expect(new ClientGone('gone').name).toBe('ClientGone');
  expect(isGone(Object.assign(new Error('x'), { code: 'ERR_STREAM_PREMATURE_CLOSE' }))).toBe(true);
  expect(isGone(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toBe(false);
  expect(isGone({ code: 'ERR_STREAM_PREMATURE_CLOSE' })).toBe(false);
  expect(isGone(undefined)).toBe(false);
});

describe('the signal', () => {
  const signals: AbortSignal[] = [];
  let answer = () => {};
  let isWaiting = false;
  const small = useSmall((app) => {
    app.get('/', async (_request, reply) => {
      signals.push(goneSignal(reply));
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return 'answered';
    });
    app.get('/late', async (_request, reply) => {
      isWaiting = true;
      await new Promise((resolve) => reply.raw.once('close', resolve));
      signals.push(goneSignal(reply));
      return 'late';
    });
  });
  const begun = (count: number) => expect.poll(() => signals.length, { timeout: 20_000, interval: 5 }).toBe(count);

  test('is quiet where the answer goes out', async () => {
    const asked = small.ask('/');
    await begun(1);
    answer();
    expect((await asked).text).toBe('answered');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(signals[0]?.aborted).toBe(false);
  });

  test('says that the client went', async () => {
    const connection = open(small.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await begun(2);
    expect(signals[1]?.aborted).toBe(false);
    connection.socket.destroy();
    await expect.poll(() => signals[1]?.aborted, { timeout: 20_000, interval: 5 }).toBe(true);
    expect(signals[1]?.reason).toMatchObject({ name: 'ClientGone', message: 'the connection closed before the answer was ready' });
    answer();
  });

  test('says it at once where the client went before', async () => {
    const connection = open(small.port, 'GET /late HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => isWaiting).toBe(true);
    connection.socket.destroy();
    await begun(3);
    expect(signals[2]?.aborted).toBe(true);
  });
});
