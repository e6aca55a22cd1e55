import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Failure } from '../../src/engine/failure.ts';
import { type BodyLimits, leaveBodiesToRoutes, readChunks } from '../../src/http/body.ts';
import { ClientGone } from '../../src/http/gone.ts';
import { Admission, type Hold } from '../../src/runtime/admission.ts';
import { Ledger } from '../../src/runtime/ledger.ts';
import { chunk, open } from './raw.ts';
import { useSmall } from './small.ts';

const KIB = 1024;
const MAX_BYTES = 200 * KIB;
const admission = new Admission(new Ledger({ bytes: 1000 * KIB, work: 1 }), () => 7);
/** What the last body came to: its bytes and what it held, or why it did not come. */
let read: { readonly body: string; readonly held: number } | undefined;
let failed: Failure | undefined;
let hold: Hold | undefined;
let asked: FastifyRequest | undefined;
/** The memory in which it was received. */
let memory: readonly ArrayBufferLike[] = [];
/** What Node gave of it. */
let given: Buffer[] = [];
/** What else listens to the next request. */
let alsoHears: ((piece: Buffer) => void) | undefined;
/** Whether its client is gone once all of the next body has come, packed as it is. */
let isLeft = false;
/** How many wait for each event of the connection before the body is read, and once it is. */
let waiting: { readonly before: readonly number[]; readonly after: readonly number[] } | undefined;
const waitFor = ({ raw }: FastifyRequest) => ['data', 'end', 'error', 'close'].map((event) => raw.listenerCount(event));

beforeEach(() => {
  hold?.release();
  read = undefined;
  failed = undefined;
  hold = undefined;
  asked = undefined;
  waiting = undefined;
  memory = [];
  given = [];
  alsoHears = undefined;
  isLeft = false;
});

const small = useSmall((app) => {
  leaveBodiesToRoutes(app);
  const route = (path: string, limits: BodyLimits) =>
    app.post(path, { schema: { body: { type: 'object', required: ['x'] } } }, async (request, reply) => {
      asked = request;
      const push = request.raw.push.bind(request.raw);
      request.raw.push = (piece, ...rest) => {
        if (piece) given.push(piece);
        return push(piece, ...rest);
      };
      if (alsoHears) request.raw.on('data', alsoHears);
      hold = admission.open(2);
      if (isLeft) request.raw.once('end', () => hold?.release());
      try {
        const before = waitFor(request);
        const pieces = await readChunks(request, limits, hold);
        memory = pieces.map(({ buffer }) => buffer);
        waiting = { before, after: waitFor(request) };
        read = { body: Buffer.concat(pieces).toString(), held: hold.bytes };
        return `${read.body.length} bytes`;
      } catch (error) {
        failed = error as Failure;
        return reply.code(400).send('refused');
      }
    });
  route('/', { maxBytes: MAX_BYTES, timeoutMs: 60_000 });
  route('/hurried', { maxBytes: MAX_BYTES, timeoutMs: 300 });
});

const head = (path: string, ...headers: readonly string[]) =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;
const CHUNKED = 'transfer-encoding: chunked';
const END = '0\r\n\r\n';

/** Sends bytes, and waits for a reply, or for the refusal that there is one. */
async function send(...parts: readonly (string | Buffer)[]) {
  const connection = open(small.port);
  for (const part of parts) connection.socket.write(part);
  await connection.until(/ bytes$|refused$/);
  connection.socket.destroy();
}

describe('a body', () => {
  test.each([
    ['that says how long it is', [head('/', 'content-length: 5'), '{"a":']],
    ['of a length that nobody said', [head('/', CHUNKED), chunk('{"a'), chunk('":'), END]],
    ['of a type that nobody reads', [head('/', 'content-type: text/unknown', 'content-length: 5'), '{"a":']],
    ['of a type that Fastify reads', [head('/', 'content-type: application/json', 'content-length: 5'), '{"a":']],
  ])('%s is read as it is, whatever a schema wants, and held twice from then on', async (_what, parts) => {
    await send(...parts);
    expect([failed, read]).toEqual([undefined, { body: '{"a":', held: 10 }]);
    expect(admission.arriving).toBe(0);
  });

  test('may be absent', async () => {
    await send(head('/'));
    expect(read).toEqual({ body: '', held: 0 });
  });

  test.each([
    [16_384, 0],
    [16_385, 1],
  ])('of %i bytes that is here with its headers has %i to wait for it', async (length, times) => {
    const tell = vi.spyOn(small.lifecycle, 'tell').mockClear();
    await send(`${head('/', `content-length: ${length}`)}${' '.repeat(length)}`);
    expect([read?.body.length, read?.held]).toEqual([length, 2 * length]);
    expect(tell).toHaveBeenCalledTimes(times);
  });

  test('that is packed is as it was before', async () => {
    const packed = gzipSync('{"a":1}');
    await send(head('/', 'content-encoding: gzip', `content-length: ${packed.length}`), packed);
    expect(read).toEqual({ body: '{"a":1}', held: 14 });
  });
});

describe('a large body', () => {
  const LARGE = Buffer.alloc(150 * KIB, 'large ');
  const sized = head('/', `content-length: ${LARGE.length}`);

  test.each([
    ['that says how long it is', [sized, LARGE], 0],
    ['in small pieces', [sized, ...Array.from({ length: 150 }, (_, i) => LARGE.subarray(i * KIB, (i + 1) * KIB))], 0],
    ['of a length that nobody said', [head('/', CHUNKED), chunk(LARGE), END], 64 * KIB],
  ])('%s is received in memory that is lent, and what the socket gave is free at once', async (_what, parts, before) => {
    await send(...parts);
    expect([read?.body === LARGE.toString(), read?.held]).toEqual([true, 2 * LARGE.length]);
    expect(memory.at(-1)).toBeInstanceOf(SharedArrayBuffer);
    expect(given.length).toBeGreaterThan(1);
    expect(given.reduce((sum, piece) => sum + piece.length, 0)).toBeLessThanOrEqual(before);
  });

  test('whose pieces another listener may have kept is copied all the same, and they are left to it', async () => {
    const heard: Buffer[] = [];
    alsoHears = (piece) => heard.push(piece);
    await send(sized, LARGE);
    expect([read?.body === LARGE.toString(), Buffer.concat(heard).equals(LARGE)]).toEqual([true, true]);
  });

  test.each(['does not come in time', 'has a client that goes'])('that %s gives its memory back', async (which) => {
    const [path, ends] = which === 'has a client that goes' ? ['/', true] : ['/hurried', false];
    const connection = open(small.port, head(path, `content-length: ${LARGE.length}`));
    connection.socket.write(LARGE.subarray(1));
    // Some of it: on a slow machine the time may be over before all that was sent is here.
    await expect.poll(() => hold?.memory.bytes()[0]?.length).toBeGreaterThan(0);
    const buffer = hold?.memory.bytes()[0]?.buffer;
    if (ends) connection.socket.destroy();
    await expect.poll(() => failed).toBeDefined();
    hold?.release();
    await send(sized, LARGE);
    expect(memory[0]).toBe(buffer);
    connection.socket.destroy();
  });
});

describe('a body too large', () => {
  test('is refused by what it says, before it is here', async () => {
    await send(head('/', `content-length: ${MAX_BYTES + 1}`));
    expect(failed).toMatchObject({ code: 'body-too-large', message: `the body has ${MAX_BYTES + 1} bytes; MAX_BODY_BYTES is ${MAX_BYTES}` });
    expect(hold?.bytes).toBe(0);
  });

  test('is refused as it comes, where nobody said how long it is', async () => {
    await send(head('/', CHUNKED), chunk(Buffer.alloc(MAX_BYTES, ' ')), chunk(' '));
    expect(failed).toMatchObject({ code: 'body-too-large', message: `the body has more than ${MAX_BYTES} bytes; MAX_BODY_BYTES is ${MAX_BYTES}` });
  });

  test('is one that unpacks to more, and its connection carries the refusal', async () => {
    const packed = gzipSync(Buffer.alloc(MAX_BYTES + 1, ' '));
    await send(head('/', 'content-encoding: gzip', `content-length: ${packed.length}`), packed);
    expect(failed?.message).toContain(`more than ${MAX_BYTES} bytes`);
    expect(asked?.raw.destroyed && !asked.raw.complete).toBe(false);
  });

  test('is unpacked no further, though more of it comes', async () => {
    const packed = gzipSync(Buffer.alloc(MAX_BYTES + 1, ' '));
    const { socket, until } = open(small.port, head('/', 'content-encoding: gzip', `content-length: ${packed.length + 100}`));
    socket.write(packed);
    await until('refused');
    expect(asked?.raw.listenerCount('data')).toBe(0);
    socket.destroy();
  });

  test('is none to the last byte of the limit', async () => {
    await send(head('/', `content-length: ${MAX_BYTES}`), Buffer.alloc(MAX_BYTES, ' '));
    expect(read?.held).toBe(2 * MAX_BYTES);
    await send(head('/', CHUNKED), chunk(Buffer.alloc(MAX_BYTES, ' ')), END);
    expect(failed).toBeUndefined();
  });
});

describe('a body for which there is no room', () => {
  test('is refused by what it says', async () => {
    const others = admission.open(1);
    others.expect(400 * KIB);
    await send(head('/', `content-length: ${MAX_BYTES}`));
    expect(failed).toMatchObject({ code: 'too-many-requests', retryAfter: 7 });
    others.release();
  });

  test('is refused as it comes, where nobody said how long it is', async () => {
    const others = admission.open(1);
    others.expect(400 * KIB);
    await send(head('/', CHUNKED), chunk(Buffer.alloc(150 * KIB, ' ')));
    expect(failed).toMatchObject({ code: 'too-many-requests', retryAfter: 7 });
    others.release();
  });
});

describe('a body that can’t be read', () => {
  test('for its coding is refused before its size is looked at', async () => {
    await send(head('/', 'content-encoding: compress', `content-length: ${MAX_BYTES + 1}`));
    expect(failed?.code).toBe('unsupported-media-type');
  });

  test('for what it was packed as is the client’s fault', async () => {
    await send(head('/', 'content-encoding: gzip', 'content-length: 5'), 'plain');
    expect(failed).toMatchObject({ code: 'malformed-json', message: expect.stringContaining('Content-Encoding') });
  });
});

describe('a body that does not come', () => {
  test('in time is refused with what is here of it, and nobody listens any more', async () => {
    await send(head('/hurried', 'content-length: 10'), 'some');
    expect(failed).toMatchObject({ code: 'timeout', message: 'the body did not arrive within 300 ms; 4 bytes are here' });
    expect(asked?.raw.listenerCount('data')).toBe(0);
  });

  test('in time because this process was busy is looked at first', async () => {
    const { socket, until } = open(small.port, `${head('/hurried', 'content-length: 8')}some`);
    await expect.poll(() => hold?.bytes).toBe(16);
    socket.write('more');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    await until(/ bytes$/);
    expect(read?.body).toBe('somemore');
    socket.destroy();
  });

  test('because its client went is no reply', async () => {
    const { socket } = open(small.port, `${head('/', 'content-length: 10')}some`);
    await expect.poll(() => hold?.bytes).toBe(20);
    socket.destroy();
    await expect.poll(() => failed).toMatchObject({ name: 'ClientGone', message: 'the connection broke before the body was here' });
  });

  test('because its connection was closed is no reply', async () => {
    const { socket } = open(small.port, `${head('/', 'content-length: 10')}some`);
    await expect.poll(() => hold?.bytes).toBe(20);
    asked?.raw.emit('close');
    await expect.poll(() => failed).toMatchObject({ name: 'ClientGone', message: 'the connection closed before the body was here' });
    socket.destroy();
  });
});

test('a packed body whose client goes before it is unpacked is not answered, and holds nothing', async () => {
  isLeft = true;
  const packed = gzipSync('{"a":1}');
  await send(head('/', 'content-encoding: gzip', `content-length: ${packed.length}`), packed);
  expect(failed).toMatchObject({ name: 'ClientGone', message: 'the connection closed before the body was unpacked' });
  expect([hold?.bytes, read]).toEqual([0, undefined]);
});

test('a client that has gone before its small body is looked at gets no reply', async () => {
  const gone = { headers: { 'content-length': '5' }, raw: new PassThrough().destroy() } as unknown as FastifyRequest;
  const reading = readChunks(gone, { maxBytes: MAX_BYTES, timeoutMs: 60_000 }, admission.open(2));
  await expect(reading).rejects.toThrow(new ClientGone('the connection closed before the body was here'));
});

describe('once a body is here', () => {
  test('nothing waits for it: no clock, no listener, and no word at the end of the service', async () => {
    const forget = vi.spyOn(small.lifecycle, 'forget').mockClear();
    const tell = vi.spyOn(small.lifecycle, 'tell').mockClear();
    await send(head('/hurried', CHUNKED), chunk('some'), END);
    expect(forget.mock.calls).toEqual(tell.mock.calls);
    expect(tell).toHaveBeenCalledTimes(1);
    expect(waiting?.after).toEqual(waiting?.before);
    await sleep(400);
    expect([failed, read?.body]).toEqual([undefined, 'some']);
    expect(forget).toHaveBeenCalledTimes(1);
  });
});

test('a service that closes waits for no body', async () => {
  const connection = open(small.port, `${head('/', 'content-length: 10')}some`);
  await expect.poll(() => hold?.bytes).toBe(20);
  small.lifecycle.close();
  await connection.until('refused');
  expect(failed).toMatchObject({ code: 'shutting-down', message: 'this replica is closing' });
  connection.socket.destroy();
});
