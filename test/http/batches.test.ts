import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { Batches } from '../../src/http/batches.ts';
import { ClientGone } from '../../src/http/gone.ts';
import type { Answerer } from '../../src/runtime/answerer.ts';
import { BATCH_BYTES, BATCH_LINES, type BatchAnswer } from '../../src/runtime/batch.ts';
import { BodyMemory } from '../../src/runtime/body-memory.ts';
import { LineMemory } from '../../src/runtime/line-memory.ts';
import type { Facts, Question } from '../../src/runtime/question.ts';
import type { Line } from '../../src/wire/lines.ts';

const FACTS: Facts = { kind: 'attention', sizes: {}, work: 1, where: 'worker', stages: { queue: 0, decode: 0, compute: 0, encode: 0 } };

/** Threads that answer when they are told to: each line with its own text. */
class Threads {
  readonly threads = 2;
  busy = 0;
  held = 0;
  /** The batches that threads are at. */
  readonly asked: {
    readonly texts: string[];
    readonly tell: (answered?: number, stopped?: boolean) => void;
    readonly fail: (error: Error) => void;
  }[] = [];

  get idleThreads(): number {
    return Math.max(0, this.threads - this.busy);
  }

  openLine(bytes: number) {
    this.held += bytes;
    const given: (() => void)[] = [];
    const release = () => {
      this.held -= bytes;
      for (const give of given) give();
    };
    return { release, lend: (give: () => void) => given.push(give) };
  }

  answerBatch(questions: readonly Question[], { gone }: { gone: AbortSignal }): Promise<BatchAnswer> {
    this.busy++;
    const texts = questions.map(({ body }) => Buffer.concat(body).toString());
    return new Promise<BatchAnswer>((resolve, reject) => {
      const tell = (answered = texts.length, stopped = false) =>
        resolve({ outcomes: texts.slice(0, answered).map((text) => ({ answer: { body: Buffer.from(text) }, facts: FACTS })), stopped });
      this.asked.push({ texts, tell, fail: reject });
      gone.addEventListener('abort', () => reject(gone.reason));
    }).finally(() => this.busy--);
  }
}

const lineOf = (number: number, text?: string): Line => ({
  number,
  pieces: text === undefined ? undefined : [Buffer.from(text)],
  length: text?.length ?? 0,
  end: 0,
});

function start(share = Number.POSITIVE_INFINITY) {
  const threads = new Threads();
  const memory = new LineMemory(new BodyMemory());
  const room = { isEnough: (bytes: number) => bytes > share };
  const batches = new Batches(threads as unknown as Answerer, (body) => ({ kind: 'attention', body }), memory, room);
  let number = 0;
  return {
    threads,
    batches,
    push: (...lines: (string | undefined)[]) => {
      for (const line of lines) batches.push(lineOf(++number, line));
      batches.start();
    },
    first: async () => {
      const { lines, outcomes, hold } = await batches.takeFirst();
      hold.release();
      const texts = outcomes.map((outcome) => ('answer' in outcome ? outcome.answer.body.toString() : outcome.failure.code));
      return lines.map((line, place) => `${line.number} ${texts[place]}`);
    },
  };
}

describe('the lines of a stream', () => {
  test('go to all threads that are free, and come back in order', async () => {
    const { threads, push, first } = start();
    push('a', 'b');
    expect(threads.asked.map(({ texts }) => texts)).toEqual([['a'], ['b']]);
    threads.asked[1]?.tell();
    threads.asked[0]?.tell();
    expect([await first(), await first()]).toEqual([['1 a'], ['2 b']]);
    expect(threads.held).toBe(0);
  });

  test('gather while all threads are busy, and go together once one is free', async () => {
    const { threads, push, first, batches } = start();
    push('a', 'b', 'c', 'd', 'e');
    expect(threads.asked.map(({ texts }) => texts)).toEqual(
      [
        ['a', 'b'],
        ['c', 'd', 'e'],
      ].slice(0, 2),
    );
    push('f', 'g');
    expect(threads.asked).toHaveLength(2);
    threads.asked[0]?.tell();
    expect(await first()).toEqual(['1 a', '2 b']);
    expect(threads.asked.at(-1)?.texts).toEqual(['f', 'g']);
    expect(batches.bytes).toBe('cdefg'.length);
  });

  test('are enough once each thread and the next one to be free have theirs', () => {
    const { push, batches } = start();
    push(...Array<string>(3).fill('x'.repeat(BATCH_BYTES)));
    expect(batches.enough).toBe(false);
    push('x');
    expect(batches.enough).toBe(true);
  });

  test('are enough once there are as many as their batches may have, however short they are', () => {
    const { push, batches } = start();
    push(...Array<string>(3 * BATCH_LINES).fill('x'));
    expect(batches.enough).toBe(false);
    push('x');
    expect(batches.enough).toBe(true);
  });

  test('are enough once they are the share of their stream; where it has none, one line is taken whatever its length', () => {
    const { push, batches } = start(3);
    push('ab', 'c');
    expect(batches.enough).toBe(false);
    push('d');
    expect(batches.enough).toBe(true);
    expect(start(0).batches.enough).toBe(false);
  });

  test('go together no more than a batch may have, however short they are', () => {
    const { threads, push } = start();
    push(...Array<string>(3 * BATCH_LINES).fill('x'));
    expect(threads.asked.map(({ texts }) => texts.length)).toEqual([BATCH_LINES, BATCH_LINES]);
  });

  test('that a thread has not got to go to a thread again, before those behind them', async () => {
    const { threads, push, first } = start();
    push('a', 'b', 'c', 'd');
    threads.asked[0]?.tell(1);
    expect(await first()).toEqual(['1 a']);
    expect(threads.asked.at(-1)?.texts).toEqual(['b']);
    threads.asked.at(-1)?.tell();
    expect(await first()).toEqual(['2 b']);
    threads.asked[1]?.tell();
    expect(await first()).toEqual(['3 c', '4 d']);
  });
});

describe('how far the lines are', () => {
  test('is told: whether any are under way or wait, and whether the first batch has been answered', async () => {
    const { threads, push, first, batches } = start();
    expect([batches.empty, batches.settled, batches.bytes]).toEqual([true, false, 0]);
    push('a', 'b', undefined);
    expect([batches.empty, batches.settled, batches.bytes]).toEqual([false, false, 2]);
    threads.asked[1]?.tell();
    await new Promise(setImmediate);
    expect(batches.settled).toBe(false);
    threads.asked[0]?.tell();
    await batches.progress();
    expect(batches.settled).toBe(true);
    await first();
    expect(batches.settled).toBe(true);
    await first();
    expect([batches.empty, batches.settled]).toEqual([false, false]);
    expect(batches.takeSingle()).toMatchObject({ number: 3 });
    expect([batches.empty, batches.bytes]).toEqual([true, 0]);
  });

  test('is waited for no longer than the first batch takes, and not at all where there is none', async () => {
    const { threads, push, batches } = start();
    await batches.progress();
    push('a', 'b');
    let came = false;
    const waits = batches.progress().then(() => {
      came = true;
    });
    threads.asked[1]?.tell();
    await new Promise(setImmediate);
    expect(came).toBe(false);
    threads.asked[0]?.tell();
    await waits;
  });

  test('is known to the byte where lines are taken back', async () => {
    const { threads, push, first, batches } = start();
    push('aa', 'bbb', 'c', 'dddd');
    threads.asked[0]?.tell(1, true);
    await first();
    expect(batches.bytes).toBe('bbbcdddd'.length);
    batches.takeSingle();
    expect(batches.bytes).toBe('cdddd'.length);
    batches.together();
    batches.start();
    expect(batches.bytes).toBe('cdddd'.length);
  });

  test('is a defect to ask for where no line is under way', async () => {
    await expect(start().first()).rejects.toThrow('no line is under way');
  });
});

describe('a line that has to be answered by itself', () => {
  test('is none where the first that waits may be part of a batch, or where one is under way', async () => {
    const { threads, push, batches } = start();
    threads.busy = 2;
    expect(batches.takeSingle()).toBeUndefined();
    push('a');
    expect(threads.asked).toHaveLength(1);
    push('b');
    expect(batches.takeSingle()).toBeUndefined();
    batches.push(lineOf(3));
    expect(batches.takeSingle()).toBeUndefined();
    const idle = start();
    idle.batches.push(lineOf(1, 'a'));
    expect(idle.batches.takeSingle()).toBeUndefined();
  });

  test('waits until nothing is before it, and what is behind it is given up and answered after it', async () => {
    const { threads, push, first, batches } = start();
    push('a', 'b', 'c', 'd');
    threads.asked[0]?.tell(1, true);
    threads.asked[1]?.tell();
    expect(await first()).toEqual(['1 a']);
    expect(threads.held).toBe(0);
    expect(batches.takeSingle()).toMatchObject({ number: 2 });
    batches.start();
    expect(threads.asked).toHaveLength(2);
    batches.together();
    batches.start();
    expect(threads.asked.slice(2).map(({ texts }) => texts)).toEqual([['c'], ['d']]);
  });

  test.each([
    ['is longer than a batch', 'x'.repeat(BATCH_BYTES + 1)],
    ['is longer than a line may be', undefined],
  ])('is one that %s', async (_, long) => {
    const { threads, push, first, batches } = start();
    push('a', long, 'b');
    expect(threads.asked.map(({ texts }) => texts)).toEqual([['a']]);
    expect(batches.takeSingle()).toBeUndefined();
    threads.asked[0]?.tell();
    expect(await first()).toEqual(['1 a']);
    expect(batches.takeSingle()).toMatchObject({ number: 2 });
    batches.start();
    expect(threads.asked[1]?.texts).toEqual(['b']);
  });

  test('is none that is as long as one of a batch may be', () => {
    const { threads, push } = start();
    push('x'.repeat(BATCH_BYTES));
    expect(threads.asked).toHaveLength(1);
  });

  test('is each one of a thread that died, or failed of anything but the end of the service', async () => {
    const { threads, push, first, batches } = start();
    push('a');
    threads.asked[0]?.fail(new Error('the thread ended'));
    expect(await first()).toEqual([]);
    expect(batches.takeSingle()).toMatchObject({ number: 1 });
    push('b');
    batches.together();
    batches.start();
    threads.asked[1]?.fail(new Failure('deadline-exceeded', 'late'));
    expect(await first()).toEqual([]);
    expect(batches.takeSingle()).toMatchObject({ number: 2 });
  });
});

describe('lines that are not going to be answered', () => {
  test('are refused together where the service closes', async () => {
    const { threads, push, first, batches } = start();
    push('a');
    threads.asked[0]?.fail(new Failure('shutting-down', 'closing'));
    expect(await first()).toEqual(['1 shutting-down']);
    expect(batches.empty).toBe(true);
    // Lines behind them are still given to threads, each of which refuses them.
    push('b');
    expect(threads.asked.map(({ texts }) => texts)).toEqual([['a'], ['b']]);
  });

  test('hold nothing, and no thread begins on those that wait', async () => {
    const { threads, push, batches } = start();
    push('a', 'b');
    push('c');
    batches.release();
    await new Promise(setImmediate);
    expect([threads.held, threads.busy, threads.asked.length]).toEqual([0, 0, 2]);
  });

  test('are gone for whoever waits for them, then and before', async () => {
    const { push, first, batches } = start();
    push('a');
    const waits = first();
    batches.release();
    await expect(waits).rejects.toThrow(ClientGone);
    await expect(first()).rejects.toThrow(ClientGone);
  });
});
