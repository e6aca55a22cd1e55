import type { FastifyReply, FastifyRequest } from 'fastify';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { admit, answerAs, answerRequest } from '../../src/http/answering.ts';
import type { Metrics } from '../../src/http/metrics.ts';
import type { Hold } from '../../src/runtime/admission.ts';
import type { Facts } from '../../src/runtime/question.ts';
import { prepare, useAnswering } from './answered.ts';
import { open } from './raw.ts';
import { useSmall } from './small.ts';

const trace = vi.fn();
const answering = useAnswering({ trace });
const { answerer, metrics } = answering;
const QUESTION = '{"tokens":[[1],[2]],"query":1,"include":["lse"]}';
const countOf = (durations: Metrics['waits']) => durations.series('s', {}).find(({ metricName }) => metricName === 's_count')?.value;
const held = () => answerer.pending.bytes;
let asked: FastifyRequest | undefined;
let failed: unknown;

beforeEach(() => {
  trace.mockClear();
  asked = undefined;
  failed = undefined;
});

const small = useSmall((app) => {
  prepare(app);
  const route = (path: string, head: (facts: Facts, reply: FastifyReply) => void, binary?: boolean) =>
    app.post(path, async (request, reply) => {
      asked = request;
      try {
        return await answerRequest(request, reply, answering, {
          ask: (body) => ({ kind: 'attention', body }),
          ...(binary !== undefined && { binary }),
          head: ({ facts }) => head(facts, reply),
        });
      } catch (error) {
        failed = error;
        return reply.code(418).send(`refused, ${held()} bytes held`);
      }
    });
  route('/', (facts, reply) => reply.header('x-work', facts.work).type('application/json'));
  route('/tensors', () => undefined, true);
  // As over HTTP/2, whose connection has frames to send yet when a response is closed.
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.url === '/two') Object.defineProperty(request.raw, 'httpVersionMajor', { value: 2 });
    done();
  });
  route('/two', () => undefined);
  app.post('/as', (request, reply) => answerAs(request, reply, answering, 'text/x-words', (body) => ({ kind: 'attention', body })));
  app.post('/as/more', (request, reply) =>
    answerAs(
      request,
      reply,
      answering,
      'text/x-words',
      (body) => ({ kind: 'attention', body }),
      () => void reply.header('x-more', 'yes'),
    ),
  );
  route('/defect', () => {
    throw new Error('in the head');
  });
});

const post = (path: string, body: string) => small.ask(path, { method: 'POST', body });

describe('a request with one answer', () => {
  test('is answered, with what its stages took and the headers of its route', async () => {
    const { status, headers, text } = await post('/', QUESTION);
    expect([status, text, headers['x-work']]).toEqual([200, expect.stringMatching(/^\{"lse":/), '4']);
    expect(headers['server-timing']).toMatch(/^decode;dur=[\d.]+, compute;dur=[\d.]+, encode;dur=[\d.]+$/);
  });

  test.each([
    ['1', '/', true],
    ['2', '/two', false],
  ])('over HTTP/%s may have its reply in memory that is lent: at %s, %s', async (_version, path, lent) => {
    const answer = vi.spyOn(answerer, 'answer');
    await post(path, QUESTION);
    expect(answer).toHaveBeenCalledExactlyOnceWith(expect.anything(), expect.objectContaining({ lent }));
    answer.mockRestore();
  });

  test('is answered in the representation that was chosen, which its type says, and what the route adds', async () => {
    const { status, headers, text } = await post('/as', QUESTION);
    expect([status, text]).toEqual([200, expect.stringMatching(/^\{"lse":/)]);
    expect(headers).toMatchObject({ 'content-type': 'text/x-words; charset=utf-8', vary: 'accept' });
    expect(headers).not.toHaveProperty('x-more');
    expect((await post('/as/more', QUESTION)).headers).toMatchObject({ 'content-type': 'text/x-words; charset=utf-8', 'x-more': 'yes' });
  });

  test('leaves what it was for the log, the metrics and the span', async () => {
    const before = { receive: countOf(metrics.stages.receive) ?? 0, compute: countOf(metrics.stages.compute) ?? 0, work: metrics.work };
    await post('/', QUESTION);
    expect(asked?.answerFacts).toMatchObject({ kind: 'attention', work: 4, where: 'inline' });
    expect(asked?.answerSentAt).toBeGreaterThan(0);
    expect([countOf(metrics.stages.receive), countOf(metrics.stages.compute), metrics.work]).toEqual([
      before.receive + 1,
      before.compute + 1,
      before.work + 4,
    ]);
    expect(trace).toHaveBeenCalledTimes(1);
    expect(trace.mock.calls[0]?.slice(0, 3)).toEqual([asked, expect.anything(), asked?.answerFacts]);
    expect(trace.mock.calls[0]?.[3]).toBeGreaterThan(0);
  });

  test('holds nothing any more once its reply is out', async () => {
    await post('/', QUESTION);
    await expect.poll(held).toBe(0);
  });

  test('holds nothing while its refusal is still sent', async () => {
    expect((await post('/', '{"tokens":[]}')).text).toBe('refused, 0 bytes held');
    expect(failed).toMatchObject({ code: 'invalid-request' });
    expect((await post('/defect', QUESTION)).text).toBe('refused, 0 bytes held');
    expect(failed).toMatchObject({ message: 'in the head' });
  });

  test.each([
    ['/', 4],
    ['/tensors', 2],
  ])('%s holds a body that arrives %i times, as its kind is read', async (path, times) => {
    const connection = open(small.port, `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n`);
    await expect.poll(held).toBe(1000 * times);
    connection.socket.destroy();
    await expect.poll(held).toBe(0);
    expect(failed).toMatchObject({ name: 'ClientGone' });
  });

  test('is given up where its client goes before a thread has answered', async () => {
    const endless = JSON.stringify({ tokens: Array(50_000).fill([1]), include: ['lse'] });
    const connection = open(small.port, `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${endless.length}\r\n\r\n${endless}`);
    await expect.poll(() => answerer.pending.work).toBeGreaterThan(0);
    connection.socket.destroy();
    await expect.poll(() => answerer.pending).toEqual({ bytes: 0, work: 0, queueLength: 0, busyThreads: 0 });
    expect(failed).toMatchObject({ name: 'ClientGone' });
  });
});

describe('what a request holds', () => {
  let hold: Hold | undefined;
  let begun = false;
  const waiting = useSmall((app) => {
    app.get('/open', async (_request, reply) => {
      hold = admit(reply, answerer);
      hold.expect(10);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return `${held()} bytes held`;
    });
    app.get('/closed', async (_request, reply) => {
      begun = true;
      await new Promise((resolve) => reply.raw.once('close', resolve));
      hold = admit(reply, answerer);
      return 'nobody reads this';
    });
  });

  test('is free once the connection is done with its reply', async () => {
    const { text } = await waiting.ask('/open');
    expect(text).toBe('40 bytes held');
    await expect.poll(held).toBe(0);
  });

  test('of a client that is gone already has no end to wait for', async () => {
    hold = undefined;
    const connection = open(waiting.port, 'GET /closed HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => begun).toBe(true);
    connection.socket.destroy();
    await expect.poll(() => hold?.bytes).toBe(0);
  });
});
