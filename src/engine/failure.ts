/** One thing wrong with a request, and the JSON pointer (RFC 6901) to where it stands. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** Every kind of failure that a client is told of. What each means over HTTP, the catalogue of http/problems.ts says. */
export type FailureCode =
  | 'malformed-json'
  | 'malformed-http'
  | 'unauthorized'
  | 'not-found'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'timeout'
  | 'body-too-large'
  | 'work-too-large'
  | 'expectation-failed'
  | 'headers-too-large'
  | 'unsupported-media-type'
  | 'invalid-request'
  | 'arithmetic-overflow'
  | 'internal'
  | 'too-many-requests'
  | 'overloaded'
  | 'shutting-down'
  | 'deadline-exceeded';

/** A failure as plain data, which crosses threads; there, classes are lost. */
export interface PlainFailure {
  readonly code: FailureCode;
  readonly detail: string;
  readonly faults?: readonly Fault[] | undefined;
}

/**
 * A request that can't be answered, for a reason that its client is told. Every room throws it, and none but http knows
 * what becomes of it. The message says what was given, what the rule is, and where.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  /** All that is wrong, where a request is refused for what stands in it. */
  readonly faults: readonly Fault[] | undefined;
  /** Seconds after which to ask again, where that is known. */
  readonly retryAfter: number | undefined;

  constructor(
    code: FailureCode,
    detail: string,
    { faults, cause, retryAfter }: { faults?: readonly Fault[] | undefined; cause?: unknown; retryAfter?: number | undefined } = {},
  ) {
    super(detail, { cause });
    this.code = code;
    this.faults = faults;
    this.retryAfter = retryAfter;
  }

  static fromPlain({ code, detail, faults }: PlainFailure): Failure {
    return new Failure(code, detail, { faults });
  }

  toPlain(): PlainFailure {
    return { code: this.code, detail: this.message, faults: this.faults };
  }
}
