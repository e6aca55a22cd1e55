import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { isStopped, type JobPlace } from '../../src/engine/kernels/job.ts';
import { collectAll } from '../../src/runtime/collect.ts';
import { INLINE_BYTES } from '../../src/runtime/cost.ts';
import { chooseEngine } from '../../src/runtime/kernel.ts';
import { Slip } from '../../src/runtime/ledger.ts';
import { Offload } from '../../src/runtime/offload.ts';
import type { Facts, Question } from '../../src/runtime/question.ts';
import type { AskTask, BatchTask, BatchTold, Calling, GaveBack, HelpTask, SentCall, Told, WakeTask } from '../../src/runtime/worker.ts';
import { chosenCodec } from '../codec.ts';

/*
 * The side of the main thread alone, by a clock that stands: what its threads are asked, a test sees; what they tell, a test says.
 * What threads really do is in offload.test.ts.
 */

interface Run {
  readonly task: AskTask | BatchTask | HelpTask | WakeTask;
  readonly options: { readonly signal?: AbortSignal; readonly transferList?: readonly ArrayBuffer[] };
  tell(told: Told | BatchTold | boolean | undefined): void;
  die(error: Error): void;
}

const pool = vi.hoisted(() => ({
  runs: [] as Run[],
  options: undefined as undefined | Record<string, unknown>,
  threads: [] as { readonly threadId: number }[],
  listeners: new Map<string, (message: unknown) => void>(),
  destroyed: 0,
}));

vi.mock('piscina', () => ({
  Piscina: class {
    readonly threads = pool.threads;
    constructor(options: Record<string, unknown>) {
      pool.options = options;
    }
    on(event: string, listener: (message: unknown) => void) {
      pool.listeners.set(event, listener);
    }
    run(task: Run['task'], options: Run['options'] = {}) {
      const { promise, resolve, reject } = Promise.withResolvers<Told | BatchTold | boolean | undefined>();
      pool.runs.push({ task, options, tell: resolve, die: reject });
      return promise;
    }
    async destroy() {
      pool.destroyed++;
    }
  },
}));
vi.mock('../../src/runtime/collect.ts', () => ({ collectAll: vi.fn() }));

beforeEach(() => {
  vi.useFakeTimers();
  pool.runs = [];
  pool.threads = [{ threadId: 1 }, { threadId: 2 }];
  pool.listeners.clear();
  vi.mocked(collectAll).mockClear();
});
afterEach(() => {
  vi.useRealTimers();
});

const nobodyLeaves = new AbortController().signal;
const limits = { work: 1e12, replyNumbers: 1e7 };
const engine = chooseEngine('reference');

function start(threads = 1, most = { bytes: 1e6, work: 1e6 }, heapMb?: number): Offload {
  return new Offload({ most, engine, codec: chosenCodec, limits, threads, ...(heapMb && { heapMb }) });
}

const question = (text = '{}'): Question => ({ kind: 'attention', body: [Buffer.from(text)] });
const facts = (ms: number): Facts => ({
  kind: 'attention',
  sizes: {},
  work: 1,
  where: 'worker',
  stages: { queue: 0, decode: ms, compute: 0, encode: 0 },
});
const answer = (text: string, ms = 1): Told => ({ answer: { body: new TextEncoder().encode(text), jsonLength: undefined }, facts: facts(ms) });
const turns = () => vi.advanceTimersByTimeAsync(0);

/** The nth thing that a thread was asked. */
function run(nth: number): Run {
  const asked = pool.runs[nth];
  if (!asked) throw new Error(`only ${pool.runs.length} things were asked`);
  return asked;
}
function ask(nth: number): AskTask {
  const { task } = run(nth);
  if (task.type !== 'ask') throw new Error(`it was a ${task.type}`);
  return task;
}

/** How a promise has ended by now. */
function watch(promise: Promise<unknown>) {
  const state: { end?: unknown; error?: Failure } = {};
  promise.then(
    (value) => {
      state.end = value;
    },
    (error) => {
      state.error = error;
    },
  );
  return state;
}

describe('the pool', () => {
  test('has all its threads from the start to the end, with the memory that each may take, and the ledger', () => {
    const offload = start(3, undefined, 64);
    expect(pool.options).toMatchObject({
      minThreads: 3,
      maxThreads: 3,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxOldGenerationSizeMb: 64 },
      workerData: { engine, limits, threads: 3, ledger: offload.admission.ledger.shared },
    });
    expect(pool.options?.['filename']).toMatch(/\/src\/runtime\/worker\.ts$/);
    start();
    expect(pool.options).toMatchObject({ resourceLimits: { maxOldGenerationSizeMb: 1536 } });
    expect(offload.threads).toBe(pool.threads);
    // An error is told to its own question; with a listener it ends nothing.
    expect(pool.listeners.get('error')?.(new Error('of a thread'))).toBeUndefined();
  });
});

describe('a question', () => {
  test('is handed to a thread with its body, which moves there, and with what it holds', async () => {
    const offload = start();
    const hold = offload.admission.openLine(10);
    hold.pay({ holds: 70, work: 5 });
    const shared = Buffer.from('xxx{}').subarray(3);
    const asked = watch(offload.ask({ kind: 'attention', body: [shared, Buffer.from('y')] }, 1000, nobodyLeaves, { hold }));
    await turns();
    expect(ask(0)).toMatchObject({ type: 'ask', id: 1, paid: false, patient: false, held: 70 });
    expect(ask(0).question.body.map(String)).toEqual(['{}', 'y']);
    expect(run(0).options.transferList).toEqual(ask(0).question.body.map(({ buffer }) => buffer));
    expect(new Set(run(0).options.transferList).size).toBe(2);
    run(0).tell({ answer: { body: new TextEncoder().encode('answer'), jsonLength: 3 }, facts: facts(1) });
    await turns();
    expect(asked.end).toEqual({ answer: { body: Buffer.from('answer'), jsonLength: 3 }, facts: facts(1) });
  });

  test('has waited for what is in none of its stages', async () => {
    const offload = start();
    const first = watch(offload.ask(question(), 10_000, nobodyLeaves));
    const second = watch(offload.ask(question(), 10_000, nobodyLeaves));
    await vi.advanceTimersByTimeAsync(300);
    run(0).tell(answer('first', 290));
    await vi.advanceTimersByTimeAsync(100);
    run(1).tell({ ...answer('second'), facts: { ...facts(10), stages: { queue: 0, decode: 10, compute: 20, encode: 30 } } } as Told);
    await turns();
    expect(first.end).toMatchObject({ facts: { stages: { queue: 10, decode: 290 } } });
    expect(second.end).toMatchObject({ facts: { stages: { queue: 400 - 60, decode: 10, compute: 20, encode: 30 } } });
    // Two clocks may differ by a little: no wait is less than none.
    const third = watch(offload.ask(question(), 10_000, nobodyLeaves));
    await turns();
    run(2).tell(answer('third', 5));
    await turns();
    expect(third.end).toMatchObject({ facts: { stages: { queue: 0 } } });
  });

  test('that fails fails as its thread says, with the time after which to ask again where it is for load', async () => {
    const offload = start();
    const refused = watch(offload.ask(question(), 1000, nobodyLeaves));
    await turns();
    run(0).tell({ failure: new Failure('too-many-requests', 'no room').toPlain() });
    const wrong = watch(offload.ask(question(), 1000, nobodyLeaves));
    await turns();
    run(1).tell({ failure: new Failure('invalid-request', 'wrong').toPlain() });
    await turns();
    expect(refused.error).toMatchObject({ code: 'too-many-requests', message: 'no room', retryAfter: 1 });
    expect([wrong.error?.code, wrong.error?.retryAfter]).toEqual(['invalid-request', undefined]);
  });

  test('for which its thread had no room waits, by its price, and is asked again with the body that comes back', async () => {
    const offload = start(1, { bytes: 1000, work: 1000 });
    const hold = offload.admission.openLine(10);
    const other = offload.admission.openLine(10);
    other.pay({ holds: 0, work: 950 });
    const asked = watch(offload.ask(question('{"a":1}'), 1000, nobodyLeaves, { hold, patient: true }));
    await turns();
    expect(ask(0)).toMatchObject({ paid: false, patient: true });
    run(0).tell({ deferred: { cost: 5, holds: 10, work: 100 }, isUnread: false, body: [new TextEncoder().encode('{"a":1}')] });
    await turns();
    expect([pool.runs.length, offload.turns.length]).toEqual([1, 1]);
    other.release();
    await turns();
    expect(ask(1)).toMatchObject({ id: 2, paid: true, patient: true, held: 10 });
    expect(String(ask(1).question.body[0])).toBe('{"a":1}');
    run(1).tell(answer('at last'));
    await turns();
    expect(asked.end).toMatchObject({ answer: { body: Buffer.from('at last') } });
    expect([hold.bytes, hold.work]).toEqual([10, 100]);
  });

  test('for which there was no room to be read waits for that, unpaid, and holds nothing while it waits for its price', async () => {
    const offload = start(1, { bytes: 1000, work: 1000 });
    const hold = offload.admission.openLine(10);
    const other = offload.admission.openLine(10);
    other.pay({ holds: 800, work: 0 });
    const asked = watch(offload.ask(question('{"a":1}'), 1000, nobodyLeaves, { hold, patient: true }));
    await turns();
    const body = [new TextEncoder().encode('{"a":1}')];
    run(0).tell({ deferred: { cost: 5, holds: 300, work: 0 }, isUnread: true, body });
    await turns();
    expect([pool.runs.length, offload.turns.length, hold.bytes]).toEqual([1, 1, 0]);
    other.release();
    await turns();
    expect(ask(1)).toMatchObject({ paid: false, patient: true, held: 300 });
    expect(hold.bytes).toBe(300);
    // It has been read by now, and there is no room to compute it.
    const third = offload.admission.openLine(10);
    third.pay({ holds: 600, work: 0 });
    run(1).tell({ deferred: { cost: 5, holds: 500, work: 7 }, isUnread: false, body });
    await turns();
    expect([pool.runs.length, offload.turns.length, hold.bytes]).toEqual([2, 1, 0]);
    third.release();
    await turns();
    expect(ask(2)).toMatchObject({ paid: true, held: 500 });
    run(2).tell(answer('at last'));
    await turns();
    expect(asked.end).toMatchObject({ answer: { body: Buffer.from('at last') } });
  });

  test('without anything held yet holds what it takes until it is answered', async () => {
    const offload = start();
    const asked = watch(offload.ask(question(), 1000, nobodyLeaves));
    await turns();
    offload.admission.ledger.take('bytes', 500);
    new Slip(ask(0).slip).note('bytes', 500);
    run(0).tell(answer('a'));
    await turns();
    expect([asked.end === undefined, offload.admission.ledger.held('bytes')]).toEqual([false, 0]);
  });

  test('whose price does not fit even alone is refused before it waits', async () => {
    const offload = start(1, { bytes: 1000, work: 1000 });
    const hold = offload.admission.openLine(10);
    const price = { cost: 5, holds: 10, work: 1001 };
    await expect(offload.ask(question(), 1000, nobodyLeaves, { hold, price, patient: true })).rejects.toMatchObject({ code: 'work-too-large' });
    const paid = watch(offload.ask(question(), 1000, nobodyLeaves, { hold, price, paid: true, patient: true }));
    await turns();
    expect([ask(0).paid, paid.error]).toEqual([true, undefined]);
  });
});

describe('a batch of questions', () => {
  const told = (texts: readonly string[], stopped = false): BatchTold => ({
    outcomes: texts.map((text) => ({ length: text.length, facts: facts(7) })),
    stopped,
    bytes: new TextEncoder().encode(texts.join('')),
  });

  test('is handed to one thread in one memory, which moves there; the bodies stay here as well', async () => {
    const offload = start();
    const hold = offload.admission.openLine(10);
    const bodies = [Buffer.from('{"a":1}'), Buffer.from('{"b"'), Buffer.from(':22}')] as const;
    const [first, second] = [[bodies[0]], [bodies[1], bodies[2]]];
    watch(
      offload.askBatch(
        [
          { kind: 'attention', body: first },
          { kind: 'merge', body: second },
        ],
        1000,
        nobodyLeaves,
        hold,
      ),
    );
    await turns();
    const { task, options } = run(0);
    if (task.type !== 'batch') throw new Error(`it was a ${task.type}`);
    expect(task.id).toBe(1);
    expect(task.questions.map(({ kind, body }) => [kind, ...body.map(String)])).toEqual([
      ['attention', '{"a":1}'],
      ['merge', '{"b":22}'],
    ]);
    expect(options.transferList).toEqual([task.questions[0]?.body[0]?.buffer]);
    expect(bodies.map(({ buffer }) => options.transferList?.includes(buffer as ArrayBuffer))).toEqual([false, false, false]);
  });

  test('is handed over as it is where all bodies are in shared memory', async () => {
    const offload = start();
    const memory = Buffer.from(new SharedArrayBuffer(10));
    const shared = (from: number, to: number): Question => ({ kind: 'attention', body: [memory.subarray(from, to)] });
    watch(offload.askBatch([shared(0, 4), shared(5, 9)], 1000, nobodyLeaves, offload.admission.openLine(10)));
    watch(offload.askBatch([shared(0, 4), question('own')], 1000, nobodyLeaves, offload.admission.openLine(10)));
    await turns();
    const { task, options } = run(0);
    expect(task.type === 'batch' && task.questions.map(({ body }) => body)).toEqual([[memory.subarray(0, 4)], [memory.subarray(5, 9)]]);
    expect(options.transferList).toEqual([]);
    run(0).tell(told(['one', 'two']));
    await turns();
    // One that is not takes a copy of all.
    expect(run(1).options.transferList).toEqual([expect.any(ArrayBuffer)]);
  });

  test('gets each reply out of the one memory, and each failure; what it took is held, but for its replies, no longer', async () => {
    const offload = start();
    const { ledger } = offload.admission;
    const hold = offload.admission.openLine(10);
    await vi.advanceTimersByTimeAsync(50);
    const before = watch(offload.ask(question(), 10_000, nobodyLeaves));
    const asked = watch(offload.askBatch([question(), question(), question()], 1000, nobodyLeaves, hold));
    await vi.advanceTimersByTimeAsync(300);
    run(0).tell(answer('before'));
    await turns();
    const { task } = run(1);
    ledger.take('bytes', 500);
    new Slip((task as BatchTask).slip).note('bytes', 500);
    const { outcomes, ...rest } = told(['one', 'three'], true);
    const [one, three] = outcomes as [BatchTold['outcomes'][0], BatchTold['outcomes'][0]];
    run(1).tell({ ...rest, outcomes: [one, { failure: new Failure('invalid-request', 'wrong').toPlain() }, three] });
    await turns();
    const queued = { ...facts(7), stages: { ...facts(7).stages, queue: 300 } };
    expect(before.end).toBeDefined();
    expect(asked.end).toEqual({
      outcomes: [
        { answer: { body: Buffer.from('one') }, facts: queued },
        { failure: expect.objectContaining({ code: 'invalid-request', message: 'wrong' }) },
        { answer: { body: Buffer.from('three') }, facts: queued },
      ],
      stopped: true,
    });
    expect([hold.bytes, ledger.held('bytes')]).toEqual([8, 8]);
  });

  test('waits for a thread without an end, as long as somebody waits for it, and its time begins with its turn', async () => {
    const offload = start();
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    const leaving = new AbortController();
    const left = watch(offload.askBatch([question()], 500, leaving.signal, offload.admission.openLine(1)));
    const batch = watch(offload.askBatch([question()], 500, nobodyLeaves, offload.admission.openLine(1)));
    await vi.advanceTimersByTimeAsync(5000);
    leaving.abort(new Error('gone'));
    await turns();
    expect([left.error?.message, batch.error, offload.turns.length]).toEqual(['gone', undefined, 1]);
    run(0).tell(answer('first'));
    await vi.advanceTimersByTimeAsync(499);
    expect([pool.runs.length, batch.error]).toEqual([2, undefined]);
    await vi.advanceTimersByTimeAsync(1);
    expect(batch.error?.code).toBe('deadline-exceeded');
  });

  test('of more bytes is thought to take longer', async () => {
    const wait = async (bodies: readonly string[]) => {
      const offload = start();
      watch(offload.ask(question(), 1e6, nobodyLeaves));
      await turns();
      const before = offload.turns.expectedWait({ cost: 1e9, basis: 'bytes' });
      watch(offload.askBatch(bodies.map(question), 1e6, nobodyLeaves, offload.admission.openLine(1)));
      return offload.turns.expectedWait({ cost: 1e9, basis: 'bytes' }) - before;
    };
    const one = await wait(['x'.repeat(500_000)]);
    expect(await wait(['x'.repeat(500_000), 'x'.repeat(500_000)])).toBeGreaterThan(1.5 * one);
  });
});

describe('a body that has not been read', () => {
  test('is not taken in where its turn would come too late, unless it is small or was taken in before', async () => {
    const offload = start(1, { bytes: 1e9, work: 1e6 });
    const early = offload.open(1, 1000);
    early.expect(INLINE_BYTES + 1);
    watch(offload.ask(question(), 1e6, nobodyLeaves, { hold: offload.admission.openLine(1), price: { cost: 1e5, holds: 1, work: 1 } }));
    await turns();
    const late = offload.open(1, 1000);
    late.expect(INLINE_BYTES);
    expect(() => late.expect(INLINE_BYTES + 1)).toThrow(expect.objectContaining({ code: 'too-many-requests' }));
    early.expect(2 * INLINE_BYTES);
    expect(early.bytes).toBe(2 * INLINE_BYTES);
  });
});

describe('a body that is left with its client', () => {
  const BYTES = INLINE_BYTES + 1;
  const roomy = { bytes: 1e9, work: 1e6 };
  const line = (offload: Offload) => offload.admission.openLine(1);

  /** One that comes while a question has the only thread, and has had it for a second. */
  async function behind() {
    const offload = start(1, roomy);
    watch(offload.ask(question(), 1e6, nobodyLeaves, { hold: line(offload) }));
    await vi.advanceTimersByTimeAsync(1000);
    const hold = offload.open(1, 30_000);
    const waiting = watch(Promise.resolve(hold.expect(2 * BYTES)).then(() => 'read'));
    await turns();
    return { offload, hold, waiting };
  }

  test('is to be read once its turn is near, and the time until then is known', async () => {
    const { offload, hold, waiting } = await behind();
    expect([waiting.end, offload.turns.length]).toEqual([undefined, 1]);
    await vi.advanceTimersByTimeAsync(500);
    run(0).tell(answer('first'));
    await turns();
    expect([waiting.end, hold.waited, offload.turns.length]).toEqual(['read', 500, 0]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(waiting.error).toBe(undefined);
  });

  test('is waited for no longer than it may wait', async () => {
    const { offload, waiting } = await behind();
    await vi.advanceTimersByTimeAsync(2499);
    expect(waiting.error).toBe(undefined);
    await vi.advanceTimersByTimeAsync(1);
    expect(waiting.error).toMatchObject({ code: 'too-many-requests', message: expect.stringContaining('may wait for 2500 ms') });
    expect(offload.turns.length).toBe(0);
  });

  test('is not waited for where the service closes', async () => {
    const { offload, waiting } = await behind();
    offload.refuseWaiting(new Failure('shutting-down', 'this replica is closing'));
    await turns();
    expect([waiting.error?.code, offload.turns.length]).toEqual(['shutting-down', 0]);
  });

  test('is forgotten where its client goes', async () => {
    const { offload, hold, waiting } = await behind();
    hold.release();
    await turns();
    expect([waiting.end, offload.turns.length]).toEqual(['read', 0]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(waiting.error).toBe(undefined);
  });

  test('has its place from then on, and is not refused once it has been read at its turn', async () => {
    const { offload, hold, waiting } = await behind();
    await vi.advanceTimersByTimeAsync(500);
    run(0).tell(answer('first'));
    await turns();
    expect(waiting.end).toBe('read');
    hold.arrived(2 * BYTES);
    const rival = { cost: 1, holds: 1, work: 1 };
    watch(offload.ask(question('running'), 1e6, nobodyLeaves, { hold: line(offload), price: { ...rival, cost: 1e6 } }));
    await turns();
    watch(offload.ask(question('later'), 1e9, nobodyLeaves, { hold: line(offload), price: rival }));
    const read = watch(offload.ask(question('read'), 30_000, nobodyLeaves, { hold }));
    await vi.advanceTimersByTimeAsync(100);
    run(1).tell(answer('running'));
    await turns();
    expect([ask(2).question.body.toString(), read.error]).toEqual(['read', undefined]);
  });
});

describe('what a thread took', () => {
  test('belongs to the question until its thread is done, and is given back where that dies', async () => {
    const offload = start();
    const { ledger } = offload.admission;
    const hold = offload.admission.openLine(10);
    const asked = watch(offload.ask(question(), 1000, nobodyLeaves, { hold }));
    await turns();
    ledger.take('bytes', 500);
    ledger.take('work', 50);
    const slip = new Slip(ask(0).slip);
    slip.note('bytes', 500);
    slip.note('work', 50);
    hold.release();
    run(0).die(new Error('a thread died'));
    await turns();
    expect(asked.error).toMatchObject({ message: 'a thread died' });
    expect([ledger.held('bytes'), ledger.held('work'), offload.turns.busy]).toEqual([0, 0, 0]);
  });

  test('is not free before that thread has let go, though nobody waits any more', async () => {
    const offload = start();
    const hold = offload.admission.openLine(10);
    hold.pay({ holds: 70, work: 5 });
    const leaving = new AbortController();
    const asked = watch(offload.ask(question(), 1000, leaving.signal, { hold }));
    await turns();
    leaving.abort(new Error('gone'));
    await turns();
    hold.release();
    expect([asked.error?.message, offload.admission.ledger.held('bytes'), offload.turns.busy]).toEqual(['gone', 70, 1]);
    run(0).tell(answer('for nobody'));
    await turns();
    expect([offload.admission.ledger.held('bytes'), offload.turns.busy]).toEqual([0, 0]);
  });

  test('more memory than it has is the fault of the body', async () => {
    const offload = start(1, undefined, 64);
    const asked = watch(offload.ask(question(), 1000, nobodyLeaves));
    await turns();
    run(0).die(Object.assign(new Error('out of memory'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }));
    await turns();
    expect(asked.error).toMatchObject({ code: 'body-too-large', message: 'reading and answering it takes more than the 64 MB that a thread has' });
  });
});

describe('the wait for a thread', () => {
  test('ends at the deadline, and the question leaves the queue', async () => {
    const offload = start();
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    const late = watch(offload.ask(question(), 500, nobodyLeaves));
    await vi.advanceTimersByTimeAsync(499);
    expect([late.error, offload.turns.length]).toEqual([undefined, 1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(late.error).toMatchObject({
      code: 'deadline-exceeded',
      message: 'the answer did not begin within 500 ms (REQUEST_TIMEOUT_MS)',
    });
    expect([offload.turns.length, pool.runs.length]).toEqual([0, 1]);
  });

  test('has no end for one that is patient, whose deadline begins with its turn', async () => {
    const offload = start();
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    const patient = watch(offload.ask(question(), 500, nobodyLeaves, { hold: offload.admission.openLine(1), patient: true }));
    await vi.advanceTimersByTimeAsync(5000);
    expect(patient.error).toBeUndefined();
    run(0).tell(answer('first'));
    await turns();
    await vi.advanceTimersByTimeAsync(499);
    expect([pool.runs.length, patient.error]).toEqual([2, undefined]);
    await vi.advanceTimersByTimeAsync(1);
    expect(patient.error?.code).toBe('deadline-exceeded');
  });

  test('takes from the time that is left once it has its turn', async () => {
    const offload = start();
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    const second = watch(offload.ask(question(), 500, nobodyLeaves));
    await vi.advanceTimersByTimeAsync(400);
    run(0).tell(answer('first'));
    await turns();
    await vi.advanceTimersByTimeAsync(99);
    expect([pool.runs.length, second.error]).toEqual([2, undefined]);
    await vi.advanceTimersByTimeAsync(1);
    expect(second.error?.code).toBe('deadline-exceeded');
  });

  test('ends where nobody waits any more, for their reason, and nothing is left of it', async () => {
    const offload = start();
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    const leaving = new AbortController();
    const asked = watch(offload.ask(question(), 1000, leaving.signal));
    await turns();
    leaving.abort(new Error('gone'));
    await turns();
    expect([asked.error?.message, offload.turns.length]).toEqual(['gone', 0]);
    // Only the deadline of the first is left.
    expect(vi.getTimerCount()).toBe(1);
    const never = watch(offload.ask(question(), 1000, AbortSignal.abort(new Error('gone before'))));
    await turns();
    expect([never.error?.message, offload.turns.length, pool.runs.length]).toEqual(['gone before', 0, 1]);
  });

  test('is refused where it would be too long, and not where the question is patient', async () => {
    const offload = start();
    const price = { cost: 1e5, holds: 1, work: 1 };
    const hold = offload.admission.openLine(1);
    watch(offload.ask(question(), 1e6, nobodyLeaves, { hold, price }));
    await turns();
    await expect(offload.ask(question(), 1000, nobodyLeaves)).rejects.toMatchObject({ code: 'too-many-requests', retryAfter: 60 });
    watch(offload.ask(question(), 1000, nobodyLeaves, { hold, patient: true }));
    await turns();
    expect(offload.turns.length).toBe(1);
  });

  test('ends where the service closes: those that have begun are not told', async () => {
    const offload = start();
    const first = watch(offload.ask(question(), 1e6, nobodyLeaves));
    const waiting = [watch(offload.ask(question(), 1e6, nobodyLeaves)), watch(offload.ask(question(), 1e6, nobodyLeaves))];
    await turns();
    await offload.close();
    await turns();
    expect(waiting.map(({ error }) => [error?.code, error?.message])).toEqual(Array(2).fill(['shutting-down', 'this replica is closing']));
    expect([first.error, pool.destroyed, offload.turns.length]).toEqual([undefined, 1, 0]);
    pool.destroyed = 0;
  });
});

describe('giving up', () => {
  test('asks the thread to stop, and ends it a second later where it does not', async () => {
    const offload = start();
    const asked = watch(offload.ask(question(), 500, nobodyLeaves));
    await vi.advanceTimersByTimeAsync(500);
    expect([asked.error?.code, new Slip(ask(0).slip).stopped, run(0).options.signal?.aborted]).toEqual(['deadline-exceeded', true, false]);
    await vi.advanceTimersByTimeAsync(999);
    expect(run(0).options.signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(run(0).options.signal?.aborted).toBe(true);
  });

  test('leaves a thread alone that stops by itself, and one that fails', async () => {
    const offload = start(2);
    watch(offload.ask(question(), 500, nobodyLeaves));
    watch(offload.ask(question(), 500, nobodyLeaves));
    await vi.advanceTimersByTimeAsync(500);
    run(0).tell({ failure: new Failure('deadline-exceeded', 'stopped').toPlain() });
    run(1).die(new Error('died'));
    await vi.advanceTimersByTimeAsync(5000);
    expect([run(0), run(1)].map(({ options }) => options.signal?.aborted)).toEqual([false, false]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a call for help', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const call = (id: number): Calling & { readonly call: SentCall; readonly job: JobPlace } => ({
    type: 'calling',
    id,
    job: { memory: { buffer: new SharedArrayBuffer(65_536) }, descriptor: 0 },
    call: { job: { precision: 'float32', descriptor: 0, scratch: [0, 0, 0, 0] }, memory: { threadId: 1, nth: 0 }, state: new SharedArrayBuffer(8) },
  });
  const send = (message: Calling | GaveBack) => pool.listeners.get('message')?.(message);
  const helps = () => pool.runs.filter(({ task }) => task.type === 'help');

  test('is heard by the threads that are idle, each at a place of its own', async () => {
    const offload = start(4);
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    await turns();
    const calling = call(1);
    send(calling);
    expect(helps().map(({ task }) => task)).toEqual([1, 2].map((place) => ({ type: 'help', call: calling.call, place, memory: undefined })));
    expect(offload.turns.busy).toBe(4);
    // A thread that becomes idle comes too, and no more than there are.
    run(1).tell(answer('second'));
    await turns();
    expect(helps().at(-1)?.task).toMatchObject({ place: 3 });
    for (const help of helps()) help.tell(true);
    await turns();
    expect([helps().length, offload.turns.busy]).toEqual([3, 1]);
  });

  const isDismissed = ({ job }: Calling, place: number) => new Int32Array(job.memory.buffer)[place] !== 0;

  test('is given up by as many helpers as questions wait, and heard again once none does', async () => {
    const offload = start(4);
    const calling = call(1);
    const dismissed = () => [1, 2, 3].filter((place) => isDismissed(calling, place));
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    await turns();
    send(calling);
    expect([helps().length, dismissed()]).toEqual([3, []]);
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    await turns();
    expect(dismissed()).toEqual([1]);
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    await turns();
    expect(dismissed()).toEqual([1, 2]);
    for (const help of helps()) if (help.task.type === 'help' && dismissed().includes(help.task.place)) help.tell(true);
    await turns();
    expect([ask(4).id, ask(5).id, helps().length]).toEqual([2, 3, 3]);
    run(5).tell(answer('third'));
    await turns();
    expect([helps().length, helps().at(-1)?.task, dismissed()]).toEqual([4, { type: 'help', call: calling.call, place: 1 }, [2]]);
  });

  test('is not heard again once a helper has found nothing more to do; the next job of the question is', async () => {
    const offload = start(2);
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    await turns();
    send(call(1));
    helps()[0]?.tell(true);
    await turns();
    expect([helps().length, offload.turns.idle]).toEqual([1, 1]);
    const next = call(1);
    send(next);
    expect(helps().at(-1)?.task).toEqual({ type: 'help', call: next.call, place: 1 });
  });

  test('that no helper has anything to do for is stopped all the same, once nobody waits for it', async () => {
    const offload = start(2);
    const calling = call(1);
    watch(offload.ask(question(), 500, nobodyLeaves));
    await turns();
    send(calling);
    helps()[0]?.tell(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(isStopped(calling.job)).toBe(true);
  });

  test('waits while others wait for a thread', async () => {
    const offload = start(2);
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    const third = watch(offload.ask(question(), 1e6, nobodyLeaves));
    await turns();
    send(call(1));
    run(1).tell(answer('second'));
    await turns();
    expect([helps().length, ask(2).id]).toEqual([0, 3]);
    run(2).tell(answer('third'));
    await turns();
    expect([helps().length, third.end === undefined]).toEqual([1, false]);
  });

  test('of one that nobody waits for stops its job, whichever comes first', async () => {
    const offload = start(2);
    const [early, late] = [call(1), call(2)];
    watch(offload.ask(question(), 500, nobodyLeaves));
    await turns();
    send(early);
    expect(isStopped(early.job)).toBe(false);
    await vi.advanceTimersByTimeAsync(500);
    expect(isStopped(early.job)).toBe(true);
    run(0).tell(answer('late'));
    helps()[0]?.tell(true);
    await turns();
    watch(offload.ask(question(), 500, nobodyLeaves));
    await turns();
    await vi.advanceTimersByTimeAsync(500);
    const before = helps().length;
    send(late);
    expect([isStopped(late.job), helps().length]).toEqual([true, before]);
  });

  test('of one that has been answered already is not heard', async () => {
    const offload = start(2);
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    await turns();
    run(0).tell(answer('quick'));
    await turns();
    send(call(1));
    expect(helps()).toEqual([]);
  });

  test('whose helper dies is told so, and that thread is free again', async () => {
    const offload = start(2);
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    await turns();
    const calling = call(1);
    send(calling);
    helps()[0]?.die(new Error('died'));
    await turns();
    expect([[...new Int32Array(calling.call.state)], offload.turns.busy]).toEqual([[1, 1], 1]);
  });

  describe('that the other thread says it does not know the memory of', () => {
    const unknown = async (...before: Calling[]) => {
      const offload = start(2);
      for (const calling of before) send(calling);
      watch(offload.ask(question(), 1e6, nobodyLeaves));
      await turns();
      const calling = call(1);
      send(calling);
      helps()[0]?.tell(false);
      await turns();
      return { offload, calling };
    };
    const sent = () => helps().map(({ task }) => ('memory' in task ? task.memory : undefined));

    test('goes to it again with that memory, and it stays taken for that time', async () => {
      const { offload, calling } = await unknown({ ...call(0), memory });
      expect(helps().at(-1)?.task).toEqual({ type: 'help', call: calling.call, place: 1, memory });
      expect([sent(), offload.turns.busy]).toEqual([[undefined, memory], 2]);
      helps()[1]?.tell(true);
      await turns();
      expect([helps().length, offload.turns.busy]).toEqual([2, 1]);
    });

    test('goes no second time where that memory was never sent, or another has been since', async () => {
      const { offload } = await unknown();
      expect([sent(), offload.turns.busy]).toEqual([[undefined], 1]);
      pool.runs = [];
      const { call: named, ...calling } = call(0);
      await unknown({ ...calling, call: { ...named, memory: { threadId: 1, nth: 1 } }, memory });
      expect(sent()).toEqual([undefined]);
    });

    test('goes no second time where it is to leave', async () => {
      const offload = start(2);
      send({ ...call(0), memory });
      watch(offload.ask(question(), 1e6, nobodyLeaves));
      await turns();
      send(call(1));
      watch(offload.ask(question(), 1e6, nobodyLeaves));
      await turns();
      helps()[0]?.tell(false);
      await turns();
      expect([sent(), ask(2).id]).toEqual([[undefined], 2]);
    });

    test('goes no second time where its thread has given that memory back', async () => {
      const offload = start(2);
      send({ ...call(0), memory });
      send({ type: 'gave-back', threadId: 1 });
      watch(offload.ask(question(), 1e6, nobodyLeaves));
      await turns();
      send(call(1));
      helps()[0]?.tell(false);
      await turns();
      expect(sent()).toEqual([undefined]);
    });
  });
});

describe('a moment after a thread has given its memory back, or died', () => {
  const wakes = () => pool.runs.filter(({ task }) => task.type === 'wake');

  test.each([
    ['given it back', () => pool.listeners.get('message')?.({ type: 'gave-back', threadId: 1 })],
    ['died', () => pool.listeners.get('workerDestroy')?.({})],
  ])('(%s) this thread collects what is dead, and those that wait are woken to do so', async (_what, happens) => {
    const offload = start(3);
    watch(offload.ask(question(), 1e6, nobodyLeaves));
    await turns();
    happens();
    await vi.advanceTimersByTimeAsync(99);
    expect([vi.mocked(collectAll).mock.calls.length, wakes().length]).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect([vi.mocked(collectAll).mock.calls.length, wakes().length, offload.turns.busy]).toEqual([1, 2, 3]);
    wakes()[0]?.tell(undefined);
    wakes()[1]?.die(new Error('died'));
    await turns();
    expect(offload.turns.busy).toBe(1);
  });

  test('the memory of one that died is known no more, that of another is', async () => {
    const offload = start(2);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const callOf = (threadId: number) =>
      ({ job: { precision: 'float32', descriptor: 0, scratch: [] }, memory: { threadId, nth: 0 }, state: new SharedArrayBuffer(8) }) as const;
    const send = (id: number, threadId: number, sent?: WebAssembly.Memory) =>
      pool.listeners.get('message')?.({
        type: 'calling',
        id,
        job: { memory, descriptor: 0 },
        call: callOf(threadId),
        memory: sent,
      } satisfies Calling);
    for (const { threadId } of pool.threads) send(0, threadId, memory);
    pool.threads.shift();
    pool.listeners.get('workerDestroy')?.({});
    await vi.advanceTimersByTimeAsync(100);
    for (const wake of wakes()) wake.tell(undefined);
    await turns();
    const sent: unknown[] = [];
    for (const threadId of [1, 2]) {
      pool.runs = [];
      watch(offload.ask(question(), 1e6, nobodyLeaves));
      await turns();
      send(ask(0).id, threadId);
      pool.runs[1]?.tell(false);
      await turns();
      sent.push(pool.runs[2] && 'memory' in pool.runs[2].task && pool.runs[2].task.memory);
      for (const { tell } of pool.runs) tell(true);
      await turns();
    }
    expect(sent).toEqual([undefined, memory]);
  });

  test('nothing happens once the pool is closed', async () => {
    const offload = start(2);
    pool.listeners.get('workerDestroy')?.({});
    await offload.close();
    await vi.advanceTimersByTimeAsync(1000);
    expect([vi.mocked(collectAll).mock.calls.length, wakes().length]).toEqual([0, 0]);
  });
});

describe('what is free again', () => {
  test('is looked at where one waits and a thread is idle', async () => {
    const offload = start(1, { bytes: 1e6, work: 100 });
    const other = offload.admission.openLine(1);
    other.pay({ holds: 0, work: 100 });
    const price = { cost: 1, holds: 1, work: 50 };
    const waiting = watch(offload.ask(question(), 1e6, nobodyLeaves, { hold: offload.admission.openLine(1), price, patient: true }));
    await turns();
    expect(pool.runs.length).toBe(0);
    other.settle(0);
    await turns();
    expect(pool.runs.length).toBe(1);
    run(0).tell(answer('then'));
    await turns();
    expect(waiting.end).toBeDefined();
  });
});
