import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { TooMuchToRedo } from '../../src/engine/kernels/kernel.ts';
import { reference } from '../../src/engine/kernels/reference.ts';
import { Admission, type Pressure } from '../../src/runtime/admission.ts';
import { Answerer, type Asking } from '../../src/runtime/answerer.ts';
import type { BatchAnswer } from '../../src/runtime/batch.ts';
import { INLINE_BYTES, INLINE_COST, INLINE_HELD, INLINE_REDONE, QUICK_BYTES, READ_HOLDS, REST_IN_VAIN } from '../../src/runtime/cost.ts';
import { kernelOf } from '../../src/runtime/kernel.ts';
import { Ledger } from '../../src/runtime/ledger.ts';
import type { Answered, Question } from '../../src/runtime/question.ts';
import { chosenCodec } from '../codec.ts';
import { withFacts } from '../facts.ts';
import { json, rows } from './asked.ts';

/*
 * What is answered on the event loop, and what is handed on: the threads are played. That they answer is in answerer.test.ts.
 */

const played = vi.hoisted(() => ({
  ask: vi.fn(),
  askBatch: vi.fn(),
  open: vi.fn(),
  refuseWaiting: vi.fn(),
  close: vi.fn(),
  settings: undefined as unknown,
  pressure: undefined as undefined | Pressure,
  kernel: undefined as unknown,
}));
const looks = vi.hoisted(() => ({ why: undefined as string | undefined, stop: vi.fn() }));

vi.mock('../../src/runtime/offload.ts', () => ({
  Offload: class {
    readonly admission: Admission;
    readonly turns = { length: 3, busy: 2, idle: 5 };
    readonly threads = ['one', 'two'];
    readonly ask = played.ask;
    readonly askBatch = played.askBatch;
    readonly refuseWaiting = played.refuseWaiting;
    readonly close = played.close;
    constructor(settings: { readonly most: { readonly bytes: number; readonly work: number } }, pressure: Pressure) {
      played.settings = settings;
      played.pressure = pressure;
      this.admission = new Admission(new Ledger(settings.most), () => 7, pressure);
    }
    open(readBytes: number, timeoutMs: number) {
      played.open(readBytes, timeoutMs);
      return this.admission.open(readBytes);
    }
  },
}));
vi.mock('../../src/runtime/pressure.ts', () => ({
  Pressure: class {
    readonly stop = looks.stop;
    get why() {
      return looks.why;
    }
  },
}));
const kernel = { ...reference, reset: vi.fn(), giveBack: vi.fn(), attend: vi.fn(reference.attend.bind(reference)) };
vi.mock('../../src/runtime/kernel.ts', () => ({ kernelOf: vi.fn(() => kernel) }));

const limits = { work: 1e12, replyNumbers: 1e7 };
const engine = { name: 'played', choice: undefined };
const elsewhere: Answered = {
  answer: { body: Buffer.from('elsewhere') },
  facts: { kind: 'attention', sizes: {}, work: 1, where: 'worker', stages: { queue: 0, decode: 0, compute: 0, encode: 0 } },
};

beforeEach(() => {
  vi.clearAllMocks();
  looks.why = undefined;
  played.ask.mockResolvedValue(elsewhere);
});

function start(most = { bytes: 1e9, work: 1e12 }) {
  const answerer = new Answerer({ engine, codec: chosenCodec, limits, most, threads: 2, timeoutMs: 1234 });
  const ledger = () => [answerer.pending.bytes, answerer.pending.work];
  return { answerer, ledger };
}

const GONE = new AbortController().signal;
const gone = vi.fn(() => GONE);
const asking = (answerer: Answerer, patient?: boolean): Asking => ({ hold: answerer.openLine(0), gone, ...(patient !== undefined && { patient }) });

const question = (request: object): Question => ({ kind: 'attention', body: json(request) });
const SMALL = question({ tokens: [[1, 0]], query: 0, include: ['context'] });
const REPLY = '{"context":[1,0]}';
/** Small as a body, and by what it holds; not by the multiply-adds of the reference. */
const COSTLY = question({ tokens: rows(300, 8), include: ['lse'] });

describe('a small question', () => {
  test('is answered at once, on the event loop; nobody is asked for who waits', () => {
    const { answerer } = start();
    const answered = answerer.answer(SMALL, asking(answerer)) as Answered;
    expect(answered).toMatchObject({ facts: { where: 'inline' } });
    expect(answered.answer.body.toString()).toBe(REPLY);
    expect(played.ask).not.toHaveBeenCalled();
    expect(gone).not.toHaveBeenCalled();
  });

  test('leaves of what it held the bytes of its reply, and the kernel has its memory back', () => {
    const { answerer, ledger } = start();
    kernel.attend.mockImplementationOnce((call) => {
      expect(answerer.pending.bytes).toBeGreaterThan(REPLY.length);
      expect(answerer.pending.work).toBe(4);
      expect(kernel.giveBack).not.toHaveBeenCalled();
      return reference.attend(call);
    });
    answerer.answer(SMALL, asking(answerer));
    expect(kernel.attend).toHaveBeenCalledOnce();
    expect(ledger()).toEqual([REPLY.length, 0]);
    expect(kernel.giveBack).toHaveBeenCalledOnce();
  });

  test('that is wrong fails at once, and the kernel has its memory back', () => {
    const { answerer } = start();
    expect(() => answerer.answer(question({}), asking(answerer))).toThrow('is required');
    expect(kernel.giveBack).toHaveBeenCalledOnce();
    expect(() => answerer.answer(question({ tokens: [[1e30]] }), asking(answerer))).toThrow(expect.objectContaining({ code: 'arithmetic-overflow' }));
    expect(played.ask).not.toHaveBeenCalled();
  });

  test('for which there is no room is refused, with the time after which to ask again', () => {
    const { answerer, ledger } = start({ bytes: 1e9, work: 10 });
    const other = answerer.openLine(0);
    other.pay({ holds: 0, work: 8 });
    expect(() => answerer.answer(SMALL, asking(answerer))).toThrow(expect.objectContaining({ code: 'too-many-requests', retryAfter: 7 }));
    expect(ledger()).toEqual([0, 8]);
    expect(kernel.attend).not.toHaveBeenCalled();
  });

  test('for which there is no room waits for a thread where it is patient, and has paid nothing', async () => {
    const { answerer, ledger } = start({ bytes: 1e9, work: 10 });
    const other = answerer.openLine(0);
    other.pay({ holds: 0, work: 8 });
    await answerer.answer(SMALL, asking(answerer, true));
    expect(played.ask).toHaveBeenCalledExactlyOnceWith(SMALL, 1234, GONE, expect.objectContaining({ patient: true, paid: false }));
    expect(ledger()).toEqual([0, 8]);
  });

  test('is answered here too where it is patient and there is room', () => {
    const { answerer } = start();
    kernel.attend.mockImplementationOnce((call) => {
      expect(answerer.pending.work).toBe(4);
      return reference.attend(call);
    });
    expect((answerer.answer(SMALL, asking(answerer, true)) as Answered).answer.body.toString()).toBe(REPLY);
    expect(kernel.attend).toHaveBeenCalledOnce();
  });
});

describe('a large question', () => {
  const padded = (bytes: number): Question => {
    const [body = Buffer.alloc(0)] = SMALL.body;
    return { ...SMALL, body: [body, Buffer.alloc(bytes - body.length, ' ')] };
  };

  test('is handed to a thread unread where its body is more than QUICK_BYTES', async () => {
    const { answerer } = start();
    const by = asking(answerer);
    expect(await answerer.answer(padded(QUICK_BYTES + 1), by)).toBe(elsewhere);
    expect(played.ask).toHaveBeenCalledExactlyOnceWith(padded(QUICK_BYTES + 1), 1234, GONE, { hold: by.hold, patient: false, lent: false });
    expect(kernel.reset).not.toHaveBeenCalled();
    expect(answerer.answer(padded(INLINE_BYTES), by)).toMatchObject({ facts: { where: 'inline' } });
  });

  test('has been in the queue for as long as its body was left with its client, besides', async () => {
    const { answerer } = start();
    const by = asking(answerer);
    const waited = vi.spyOn(by.hold, 'waited', 'get').mockReturnValue(500);
    expect((await answerer.answer(padded(QUICK_BYTES + 1), by)).facts.stages).toEqual({ ...elsewhere.facts.stages, queue: 500 });
    expect((await answerer.answer(SMALL, by)).facts.stages.queue).toBe(500);
    waited.mockRestore();
  });

  test('is handed to a thread unread where its body is more than INLINE_BYTES, and it is more than its numbers', async () => {
    const { answerer } = start();
    expect(await answerer.answer({ kind: 'shown', as: 'svg', body: padded(INLINE_BYTES + 1).body }, asking(answerer))).toBe(elsewhere);
    expect(kernel.reset).not.toHaveBeenCalled();
  });

  test('is handed on with its price, which it has paid, where it takes too long for the event loop', async () => {
    const { answerer } = start();
    const by = asking(answerer);
    const answered = answerer.answer(COSTLY, by);
    expect(by.hold.work).toBe(300 * 300 * 16);
    expect(await answered).toBe(elsewhere);
    const [asked, , , how] = played.ask.mock.calls[0] ?? [];
    expect(asked).toBe(COSTLY);
    expect(how).toEqual({
      hold: by.hold,
      patient: false,
      lent: false,
      paid: true,
      price: { work: 300 * 300 * 16, cost: expect.any(Number), holds: expect.any(Number) },
    });
    expect(how.price.cost).toBeGreaterThan(INLINE_COST);
    expect(how.price.holds).toBeLessThan(INLINE_HELD);
    expect(kernel.attend).not.toHaveBeenCalled();
    expect(kernel.giveBack).toHaveBeenCalledOnce();
  });

  test('pays with a thread where it is patient', async () => {
    const { answerer, ledger } = start();
    const answered = answerer.answer(COSTLY, asking(answerer, true));
    expect(ledger()).toEqual([0, 0]);
    await answered;
    expect(played.ask.mock.calls[0]?.[3]).toMatchObject({ patient: true, paid: false, price: { work: 300 * 300 * 16 } });
  });

  test('that a NaN or an infinity makes too much of for the event loop goes on to a thread, and has paid', async () => {
    const { answerer } = start();
    for (const patient of [false, true]) {
      kernel.attend.mockImplementationOnce(() => {
        throw new TooMuchToRedo(2, 1);
      });
      const by = asking(answerer, patient);
      expect(await answerer.answer(SMALL, by)).toBe(elsewhere);
      expect(played.ask.mock.lastCall?.[3]).toMatchObject({ patient, paid: true, price: { work: 4 } });
    }
    expect(kernel.giveBack).toHaveBeenCalledTimes(2);
  });

  test('leaves of what it held the bytes of its reply', async () => {
    const { answerer, ledger } = start();
    played.ask.mockImplementationOnce(async () => {
      expect(answerer.pending.work).toBe(300 * 300 * 16);
      return elsewhere;
    });
    await answerer.answer(COSTLY, asking(answerer));
    expect(ledger()).toEqual(['elsewhere'.length, 0]);
  });

  test('may be answered in memory that is lent, where who asks says so', async () => {
    const { answerer } = start();
    await answerer.answer(COSTLY, { ...asking(answerer), lent: true });
    expect(played.ask.mock.lastCall?.[3]).toMatchObject({ lent: true });
  });

  test('that fails on its thread fails here, as it is', async () => {
    const { answerer } = start();
    const failure = new Failure('deadline-exceeded', 'late');
    played.ask.mockRejectedValueOnce(failure);
    await expect(answerer.answer(COSTLY, asking(answerer))).rejects.toBe(failure);
  });
});

describe.runIf(chosenCodec.name === 'wasm')('a question whose body is longer than INLINE_BYTES, and numbers', () => {
  const tokens = rows(2500, 8);
  const LONGER = question({ tokens, query: 0, include: ['lse'] });
  let now = 0;
  /** How long the event loop has had nothing to do. */
  let idle = 0;

  beforeEach(() => {
    now = 1000;
    idle = 500;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const idleTime = vi.spyOn(performance.nodeTiming, 'idleTime', 'get').mockImplementation(() => idle);
    return () => {
      clock.mockRestore();
      idleTime.mockRestore();
    };
  });

  /** Where it is answered, if reading it takes so long. */
  async function where(answerer: Answerer, asked: Question, ms = 0): Promise<string> {
    kernel.reset.mockImplementationOnce(() => {
      now += ms;
    });
    const { facts } = await answerer.answer(asked, asking(answerer));
    kernel.reset.mockReset();
    return facts.where;
  }

  test('is answered on the event loop', async () => {
    const { answerer } = start();
    expect(LONGER.body[0]?.length).toBeGreaterThan(INLINE_BYTES);
    expect(await where(answerer, LONGER)).toBe('inline');
    expect(kernel.giveBack).toHaveBeenCalledOnce();
  });

  const tensor = (name: string, n: number) => ({ name, datatype: 'FP32', shape: [1, 1, n, 8] });
  const asJson = (): Question => {
    const key = { ...tensor('K', 1200), data: Array.from({ length: 1200 * 8 }, (_, i) => i / 7) };
    const query = { ...tensor('Q', 1), data: Array(8).fill(0.5) };
    return { kind: 'inference', body: [Buffer.from(JSON.stringify({ inputs: [query, key, { ...key, name: 'V' }] }))] };
  };
  const asBytes = (): Question => {
    const sizes = [1, 1200, 1200].map((n) => 4 * n * 8);
    const inputs = ['Q', 'K', 'V'].map((name, i) => ({ ...tensor(name, i ? 1200 : 1), parameters: { binary_data_size: sizes[i] } }));
    const json = Buffer.from(JSON.stringify({ inputs }));
    return { kind: 'inference', body: [json, ...sizes.map((bytes) => Buffer.alloc(bytes))], jsonLength: `${json.length}` };
  };

  test.each([
    ['JSON', asJson()],
    ['bytes', asBytes()],
  ])('of tensors as %s is answered there too', async (_as, asked) => {
    const { answerer } = start();
    expect(asked.body.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(INLINE_BYTES);
    expect(await where(answerer, asked)).toBe('inline');
  });

  test('leaves the event loop to others for as long as the last one took', async () => {
    const { answerer } = start();
    expect(await where(answerer, LONGER, 3)).toBe('inline');
    now += 2.9;
    expect(await where(answerer, LONGER)).toBe('worker');
    now += 0.2;
    expect(await where(answerer, LONGER)).toBe('inline');
  });

  test('leaves it to nobody once it has had nothing to do since', async () => {
    const { answerer } = start();
    expect(await where(answerer, LONGER, 3)).toBe('inline');
    expect(await where(answerer, LONGER)).toBe('worker');
    idle += 0.1;
    expect(await where(answerer, LONGER)).toBe('inline');
    expect(await where(answerer, LONGER)).toBe('inline');
  });

  test('keeps no small one from being answered at once', async () => {
    const { answerer } = start();
    await where(answerer, LONGER, 3);
    expect(await where(answerer, SMALL)).toBe('inline');
  });

  test('that takes too long goes on with its price, and others follow after much longer', async () => {
    const { answerer } = start();
    expect(await where(answerer, question({ tokens, include: ['lse'] }), 3)).toBe('worker');
    expect(played.ask.mock.lastCall?.[3]).toMatchObject({ paid: true, price: { work: 2500 * 2500 * 16 } });
    now += 3 * REST_IN_VAIN - 1;
    idle += 3;
    expect(await where(answerer, LONGER)).toBe('worker');
    now += 2;
    expect(await where(answerer, LONGER)).toBe('inline');
  });

  test.each([
    ['wrong', question({ tokens, query: 0, includes: ['lse'] })],
    ['no JSON', { kind: 'attention', body: [...LONGER.body, Buffer.from(',')] } as const],
  ])('and %s is told so by a thread', async (_what, asked) => {
    const { answerer } = start();
    const by = asking(answerer);
    expect(await answerer.answer(asked, by)).toBe(elsewhere);
    expect(played.ask).toHaveBeenCalledExactlyOnceWith(asked, 1234, GONE, { hold: by.hold, patient: false, lent: false });
    expect([by.hold.bytes, by.hold.work]).toEqual([0, 0]);
    expect(kernel.attend).not.toHaveBeenCalled();
  });

  test('that asks for too much is refused at once', () => {
    const answerer = new Answerer({
      engine,
      codec: chosenCodec,
      limits: { ...limits, work: 10 },
      most: { bytes: 1e9, work: 1e12 },
      threads: 2,
      timeoutMs: 1,
    });
    expect(() => answerer.answer(LONGER, asking(answerer))).toThrow(expect.objectContaining({ code: 'work-too-large' }));
  });
});

describe('a batch', () => {
  const batch: BatchAnswer = { outcomes: [elsewhere, { failure: new Failure('invalid-request', 'wrong') }, elsewhere], stopped: true };

  test('is asked of one thread, for as long as a request may take', async () => {
    const { answerer } = start();
    played.askBatch.mockResolvedValueOnce(batch);
    const hold = answerer.openLine(1);
    expect(await answerer.answerBatch([SMALL, SMALL, SMALL], { hold, gone: GONE })).toBe(batch);
    expect(played.askBatch).toHaveBeenCalledExactlyOnceWith([SMALL, SMALL, SMALL], 1234, GONE, hold);
  });

  test('has the facts of its answers on the channel, and of no failure', async () => {
    const { answerer } = start();
    played.askBatch.mockResolvedValue(batch);
    const { facts } = await withFacts(() => answerer.answerBatch([SMALL], { hold: answerer.openLine(1), gone: GONE }));
    expect(facts).toEqual([elsewhere.facts, elsewhere.facts]);
  });
});

test('the facts of each answer are on the channel, wherever it was made', async () => {
  const { answerer } = start();
  const { given, facts } = await withFacts(async () => [
    await answerer.answer(SMALL, asking(answerer)),
    await answerer.answer(COSTLY, asking(answerer)),
  ]);
  expect(facts).toEqual(given.map((answered) => answered.facts));
  expect(facts.map(({ where }) => where)).toEqual(['inline', 'worker']);
});

test('the event loop’s kernel redoes no more than it may, and the threads have the settings', () => {
  start({ bytes: 5, work: 6 });
  expect(kernelOf).toHaveBeenCalledExactlyOnceWith(engine, undefined, INLINE_REDONE);
  expect(played.settings).toEqual({ engine, codec: chosenCodec, limits, most: { bytes: 5, work: 6 }, threads: 2 });
});

test('what is under way, and the most that it can come to, are told', () => {
  const { answerer } = start({ bytes: 1000, work: 2000 });
  answerer.openLine(0).pay({ holds: 30, work: 40 });
  expect(answerer.pending).toEqual({ bytes: 30, work: 40, queueLength: 3, busyThreads: 2 });
  expect(answerer.most).toEqual({ bytes: 1000, work: 2000 });
  expect([answerer.threads, answerer.idleThreads]).toEqual([2, 5]);
});

test('a request holds what reading its kind of body holds; the longest is one of JSON', () => {
  const { answerer, ledger } = start({ bytes: 1e9, work: 1e12 });
  for (const body of ['json', 'tensors'] as const) {
    const hold = answerer.open(body);
    expect(played.open).toHaveBeenLastCalledWith(READ_HOLDS[body], 1234);
    hold.expect(1000);
    expect(ledger()[0]).toBe(1000 * READ_HOLDS[body]);
    hold.release();
  }
  const line = answerer.openLine(50);
  expect([line.bytes, line.body]).toEqual([0, 50]);
  expect(answerer.longestBody).toBe(new Admission(new Ledger({ bytes: 1e9, work: 1 }), () => 1).longestBody(READ_HOLDS.json));
});

test('no request is opened while the process is pressed', () => {
  const { answerer } = start();
  looks.why = 'memory is short';
  expect(() => answerer.open('json')).toThrow(expect.objectContaining({ code: 'overloaded', message: 'memory is short', retryAfter: 7 }));
});

test('those that wait are told that the replica closes, and closing ends the looks at the process, and the threads', async () => {
  const { answerer } = start();
  answerer.refuseWaiting();
  expect(played.refuseWaiting).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ code: 'shutting-down', message: 'this replica is closing' }),
  );
  expect(looks.stop).not.toHaveBeenCalled();
  played.close.mockResolvedValueOnce('closed');
  expect(await answerer.close()).toBe('closed');
  expect(looks.stop).toHaveBeenCalledOnce();
});
