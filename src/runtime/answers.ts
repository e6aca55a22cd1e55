import { Failure } from '../engine/failure.ts';
import type { JsonReader } from '../wire/numbers/number-reader.ts';
import { attention } from './answers/attention.ts';
import { diagnose } from './answers/diagnose.ts';
import { inference } from './answers/inference.ts';
import { merge } from './answers/merge.ts';
import { shown } from './answers/shown.ts';
import { vectors } from './answers/vectors.ts';
import { bodyBytes } from './memory.ts';
import type { Answered, Facts, Kind, Means, Question, QuestionOf, Task } from './question.ts';

/** A body below this is read as fast by JSON.parse (see bench/README.md). */
const LEAST_READ_BYTES = 1024;

type Read<Of extends Kind> = (question: QuestionOf<Of>, means: Means, reader?: JsonReader) => Task;

/** How each kind of question is read. */
const READERS: { readonly [Of in Kind]: Read<Of> } = { attention, shown, merge, diagnose, vectors, inference };

/**
 * Reads and prices a question, within the limits. Between reading and carrying out nothing else may be read on this
 * thread, since both work in the kernel's memory. What the reader of numbers leads to a refusal is read once more without
 * it: what is said of a request, and where, is said by one way alone.
 * @throws Failure
 */
export function readQuestion<Of extends Kind>(question: QuestionOf<Of>, means: Means): Task {
  const read: Read<Of> = READERS[question.kind];
  const { kernel, codec } = means;
  if (codec.reader && bodyBytes(question) >= LEAST_READ_BYTES) {
    try {
      kernel.reset();
      return read(question, means, codec.reader);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'invalid-request') throw error;
    }
  }
  kernel.reset();
  return read(question, means);
}

/**
 * The same, where that is quick: undefined where there is no reader of numbers here, or it can't read the body or does not
 * lead to a task, whatever the question is to be told then.
 * @throws Failure other than `invalid-request`
 */
function readQuickly<Of extends Kind>(question: QuestionOf<Of>, means: Means): Task | undefined {
  const read: Read<Of> = READERS[question.kind];
  const { reader } = means.codec;
  if (!reader) return undefined;
  const quick: JsonReader = {
    read(...asked) {
      const found = reader.read(...asked);
      if (!found) throw new NotQuick('JSON.parse has to read it');
      return found;
    },
  };
  means.kernel.reset();
  try {
    return read(question, means, quick);
  } catch (error) {
    if (error instanceof NotQuick || (error instanceof Failure && error.code === 'invalid-request')) return undefined;
    throw error;
  }
}

/** Nothing that a client is told. */
class NotQuick extends Error {}

/** A question that has been read: whoever began it looks at the task's price, and finishes it or leaves it. */
export interface Begun {
  readonly task: Task;
  /** Carries the task out. @throws Failure, and what the means' checkpoint throws */
  finish(where: Facts['where']): Answered;
}

/** Begins to answer a question: what comes of it says what it was, and how long each stage took. @throws Failure */
export function beginAnswer(question: Question, means: Means): Begun {
  const began = performance.now();
  return begun(question, readQuestion(question, means), performance.now() - began);
}

/** The same, where the body can be read quickly; see readQuickly. @throws Failure */
export function beginQuickly(question: Question, means: Means): Begun | undefined {
  const began = performance.now();
  const task = readQuickly(question, means);
  return task && begun(question, task, performance.now() - began);
}

function begun(question: Question, task: Task, decode: number): Begun {
  return {
    task,
    finish(where) {
      const from = performance.now();
      let computed = from;
      const answer = task.carryOut(() => {
        computed = performance.now();
      });
      const stages = { queue: 0, decode, compute: computed - from, encode: performance.now() - computed };
      return { answer, facts: { kind: question.kind, sizes: task.sizes, work: task.work, where, stages } };
    },
  };
}
