import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { Lines } from '../wire/lines.ts';
import { type BodyLimits, brokenEncoding } from './body.ts';
import { logFailure, problemOf } from './failures.ts';
import { Problem } from './problems.ts';

const WRITE_BYTES = 65_536;
/** After so long without a turn of the event loop, others get theirs. */
const TURN_MS = 10;

/**
 * One reply line for each request line, in order. It reads no further than its reader does, and holds one line and one
 * chunk. A bad line yields its problem with `line`, and the rest go on. The stream ends early, after a problem that says
 * why, where a line does not arrive in time or the encoding is broken.
 */
export async function* answerLines(
  source: AsyncIterable<Buffer>,
  answer: (line: Buffer) => string,
  limits: BodyLimits,
  log: FastifyBaseLogger,
): AsyncGenerator<string> {
  const lines = new Lines(limits.maxBytes);
  const chunks = source[Symbol.asyncIterator]();
  let turnEnds = performance.now() + TURN_MS;
  let printed = '';
  try {
    for (;;) {
      const chunk = await within(chunks.next(), limits.timeoutMs);
      for (const { number, bytes } of chunk.done ? lines.end() : lines.push(chunk.value)) {
        printed += `${answerOrProblem(number, bytes, answer, limits, log)}\n`;
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
      if (chunk.done) return;
    }
  } catch (error) {
    const problem = error instanceof Problem ? error : brokenEncoding(error);
    if (!problem) throw error;
    yield `${printed}${printedProblem(problem, lines.number)}\n`;
  }
}

function answerOrProblem(
  number: number,
  bytes: Buffer | undefined,
  answer: (line: Buffer) => string,
  { maxBytes }: BodyLimits,
  log: FastifyBaseLogger,
): string {
  try {
    if (!bytes) throw new Problem('body-too-large', `the line has more than ${maxBytes} bytes; MAX_BODY_BYTES is ${maxBytes}`);
    return answer(bytes);
  } catch (error) {
    const problem = problemOf(error);
    logFailure(problem, error, log);
    return printedProblem(problem, number);
  }
}

function printedProblem(problem: Problem, line: number): string {
  return JSON.stringify({ ...problem.toJSON(), line });
}

/** @throws Problem `timeout` where the promise is not kept in time */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Problem('timeout', `nothing more of the stream arrived within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
