import type { Failure } from '../engine/failure.ts';
import { PROBLEMS, problemDetails } from './problems.ts';

/** A failure as the clients of some routes read it. */
interface PrintedFailure {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export type PrintFailure = (failure: Failure) => PrintedFailure;

/** Where the Open Inference Protocol stands below the service's addresses. */
export const INFERENCE_PATH = '/v2';

/** Problem details (RFC 9457), for the native routes below `base`. */
export function asProblems(base: string): PrintFailure {
  return (failure) => ({
    status: PROBLEMS[failure.code].status,
    type: 'application/problem+json; charset=utf-8',
    body: JSON.stringify(problemDetails(failure, base)),
  });
}

/** Statuses that the inference protocol does not tell apart: all that a request did wrong is a 400. */
const WRONG: ReadonlySet<number> = new Set([406, 415, 422]);

/** `{"error"}`, as clients of the Open Inference Protocol read it. */
export const asInferenceErrors: PrintFailure = ({ code, message }) => {
  const { status } = PROBLEMS[code];
  const error = code === 'unauthorized' ? `${code}: ${message}` : message;
  return { status: WRONG.has(status) ? 400 : status, type: 'application/json', body: JSON.stringify({ error }) };
};

/** For what is refused before a route is found: how failures are printed at an address of the service below `base`. */
export function printerAt(base: string): (url: string) => PrintFailure {
  const inference = `${base}${INFERENCE_PATH}`;
  const problems = asProblems(base);
  return (url) => {
    const [path = ''] = url.split(/[?#]/, 1);
    return path === inference || path.startsWith(`${inference}/`) ? asInferenceErrors : problems;
  };
}
