import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import type { TimedAnswer } from '../runtime/answerer.ts';
import { Lines } from '../wire/lines.ts';
import { type BodyLimits, brokenEncoding } from './body.ts';
import { logFailure, problemOf } from './failures.ts';
import type { Lifecycle } from './lifecycle.ts';
import { Problem } from './problems.ts';

const WRITE_BYTES = 65_536;
/** After so long without a turn of the event loop, others get theirs. */
const TURN_MS = 10;

/**
 * One reply line for each request line, in order. It reads no further than its reader does, and holds one line and one
 * chunk. A bad line yields its problem with `line`, and the rest go on. The stream ends early, after a problem that says
 * why, where a line does not arrive in time, the encoding is broken, or the service closes.
 */
export async function* answerLines(
  source: AsyncIterable<Buffer>,
  answer: (line: Buffer) => TimedAnswer | Promise<TimedAnswer>,
  limits: BodyLimits,
  lifecycle: Lifecycle,
  log: FastifyBaseLogger,
): AsyncGenerator<string> {
  const lines = new Lines(limits.maxBytes);
  const chunks = new InTime(source[Symbol.asyncIterator](), limits.timeoutMs, lifecycle);
  let turnEnds = performance.now() + TURN_MS;
  let printed = '';
  try {
    for (;;) {
      const chunk = await chunks.next(lines.number);
      for (const { number, bytes } of chunk === undefined ? lines.end() : lines.push(chunk)) {
        printed += `${await answerOrProblem(number, bytes, answer, limits, log)}\n`;
        if (printed.length >= WRITE_BYTES) {
          yield printed;
          printed = '';
        }
        if (performance.now() >= turnEnds) {
          await nextTurn();
          turnEnds = performance.now() + TURN_MS;
        }
      }
      if (printed !== '') yield printed;
      printed = '';
      if (chunk === undefined) return;
    }
  } catch (error) {
    const problem = error instanceof Problem ? error : brokenEncoding(error);
    if (!problem) throw error;
    yield `${printed}${printedProblem(problem, lines.number)}\n`;
  }
}

/** Chunks of a stream, as long as its lines arrive in time: each has its own, however many chunks it comes in. */
class InTime {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #timeoutMs: number;
  readonly #lifecycle: Lifecycle;
  #line = 0;
  #waitedMs = 0;

  constructor(chunks: AsyncIterator<Buffer>, timeoutMs: number, lifecycle: Lifecycle) {
    this.#chunks = chunks;
    this.#timeoutMs = timeoutMs;
    this.#lifecycle = lifecycle;
  }

  /**
   * The next chunk, or undefined at the end. Only waiting for it counts, not what we take ourselves.
   * @throws Problem `timeout`, `shutting-down`
   */
  async next(line: number): Promise<Buffer | undefined> {
    if (line !== this.#line) this.#waitedMs = 0;
    this.#line = line;
    const began = performance.now();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Problem('timeout', `the line did not arrive within ${this.#timeoutMs} ms`)),
      Math.max(0, this.#timeoutMs - this.#waitedMs),
    );
    const closing = this.#lifecycle.closed.then(() => {
      throw new Problem('shutting-down', 'this replica is closing; send this line and the rest again');
    });
    closing.catch(() => undefined);
    try {
      const { done, value } = await Promise.race([this.#chunks.next(), late.promise, closing]);
      return done ? undefined : value;
    } finally {
      clearTimeout(timer);
      this.#waitedMs += performance.now() - began;
    }
  }
}

async function answerOrProblem(
  number: number,
  bytes: Buffer | undefined,
  answer: (line: Buffer) => TimedAnswer | Promise<TimedAnswer>,
  { maxBytes }: BodyLimits,
  log: FastifyBaseLogger,
): Promise<string> {
  try {
    if (!bytes) throw new Problem('body-too-large', `the line has more than ${maxBytes} bytes; MAX_BODY_BYTES is ${maxBytes}`);
    const timed = answer(bytes);
    const { body } = (timed instanceof Promise ? await timed : timed).answer;
    return body.toString();
  } catch (error) {
    const problem = problemOf(error);
    logFailure(problem, error, log);
    return printedProblem(problem, number);
  }
}

function printedProblem(problem: Problem, line: number): string {
  return JSON.stringify({ ...problem.toJSON(), line });
}
