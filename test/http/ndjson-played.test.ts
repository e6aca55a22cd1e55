import { once } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import type { Answering } from '../../src/http/answering.ts';
import { LineFailures } from '../../src/http/logging.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { answerStream } from '../../src/http/ndjson.ts';
import { PIECE_BYTES } from '../../src/http/pieces.ts';
import { StreamRoom, StreamRooms } from '../../src/http/stream-room.ts';
import { Admission, type Hold } from '../../src/runtime/admission.ts';
import type { Answerer, Asking } from '../../src/runtime/answerer.ts';
import { BATCH_BYTES, BATCH_LINE_COST, type BatchAnswer } from '../../src/runtime/batch.ts';
import { Ledger } from '../../src/runtime/ledger.ts';
import { LineMemory } from '../../src/runtime/line-memory.ts';
import type { Answered, Facts, Question } from '../../src/runtime/question.ts';
import { prepare } from './answered.ts';
import { chunk, open } from './raw.ts';
import { useSmall } from './small.ts';

/*
 * Which lines of a stream are answered on the event loop, and which on threads: both are played. What becomes of them is in ndjson.test.ts.
 */

const MOST = 256 * 2 ** 20;
const HEAD = 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n';
const END = '0\r\n\r\n';

const textOf = ({ body }: Question) => Buffer.concat(body).toString().trim();
const factsOf = (ms: Partial<Facts['stages']> = {}): Facts => ({
  kind: 'attention',
  sizes: {},
  work: 1,
  where: 'worker',
  stages: { queue: 0, decode: 0, compute: 0, encode: 0, ...ms },
});
const answered = (body: string, ms?: Partial<Facts['stages']>): Answered => ({ answer: { body: Buffer.from(body) }, facts: factsOf(ms) });

const admission = new Admission(new Ledger({ bytes: MOST, work: 1 }), () => 1);
const here = vi.fn<(question: Question, asking: Asking) => Answered | Promise<Answered>>();
const onThreads = vi.fn<(questions: readonly Question[], asking: { gone: AbortSignal; hold: Hold }) => Promise<BatchAnswer>>();
const answerer = {
  threads: 2,
  idleThreads: 2,
  longestBody: 2 * BATCH_BYTES,
  most: { bytes: MOST, work: 1 },
  open: () => admission.open(4),
  openLine: (bytes: number) => admission.openLine(bytes),
  openLines: () => new LineMemory(admission.bodies),
  answer: here,
  answerBatch: onThreads,
};
const answering: Answering = {
  answerer: answerer as unknown as Answerer,
  bodies: { maxBytes: 2 * BATCH_BYTES, timeoutMs: 10_000 },
  base: '',
  metrics: new Metrics(),
  streams: new StreamRooms(MOST),
};
const small = useSmall((app) => {
  prepare(app);
  app.post('/', (request, reply) =>
    reply.type('application/x-ndjson').send(answerStream(request, reply, (body) => ({ kind: 'attention', body }), answering)),
  );
});

beforeEach(() => {
  vi.restoreAllMocks();
  answerer.idleThreads = 2;
  here.mockReset().mockImplementation((question) => answered(textOf(question)));
  onThreads.mockReset().mockImplementation(async (questions) => ({ outcomes: questions.map((one) => answered(textOf(one))), stopped: false }));
});

const post = async (body: string) => (await small.ask('/', { method: 'POST', body })).text;
const askedHere = () => here.mock.calls.map(([question]) => textOf(question));
const askedOnThreads = () => onThreads.mock.calls.map(([questions]) => questions.map(textOf));
const lines = (...texts: string[]) => texts.map((text) => `${text}\n`).join('');
/** More than is answered on the event loop at once. */
const padded = (text: string) => text.padEnd(8193);
const held = () => admission.ledger.held('bytes');
/** How many slabs of memory others can have. */
function freeSlabs(): number {
  const slabs: SharedArrayBuffer[] = [];
  for (let slab = admission.bodies.take(); slab; slab = admission.bodies.take()) slabs.push(slab);
  admission.bodies.give(slabs);
  return slabs.length;
}

describe('lines are answered', () => {
  test('on the event loop where little came together, and would rather wait than be refused', async () => {
    const text = `${'a'.repeat(4096)}\n${'b'.repeat(4096)}\n`;
    expect(await post(text)).toBe(text);
    expect(askedHere()).toHaveLength(2);
    expect(here.mock.calls.every(([, { patient }]) => patient === true)).toBe(true);
    expect(onThreads).not.toHaveBeenCalled();
  });

  test('on threads where more came', async () => {
    const text = `${'a'.repeat(4096)}\n${'b'.repeat(4097)}\n`;
    expect(await post(text)).toBe(text);
    expect(here).not.toHaveBeenCalled();
    expect(askedOnThreads().flat()).toHaveLength(2);
  });

  test('on threads where others are there still, however little came', async () => {
    const first = Promise.withResolvers<BatchAnswer>();
    onThreads.mockReturnValueOnce(first.promise);
    const connection = open(small.port, `${HEAD}${chunk(lines(padded('a')))}`);
    await expect.poll(() => onThreads.mock.calls.length).toBe(1);
    connection.socket.write(chunk(lines('b')));
    await expect.poll(() => onThreads.mock.calls.length).toBe(2);
    expect(here).not.toHaveBeenCalled();
    first.resolve({ outcomes: [answered('first')], stopped: false });
    await connection.until('first\nb\n');
    connection.socket.write(chunk(lines('c')));
    connection.socket.write(END);
    await connection.until(/\r\n0\r\n\r\n$/);
    expect(askedHere()).toEqual(['c']);
    connection.socket.destroy();
  });

  test('in order, each failure with the number of its line', async () => {
    onThreads.mockImplementation(async (questions) => ({
      outcomes: questions.map((one) => (textOf(one) === 'bad' ? { failure: new Failure('invalid-request', 'bad') } : answered(textOf(one)))),
      stopped: false,
    }));
    const text = await post(lines(padded('a'), 'bad', 'b', 'bad'));
    const replies = text.trimEnd().split('\n');
    expect([replies[0], replies[2]]).toEqual(['a', 'b']);
    expect([replies[1], replies[3]].map((reply) => JSON.parse(reply ?? '').line)).toEqual([2, 4]);
  });
});

describe('a line that a thread stopped before', () => {
  const stopAtFirst = () => onThreads.mockResolvedValueOnce({ outcomes: [], stopped: true });

  test('is answered by itself, and the rest goes to threads together where it was quick', async () => {
    answerer.idleThreads = 1;
    stopAtFirst();
    here.mockImplementationOnce((question) => answered(textOf(question), { decode: 10, compute: 10, encode: BATCH_LINE_COST - 21 }));
    expect(await post(lines(padded('a'), 'b', 'c'))).toBe(lines('a', 'b', 'c'));
    expect(askedHere()).toEqual(['a']);
    expect(askedOnThreads()).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ]);
  });

  test.each([
    ['decode', { decode: BATCH_LINE_COST }],
    ['compute', { compute: BATCH_LINE_COST }],
    ['encode', { encode: BATCH_LINE_COST }],
    ['all stages together', { decode: BATCH_LINE_COST / 2, compute: 0, encode: BATCH_LINE_COST / 2 }],
  ])('is answered by itself, as the next is, where it took long: %s', async (_, ms) => {
    answerer.idleThreads = 1;
    stopAtFirst();
    here.mockImplementationOnce((question) => answered(textOf(question), ms));
    expect(await post(lines(padded('a'), 'b', 'c'))).toBe(lines('a', 'b', 'c'));
    expect(askedHere()).toEqual(['a', 'b']);
    expect(askedOnThreads()).toEqual([['a', 'b', 'c'], ['c']]);
  });

  test('is answered by itself, and the rest together where it was refused', async () => {
    answerer.idleThreads = 1;
    stopAtFirst();
    here.mockImplementationOnce(() => {
      throw new Failure('invalid-request', 'wrong');
    });
    const [first, ...rest] = (await post(lines(padded('a'), 'b', 'c'))).trimEnd().split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ line: 1, detail: 'wrong' });
    expect(rest).toEqual(['b', 'c']);
    expect(askedHere()).toEqual(['a']);
  });
});

describe('what comes of lines', () => {
  test('goes out together where it is little, and piece by piece where it is much', async () => {
    const sizes: Record<string, number> = { little: 10, most: PIECE_BYTES - 1, whole: PIECE_BYTES, more: 2 * PIECE_BYTES + 5 };
    here.mockImplementation((question) => answered('x'.repeat(sizes[textOf(question)] ?? 0)));
    const keep = vi.spyOn(StreamRoom.prototype, 'keep');
    const handed = vi.spyOn(StreamRoom.prototype, 'handed');
    /** How large the pieces are that go out. */
    const ask = async (...texts: string[]) => {
      keep.mockClear();
      handed.mockClear();
      await post(lines(...texts));
      expect(handed).toHaveBeenCalledTimes(keep.mock.calls.length);
      return keep.mock.calls.map(([bytes]) => bytes);
    };
    expect(await ask('little', 'little', 'little')).toEqual([33]);
    expect(await ask('most', 'little')).toEqual([PIECE_BYTES, 11]);
    expect(await ask('little', 'whole', 'little')).toEqual([11, PIECE_BYTES, 12]);
    expect(await ask('more')).toEqual([PIECE_BYTES, PIECE_BYTES, 5, 1]);
  });

  test('is counted and logged: the lines, and each failure', async () => {
    const { metrics } = answering;
    const note = vi.spyOn(LineFailures.prototype, 'note');
    const logged: number[] = [];
    vi.spyOn(LineFailures.prototype, 'log').mockImplementation(function (this: LineFailures) {
      logged.push(this.lines);
    });
    const before = [metrics.lines, metrics.failures.get('invalid-request')?.count ?? 0];
    const failure = new Failure('invalid-request', 'wrong');
    here.mockImplementationOnce(() => {
      throw failure;
    });
    await post(lines('a', 'b', 'c'));
    expect([metrics.lines, metrics.failures.get('invalid-request')?.count]).toEqual([(before[0] ?? 0) + 3, (before[1] ?? 0) + 1]);
    expect(note).toHaveBeenCalledExactlyOnceWith(failure, 1);
    expect(logged).toEqual([3]);
    await expect.poll(held).toBe(0);
  });

  test('is no line of its own where a defect ends the stream', async () => {
    vi.spyOn(LineFailures.prototype, 'log').mockImplementation(() => {
      throw new RangeError('a defect of ours');
    });
    const connection = open(small.port, `${HEAD}${chunk(lines('a'))}${END}`);
    await connection.closed;
    expect(connection.received.endsWith(END)).toBe(false);
  });
});

describe('a stream reads', () => {
  test('no further while more lines wait than the threads and the next one to be free can have', async () => {
    const first = Promise.withResolvers<void>();
    answerer.idleThreads = 0;
    let asked = 0;
    onThreads.mockImplementation(async (questions) => {
      asked++;
      await first.promise;
      return { outcomes: questions.map((one) => answered(textOf(one).slice(0, 1))), stopped: false };
    });
    const long = lines('a'.repeat(BATCH_BYTES));
    const connection = open(small.port, HEAD);
    await once(connection.socket, 'connect');
    for (let i = 0; i < 40; i++) connection.socket.write(chunk(long));
    await expect.poll(() => asked).toBe(1);
    // What is here of lines that wait: a few batches, and what a chunk of the socket brought, not all 40.
    await expect.poll(held).toBeGreaterThan(4 * 3 * BATCH_BYTES);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(held()).toBeLessThan(4 * 10 * BATCH_BYTES);
    answerer.idleThreads = 2;
    first.resolve();
    connection.socket.write(END);
    await connection.until(/\r\n0\r\n\r\n$/);
    expect(connection.received.match(/a\n/g)).toHaveLength(40);
    connection.socket.destroy();
    await expect.poll(held).toBe(0);
  });

  test('a line that no batch may have by itself', async () => {
    const long = 'x'.repeat(BATCH_BYTES + 1);
    here.mockImplementation((question) => answered(textOf(question).slice(0, 4)));
    expect(await post(lines('a', long, padded('b')))).toBe(lines('a', 'xxxx', 'b'));
    expect(askedHere()).toContain(long);
    expect(askedOnThreads().flat()).not.toContain(long);
  });
});

describe('the memory of lines', () => {
  const long = (text: string) => text.padEnd(BATCH_BYTES);
  const isShared = (questions: readonly Question[]) => questions.flatMap(({ body }) => body).map(({ buffer }) => buffer instanceof SharedArrayBuffer);

  test('is shared with the threads, and others have it once they are answered, in mid-stream too', async () => {
    const all = freeSlabs();
    const connection = open(small.port, `${HEAD}${chunk(lines(...['a', 'b', 'c', 'd', 'e'].map(long)))}`);
    await connection.until(/a\n[\s\S]*e\n/);
    expect(onThreads.mock.calls.flatMap(([questions]) => isShared(questions)).every(Boolean)).toBe(true);
    expect(freeSlabs()).toBe(all);
    connection.socket.write(`${chunk(lines(long('f')))}${END}`);
    await connection.until(/f\n[\s\S]*\r\n0\r\n\r\n$/);
    expect(freeSlabs()).toBe(all);
  });

  test('is shared with the thread that has a line by itself, and others have it once that is answered', async () => {
    const all = freeSlabs();
    here.mockImplementation((question) => answered(textOf(question).slice(0, 1)));
    const connection = open(small.port, `${HEAD}${chunk(lines('x'.repeat(BATCH_BYTES + 1)))}`);
    await connection.until(/x\n/);
    expect(new Set(isShared([here.mock.calls[0]?.[0] as Question]))).toEqual(new Set([true]));
    expect(freeSlabs()).toBe(all);
    connection.socket.write(END);
    await connection.until(/\r\n0\r\n\r\n$/);
    connection.socket.destroy();
  });

  test.each([
    ['together', ['a', 'b'].map(long)],
    ['by itself', ['x'.repeat(BATCH_BYTES + 1)]],
  ])('stays theirs where the client is gone, as long as a thread is at them: %s', async (_how, texts) => {
    const all = freeSlabs();
    const pinned: Hold[] = [];
    const atWork = (hold: Hold, gone: AbortSignal) => {
      hold.pin();
      pinned.push(hold);
      return new Promise<never>((_resolve, reject) => gone.addEventListener('abort', () => reject(gone.reason)));
    };
    onThreads.mockImplementation((_, { hold, gone }) => atWork(hold, gone));
    here.mockImplementation((_, { hold, gone }) => atWork(hold, gone()));
    const connection = open(small.port, `${HEAD}${chunk(lines(...texts))}`);
    await expect.poll(() => pinned.length).toBe(texts.length);
    connection.socket.destroy();
    await expect.poll(() => held()).toBe(0);
    expect(freeSlabs()).toBeLessThan(all);
    for (const hold of pinned) hold.unpin();
    expect(freeSlabs()).toBe(all);
  });
});

describe('once its client is gone, a stream', () => {
  test('has what threads are at given up, and holds nothing', async () => {
    let signal: AbortSignal | undefined;
    onThreads.mockImplementation((_, { gone }) => {
      signal = gone;
      return new Promise((_resolve, reject) => gone.addEventListener('abort', () => reject(gone.reason)));
    });
    const connection = open(small.port, `${HEAD}${chunk(lines(padded('a')))}`);
    await expect.poll(() => signal).toBeDefined();
    expect(held()).toBeGreaterThan(0);
    expect(signal?.aborted).toBe(false);
    connection.socket.destroy();
    await expect.poll(() => signal?.aborted).toBe(true);
    await expect.poll(held).toBe(0);
  });

  test('tells whoever answers a line on the event loop, and counts no failure', async () => {
    let asking: Asking | undefined;
    here.mockImplementation((_, by) => {
      asking = by;
      return new Promise((_resolve, reject) => {
        const gone = by.gone();
        gone.addEventListener('abort', () => reject(gone.reason));
      });
    });
    const counts = () => [...answering.metrics.failures.values()].map(({ count }) => count);
    const before = counts();
    const connection = open(small.port, `${HEAD}${chunk(lines('a'))}`);
    await expect.poll(() => asking).toBeDefined();
    connection.socket.destroy();
    await expect.poll(() => asking?.gone().aborted).toBe(true);
    await expect.poll(held).toBe(0);
    expect(counts()).toEqual(before);
  });
});
