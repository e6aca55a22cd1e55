import Fastify, { type FastifyInstance } from 'fastify';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { answerFailures } from '../../src/http/failures.ts';
import { followLifecycle, Lifecycle } from '../../src/http/lifecycle.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { asProblems } from '../../src/http/printing.ts';

describe('a process', () => {
  test('serves, drains, then closes', () => {
    const lifecycle = new Lifecycle();
    expect([lifecycle.ready, lifecycle.closing]).toEqual([true, false]);
    lifecycle.drain();
    expect([lifecycle.ready, lifecycle.closing]).toEqual([false, false]);
    lifecycle.close();
    expect([lifecycle.ready, lifecycle.closing]).toEqual([false, true]);
    lifecycle.drain();
    expect(lifecycle.closing).toBe(true);
  });

  test('tells once that it closes, at once where it does already, and not those who are forgotten', () => {
    const lifecycle = new Lifecycle();
    const told: string[] = [];
    const forgotten = () => told.push('forgotten');
    lifecycle.tell(() => told.push('one'));
    lifecycle.tell(forgotten);
    lifecycle.forget(forgotten);
    lifecycle.drain();
    expect(told).toEqual([]);
    lifecycle.close();
    expect(told).toEqual(['one']);
    lifecycle.close();
    expect(told).toEqual(['one']);
    lifecycle.tell(() => told.push('late'));
    expect(told).toEqual(['one', 'late']);
  });
});

describe('an app that follows it', () => {
  let app: FastifyInstance | undefined;
  afterEach(() => app?.close());

  async function started(lifecycle: Lifecycle): Promise<string> {
    app = Fastify({ forceCloseConnections: true, return503OnClosing: false });
    followLifecycle(app, lifecycle);
    answerFailures(app, asProblems(''), new Metrics());
    app.get('/', async () => 'well');
    return app.listen({ port: 0, host: '127.0.0.1' });
  }
  const get = async (url: string) => {
    const { statusCode, headers, body } = await request(url);
    return { status: statusCode, connection: headers['connection'], text: await body.text() };
  };

  test('answers and keeps the connection, then closes it after its answer, then only explains', async () => {
    const lifecycle = new Lifecycle();
    const url = await started(lifecycle);
    expect(await get(url)).toEqual({ status: 200, connection: 'keep-alive', text: 'well' });
    lifecycle.drain();
    expect(await get(url)).toEqual({ status: 200, connection: 'close', text: 'well' });
    lifecycle.close();
    const { status, connection, text } = await get(url);
    expect([status, connection]).toEqual([503, 'close']);
    expect(JSON.parse(text)).toMatchObject({ type: '/problems/shutting-down', detail: 'this replica is closing' });
  });

  test('tells it when it is closed itself', async () => {
    const lifecycle = new Lifecycle();
    await started(lifecycle);
    expect(app?.attentionLifecycle).toBe(lifecycle);
    await app?.close();
    expect(lifecycle.closing).toBe(true);
  });
});
