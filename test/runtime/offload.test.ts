import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import type { HelpCall } from '../../src/runtime/crew.ts';
import { chooseEngine } from '../../src/runtime/kernel.ts';
import { Offload } from '../../src/runtime/offload.ts';
import type { Question } from '../../src/runtime/question.ts';
import type { Calling } from '../../src/runtime/worker.ts';
import { chosenCodec } from '../codec.ts';
import { random } from '../engine/calls.ts';
import { drawn } from '../slow.ts';

const limits = { work: 2e11, replyNumbers: 1e7 };
const engine = chooseEngine('simd');
const nobodyLeaves = new AbortController().signal;
let offload: Offload | undefined;

afterEach(async () => {
  await offload?.close();
});

function start(threads: number, by = engine): Offload {
  offload = new Offload({ most: { bytes: 2 ** 30, work: 1e12 }, engine: by, codec: chosenCodec, limits, threads });
  return offload;
}

function question(n: number, options: object = {}): Question {
  const next = random(n);
  const tokens = Array.from({ length: n }, () => Array.from({ length: 64 }, () => Math.round(next() * 1000) / 1000));
  return { kind: 'attention', body: [Buffer.from(JSON.stringify({ tokens, include: ['lse'], ...options }))] };
}

/** Some thousands of tokens are some seconds of work for it, on one thread. */
const SLOW = chooseEngine('reference');

describe('worker threads', () => {
  test('give the same answer, however many they are', async () => {
    const bodies: string[] = [];
    for (const threads of [1, 2, 3]) {
      const pool = start(threads);
      const { answer, facts } = await pool.ask(question(1500, { include: ['context', 'lse', 'entropy'], causal: true }), 60_000, nobodyLeaves);
      bodies.push(answer.body.toString());
      expect(facts).toMatchObject({ kind: 'attention', where: 'worker', sizes: { H: 1, M: 1500, N: 1500, D: 64, E: 64 }, work: 1500 * 1500 * 128 });
      await pool.close();
    }
    expect(bodies[1]).toBe(bodies[0]);
    expect(bodies[2]).toBe(bodies[0]);
  });

  test('print the next reply where the last one was, once that has been let go, and not before', async () => {
    const pool = start(1);
    const asked = async (include: string) => {
      const hold = pool.admission.open(1);
      const { answer } = await pool.ask(question(500, { include: [include] }), 60_000, nobodyLeaves, { hold, lent: true });
      return { hold, body: answer.body as Buffer };
    };
    const first = await asked('weights');
    const printed = Buffer.from(first.body);
    const second = await asked('scores');
    expect(first.body.equals(printed)).toBe(true);
    expect(second.body.subarray(0, 11).toString()).toBe('{"scores":[');
    first.hold.release();
    const third = await asked('scores');
    expect(third.body.equals(second.body)).toBe(true);
    // The first one's memory, as whoever had held on to it would see.
    expect(first.body.subarray(0, 11).toString()).toBe('{"scores":[');
  });

  test('print where nobody else does, for one who did not ask for memory that is lent', async () => {
    const pool = start(1);
    const hold = pool.admission.open(1);
    const { answer } = await pool.ask(question(500, { include: ['scores'] }), 60_000, nobodyLeaves, { hold });
    expect((answer.body as Buffer).buffer).toBeInstanceOf(ArrayBuffer);
  });

  test('tell what a request did wrong, as the kind of failure that it is', async () => {
    const pool = start(1);
    await expect(pool.ask(question(3, { scael: 1 }), 60_000, nobodyLeaves)).rejects.toMatchObject({
      code: 'invalid-request',
      faults: [{ pointer: '/scael' }],
    });
    await expect(pool.ask({ kind: 'merge', body: [Buffer.from('{')] }, 60_000, nobodyLeaves)).rejects.toMatchObject({
      code: 'malformed-json',
      message: expect.stringMatching(/^line 1, column 2: /),
    });
    await expect(pool.ask(question(3, { heads: 64, query: Array(200_000).fill(0) }), 60_000, nobodyLeaves)).rejects.toMatchObject({
      code: 'work-too-large',
    });
  });

  test('that are killed in mid-call fail that call alone', async () => {
    const pool = start(2, SLOW);
    await Promise.all([pool.ask(question(3), 60_000, nobodyLeaves), pool.ask(question(3), 60_000, nobodyLeaves)]);
    const calls = [pool.ask(question(2500), 60_000, nobodyLeaves), pool.ask(question(2500), 60_000, nobodyLeaves)];
    await expect.poll(() => pool.admission.ledger.held('work')).toBe(2 * 2500 * 2500 * 128);
    await pool.threads[0]?.terminate();
    const ends = await Promise.allSettled(calls);
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((await pool.ask(question(3), 60_000, nobodyLeaves)).answer.body.toString()).toContain('"lse"');
  });

  test('send their memory to the event loop once at most, and never where nobody could help: each makes it collect garbage', async () => {
    for (const threads of [1, 2]) {
      const pool = start(threads);
      await pool.ask(question(3), 60_000, nobodyLeaves);
      const calls: Calling[] = [];
      for (const thread of pool.threads) thread.on('message', (message) => message.type === 'calling' && calls.push(message));
      for (const count of [1, 2, 3]) {
        await pool.ask(question(1000), 60_000, nobodyLeaves);
        await expect.poll(() => calls.length, { interval: 5 }).toBe(count);
      }
      const callers = new Set(calls.flatMap(({ call }) => call?.memory.threadId ?? []));
      expect(calls.filter(({ memory }) => memory).length).toBe(callers.size);
      expect(callers.size).toBeLessThanOrEqual(threads === 1 ? 0 : 2);
      for (const { job } of calls) {
        expect(job.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
        expect(job.memory instanceof WebAssembly.Memory).toBe(false);
      }
      await pool.close();
    }
  });

  test('that die while they help another fail that job, which is not waited for in vain', async () => {
    const pool = start(2);
    await Promise.all([pool.ask(question(3), 60_000, nobodyLeaves), pool.ask(question(3), 60_000, nobodyLeaves)]);
    const called = new Promise<Calling>((resolve) => {
      for (const thread of pool.threads) thread.on('message', (message) => message.type === 'calling' && resolve(message));
    });
    // Billions of exponentials: both threads are at it for a second or more.
    const long = { tokens: Array.from({ length: 40_000 }, (_, i) => [i / 40_000, 1]), heads: 1, include: ['lse'] };
    const outcome = pool.ask({ kind: 'attention', body: [Buffer.from(JSON.stringify(long))] }, 60_000, nobodyLeaves).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    const { call } = await called;
    if (!call) throw new Error('nobody was called');
    const helpers = new Int32Array(call.state);
    await expect.poll(() => Atomics.load(helpers, 0), { interval: 5 }).toBe(1);
    await pool.threads.find((thread) => thread.threadId !== call.memory.threadId)?.terminate();
    expect(await outcome).toBe('a thread that worked on this request died');
    expect((await pool.ask(question(3), 60_000, nobodyLeaves)).answer.body.toString()).toContain('"lse"');
  });

  test('that help another leave for a question that waits, and the job comes to the same end without them', async () => {
    const long = (): Question => {
      const tokens = Array.from({ length: 30_000 }, (_, i) => [i / 30_000, 1]);
      return { kind: 'attention', body: [Buffer.from(JSON.stringify({ tokens, heads: 1, include: ['lse'] }))] };
    };
    const alone = await start(1).ask(long(), 60_000, nobodyLeaves);
    await offload?.close();
    const pool = start(2);
    await Promise.all([pool.ask(question(3), 60_000, nobodyLeaves), pool.ask(question(3), 60_000, nobodyLeaves)]);
    const calls: HelpCall[] = [];
    for (const thread of pool.threads) thread.on('message', ({ call }) => call && calls.push(call));
    const ended: string[] = [];
    const helped = pool.ask(long(), 60_000, nobodyLeaves).finally(() => ended.push('long'));
    const helpers = () => calls.map(({ state }) => Atomics.load(new Int32Array(state), 0));
    for (const small of ['first', 'second']) {
      await expect.poll(helpers, { interval: 2 }).toEqual([1]);
      await pool.ask(question(3), 60_000, nobodyLeaves);
      ended.push(small);
    }
    expect((await helped).answer.body.toString()).toBe(alone.answer.body.toString());
    expect(ended).toEqual(['first', 'second', 'long']);
  });

  test('that would run out of memory refuse the body before JSON.parse has it, since that can end the process', async () => {
    offload = new Offload({ most: { bytes: 2 ** 30, work: 1e12 }, engine, codec: chosenCodec, limits, threads: 1, heapMb: 64 });
    await offload.ask(question(3), 60_000, nobodyLeaves);
    const [thread] = offload.threads;
    // Words for numbers are left to JSON.parse, which makes an array of each row.
    const nested = Buffer.from(`{"tokens":[${Array(600_000).fill('["1"]').join(',')}]}`);
    await expect(offload.ask({ kind: 'attention', body: [nested] }, 60_000, nobodyLeaves)).rejects.toMatchObject({
      code: 'body-too-large',
      message: expect.stringContaining('64 MB'),
    });
    expect(offload.threads).toEqual([thread]);
    expect((await offload.ask(question(3), 60_000, nobodyLeaves)).answer.body.toString()).toContain('"lse"');
  });
});

describe('a thread that dies while others wait', () => {
  test('gives its place to the next one, and what its question held is free', async () => {
    const pool = start(1, SLOW);
    await pool.ask(question(3), 60_000, nobodyLeaves);
    const first = pool.ask(question(2500), 60_000, nobodyLeaves);
    const second = pool.ask(question(3), 60_000, nobodyLeaves);
    expect(pool.turns.length).toBe(1);
    await expect.poll(() => pool.admission.ledger.held('work')).toBe(2500 * 2500 * 128);
    await pool.threads[0]?.terminate();
    await expect(first).rejects.toThrow();
    expect((await second).answer.body.toString()).toContain('"lse"');
    const { ledger } = pool.admission;
    expect([ledger.held('bytes'), ledger.held('work'), pool.turns.length, pool.turns.busy]).toEqual([0, 0, 0, 0]);
  });

  test('has lines wait that find no room, and answers them once there is', async () => {
    const work = 300 * 300 * 128;
    offload = new Offload({ most: { bytes: 2 ** 30, work: (8 * work) / 7 + 8 }, engine: SLOW, codec: chosenCodec, limits, threads: 2 });
    const pool = offload;
    const line = async () => {
      const hold = pool.admission.openLine(100_000);
      const { answer } = await pool.ask(question(300), 60_000, nobodyLeaves, { hold, patient: true });
      hold.release();
      return answer.body.toString();
    };
    for (const body of await Promise.all([line(), line(), line(), line(), line()])) expect(body).toContain('"lse"');
    expect([pool.turns.busy, pool.admission.ledger.held('work')]).toEqual([0, 0]);
  });
});

describe('a body in memory that is lent', () => {
  const lent = (pool: Offload, { body, ...rest }: Question) => {
    const hold = pool.admission.open(1);
    for (const piece of body) hold.memory.push(piece, piece.length);
    const received = hold.memory.bytes();
    return { hold, asking: { ...rest, body: received } as Question, buffers: received.map(({ buffer }) => buffer) };
  };

  test('is read where it is, and is others’ once it is answered', async () => {
    const pool = start(1);
    const { hold, asking, buffers } = lent(pool, question(200));
    const { answer } = await pool.ask(asking, 60_000, nobodyLeaves, { hold });
    expect(answer.body.toString()).toBe((await pool.ask(question(200), 60_000, nobodyLeaves)).answer.body.toString());
    hold.settle(answer.body.length);
    expect(buffers).toContain(lent(pool, question(1)).buffers[0]);
  });

  test('is others’ where its thread dies, once it has', async () => {
    const pool = start(1, SLOW);
    const { hold, asking, buffers } = lent(pool, question(4000));
    const answer = pool.ask(asking, 60_000, nobodyLeaves, { hold });
    const failed = expect(answer).rejects.toThrow();
    await expect.poll(() => pool.turns.busy).toBe(1);
    hold.release();
    expect(buffers).not.toContain(lent(pool, question(1)).buffers[0]);
    await pool.threads[0]?.terminate();
    await failed;
    expect(buffers).toContain(lent(pool, question(1)).buffers[0]);
  });

  test('is still there where it has to wait once more', async () => {
    const pool = start(1);
    const others = pool.admission.open(1);
    others.pay({ holds: 0, work: 1e12 });
    const { hold, asking } = lent(pool, question(1500));
    const answer = pool.ask(asking, 60_000, nobodyLeaves, { hold, patient: true });
    await expect.poll(() => pool.turns.length).toBe(1);
    others.release();
    expect((await answer).answer.body.toString()).toContain('"lse"');
  });
});

describe('many jobs in a row', () => {
  test('are each answered, though a quick one may end before its call for help is heard', async () => {
    const pool = start(2);
    const [n, d] = [480, 32];
    const bytes = Buffer.from(new Float32Array(n * d).fill(0.5).buffer);
    const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [1, 1, n, d], parameters: { binary_data_size: bytes.length } });
    const json = Buffer.from(JSON.stringify({ inputs: ['Q', 'K', 'V'].map(tensor), outputs: [{ name: 'Y', parameters: { binary_data: true } }] }));
    const asked = (): Question => ({ kind: 'inference', body: [Buffer.concat([json, bytes, bytes, bytes])], jsonLength: `${json.length}` });
    const caller = async () => {
      for (let i = 0; i < drawn(500, 100); i++) await pool.ask(asked(), 60_000, nobodyLeaves);
    };
    await Promise.all([caller(), caller(), caller(), caller()]);
  });
});

describe('giving up', () => {
  /** Minutes for the reference, on the one thread: whoever comes next is answered only where it is given up. */
  const endless = () => question(20_000);

  test('a deadline is kept, and the thread is free again', async () => {
    const pool = start(1, SLOW);
    await pool.ask(question(3), 60_000, nobodyLeaves);
    await expect(pool.ask(endless(), 200, nobodyLeaves)).rejects.toMatchObject({ code: 'deadline-exceeded' });
    expect((await pool.ask(question(3), 60_000, nobodyLeaves)).answer.body.toString()).toContain('"lse"');
  });

  test('a client that goes away frees the thread', async () => {
    const pool = start(1, SLOW);
    await pool.ask(question(3), 60_000, nobodyLeaves);
    const leaving = new AbortController();
    const call = pool.ask(endless(), 60_000, leaving.signal);
    call.catch(() => undefined);
    await expect.poll(() => pool.admission.ledger.held('work')).toBe(20_000 * 20_000 * 128);
    leaving.abort(new Error('gone'));
    await expect(call).rejects.toThrow('gone');
    expect((await pool.ask(question(3), 60_000, nobodyLeaves)).answer.body.toString()).toContain('"lse"');
  });

  test('a large job in the kernel is stopped between two items', async () => {
    const pool = start(Math.min(2, availableParallelism()));
    await pool.ask(question(3), 60_000, nobodyLeaves);
    const long: Question = {
      kind: 'attention',
      body: [Buffer.from(JSON.stringify({ tokens: Array.from({ length: 200_000 }, (_, i) => [i % 7, 1]), include: ['lse'] }))],
    };
    await expect(pool.ask(long, 1500, nobodyLeaves)).rejects.toMatchObject({ code: 'deadline-exceeded' });
    expect((await pool.ask(question(3), 20_000, nobodyLeaves)).answer.body.toString()).toContain('"lse"');
  });
});
