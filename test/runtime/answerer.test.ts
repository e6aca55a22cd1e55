import { afterAll, describe, expect, test, vi } from 'vitest';
import { Answerer } from '../../src/runtime/answerer.ts';
import { chooseEngine } from '../../src/runtime/kernel.ts';
import type { Facts, Question } from '../../src/runtime/question.ts';
import { chosenCodec } from '../codec.ts';
import { withFacts } from '../facts.ts';

const SETTINGS = {
  engine: chooseEngine('simd'),
  codec: chosenCodec,
  limits: { work: 2e11, replyNumbers: 2 ** 24 },
  most: { bytes: 2 ** 30, work: 1e12 },
  threads: 1,
  timeoutMs: 60_000,
};
const answerer = new Answerer(SETTINGS);
const asking = () => ({ hold: answerer.open('json'), gone: () => new AbortController().signal });
const rows = (count: number, columns: number) => Array.from({ length: count }, () => Array<number>(columns).fill(0.5));
const json = (body: object) => [Buffer.from(JSON.stringify(body))];
const tensor = (name: string, n: number, data: number[] | (number | string)[]) => ({ name, datatype: 'FP32', shape: [1, 1, n, 1], data });

afterAll(() => answerer.close());

const QUESTIONS: Record<string, [Question, Omit<Facts, 'stages' | 'where'>]> = {
  attention: [
    { kind: 'attention', body: json({ tokens: rows(3, 4), heads: 2, query: 1 }) },
    { kind: 'attention', sizes: { B: 1, H: 2, G: 2, M: 1, N: 3, D: 2, E: 2 }, work: 24 },
  ],
  shown: [
    { kind: 'shown', as: 'markdown', body: json({ tokens: rows(2, 4), w_key: rows(4, 4) }) },
    { kind: 'shown', sizes: { B: 1, H: 1, G: 1, M: 2, N: 2, D: 4, E: 4 }, work: 32 + 32 },
  ],
  merge: [
    { kind: 'merge', body: json({ parts: Array(3).fill({ context: rows(2, 4), lse: [0, 0] }) }) },
    { kind: 'merge', sizes: { parts: 3, H: 1, M: 2, E: 4 }, work: 24 },
  ],
  inference: [
    { kind: 'inference', body: json({ inputs: ['Q', 'K', 'V'].map((name) => tensor(name, 2, [1, 2])) }) },
    { kind: 'inference', sizes: { B: 1, H: 1, G: 1, M: 2, N: 2, D: 1, E: 1 }, work: 8 },
  ],
};

describe('a body that holds more once it is parsed', () => {
  const small = new Answerer({ ...SETTINGS, most: { bytes: 2 ** 24, work: 1e12 } });
  afterAll(() => small.close());
  const arrays = (bytes: number): Question => ({ kind: 'attention', body: [Buffer.from(`{"x":[${'[],'.repeat(bytes / 3)}[]]}`)] });
  const admitted = (bytes: number) => {
    const hold = small.open('json');
    hold.expect(bytes);
    hold.arrived(bytes);
    return hold;
  };
  const ask = async (bytes: number) => {
    const hold = admitted(bytes);
    try {
      return await small.answer(arrays(bytes), { hold, gone: () => new AbortController().signal });
    } finally {
      hold.release();
    }
  };

  test.each([60_000, 150_000])('is refused while others hold the room for that, and holds nothing afterwards: %i bytes', async (bytes) => {
    const others = small.open('json');
    others.expect(16);
    const all = small.most.bytes - 2 ** 21;
    expect(others.tryResize(bytes > 65_536 ? all - 2 ** 21 : all)).toBe(true);
    await expect(ask(bytes)).rejects.toMatchObject({ code: 'too-many-requests', retryAfter: 1 });
    others.release();
    await expect(ask(bytes)).rejects.toMatchObject({ code: 'invalid-request' });
    expect(small.pending.bytes).toBe(0);
  });

  test.each([60_000, 150_000])('waits as a line, until there is room for that: %i bytes', async (bytes) => {
    const others = small.open('json');
    others.expect(16);
    others.tryResize(small.most.bytes - 2 ** 20);
    const hold = small.openLine(bytes);
    const answer = small.answer(arrays(bytes), { hold, gone: () => new AbortController().signal, patient: true }) as Promise<unknown>;
    const settled = vi.fn();
    answer.then(settled, settled);
    await expect.poll(() => small.pending).toMatchObject({ queueLength: 1, busyThreads: 0 });
    expect(settled).not.toHaveBeenCalled();
    others.release();
    await expect(answer).rejects.toMatchObject({ code: 'invalid-request' });
    hold.release();
    expect(small.pending.bytes).toBe(0);
  });

  test('is asked by itself where there is no room for it among the lines of a batch', async () => {
    const others = small.open('json');
    others.expect(16);
    others.tryResize(small.most.bytes - 2 ** 20);
    const seed: Question = { kind: 'attention', body: json({ tokens: [[1, 0]], query: 0, include: ['context'] }) };
    const hold = small.openLine(150_100);
    const batch = await small.answerBatch([seed, arrays(150_000), seed], { hold, gone: new AbortController().signal });
    expect([batch.outcomes.length, batch.stopped]).toEqual([1, true]);
    hold.release();
    others.release();
    expect(small.pending.bytes).toBe(0);
  });
});

describe('the facts of an answer', () => {
  test.each(Object.entries(QUESTIONS))('%s: what it was, where it was made, and what each stage took', async (_kind, [question, expected]) => {
    const { facts } = await answerer.answer(question, asking());
    expect(facts).toEqual({ ...expected, where: 'inline', stages: expect.anything() });
    expect(facts.stages.queue).toBe(0);
    for (const stage of ['decode', 'compute', 'encode'] as const) expect(facts.stages[stage]).toBeGreaterThanOrEqual(0);
  });

  test('a large question is answered on a worker, and its stages and its wait are no longer than it took', async () => {
    const began = performance.now();
    const { facts } = await answerer.answer({ kind: 'attention', body: json({ tokens: rows(700, 64), include: ['lse'] }) }, asking());
    const took = performance.now() - began;
    expect(facts).toMatchObject({ where: 'worker', work: 700 * 700 * 128 });
    const { queue, decode, compute, encode } = facts.stages;
    expect(Math.min(queue, decode, compute, encode)).toBeGreaterThan(0);
    expect(queue + decode + compute + encode).toBeLessThanOrEqual(took);
  });
});

test('the channel attention:answer gets the facts of each answer, and of no failure', async () => {
  const { given, facts } = await withFacts(async () => {
    const small = await answerer.answer({ kind: 'attention', body: json({ tokens: rows(3, 4) }) }, asking());
    const large = await answerer.answer({ kind: 'attention', body: json({ tokens: rows(700, 64), include: ['lse'] }) }, asking());
    expect(() => answerer.answer({ kind: 'merge', body: json({}) }, asking())).toThrow('is required');
    return [small, large];
  });
  expect(facts).toEqual(given.map((answered) => answered.facts));
});

describe('what a NaN or an infinity makes redo', () => {
  /** Cheap by its shape: 240 queries and keys of 8, whose one infinite key makes the reference redo every row. */
  const n = 240;
  const spoilt = (name: string) => ({
    name,
    datatype: 'FP32',
    shape: [1, 1, n, 8],
    data: rows(1, n * 8)[0]?.map((one, i) => (name === 'K' && i === 0 ? 'Infinity' : one)),
  });

  test('is for a worker, where it is too much for the event loop', async () => {
    const question = (names: readonly string[]): Question => ({
      kind: 'inference',
      body: json({ inputs: ['Q', 'K', 'V'].map((name) => ({ ...spoilt(names.includes(name) ? 'K' : 'Q'), name })), outputs: [{ name: 'lse' }] }),
    });
    expect((await answerer.answer(question([]), asking())).facts.where).toBe('inline');
    expect((await answerer.answer(question(['K']), asking())).facts.where).toBe('worker');
  });
});
