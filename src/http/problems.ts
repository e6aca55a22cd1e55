import type { Failure, FailureCode } from '../engine/failure.ts';

/** What a kind of failure is over HTTP, and what a person can do about it. */
interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** The text of its page; HERE stands for the prefix of the service's addresses. */
  readonly help: string;
  /** After how many seconds to ask again, where the failure itself does not say. */
  readonly retryAfter?: number;
  /** Whether the connection is closed after it, since what comes next on it can't be told or waited for. */
  readonly closes?: boolean;
}

const HERE = '{here}';

/** Every kind of failure (RFC 9457). One that is missing, or that nothing throws, does not compile. */
export const PROBLEMS: Readonly<Record<FailureCode, ProblemKind>> = {
  'malformed-json': {
    status: 400,
    title: 'The body is not JSON',
    help: 'The body could not be parsed as JSON in UTF-8. The detail says at which line and column the first fault stands. Common ones: a comma after the last element, single quotes, NaN or Infinity (JSON has neither), a body cut short, shell quoting that ate the double quotes.',
  },
  'malformed-http': {
    status: 400,
    title: 'This is not a request in HTTP/1.1',
    help: 'The bytes can’t be read as HTTP, or they break one of its rules: a request has exactly one Host header, and no Transfer-Encoding but chunked. The connection is closed, since where the next request begins can’t be known. Check what stands between client and service.',
    closes: true,
  },
  unauthorized: {
    status: 401,
    title: 'A key is wanted',
    help: 'This service has been given keys, and a POST must bring one of them: authorization: Bearer <key>. Ask whoever runs the service for one. Reading (GET) needs none.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing at this address',
    help: 'No route has this path. The routes are listed at {here}/docs and in {here}/openapi.json.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This address does not take this method',
    help: 'The path exists, but not with this method. The Allow header lists the methods that it takes. Attention is asked for with POST.',
  },
  'not-acceptable': {
    status: 406,
    title: 'This representation is not offered',
    help: 'The Accept header names only media types that this route can’t give. The detail lists the ones that it can. Leave Accept out, or send */*, to get the default.',
  },
  timeout: {
    status: 408,
    title: 'The body did not arrive in time',
    help: 'The headers, and then the whole body, must each arrive within REQUEST_TIMEOUT_MS. Check that Content-Length is not greater than what is sent, and that the connection is not stalled.',
    closes: true,
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    help: 'The body is larger than MAX_BODY_BYTES, or reading it would take more memory than MAX_PENDING_BYTES leaves or than a thread has, or more than a second for its objects, arrays and strings alone. The detail gives the limit and the figure. Fewer digits a number make it smaller: a float32 needs 9 at most.',
  },
  'work-too-large': {
    status: 413,
    title: 'The request asks for too much',
    help: 'The multiply-adds that the request asks for are more than MAX_WORK, or the reply would hold more numbers than MAX_REPLY_NUMBERS, or it is more than a walk-through, a trace or a picture shows. The detail gives the limit and the figure. Ask with fewer rows, include less in the reply, or split the keys over several requests.',
  },
  'expectation-failed': {
    status: 417,
    title: 'This expectation can’t be met',
    help: 'The Expect header asks for something other than 100-continue, which is the only expectation that HTTP defines. Leave it out.',
    closes: true,
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    help: 'The request line and the headers together are longer than 16 KiB. Numbers belong in the body of a POST; cookies are not needed here.',
    closes: true,
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is of a type that this route does not read',
    help: 'Say what the body is: content-type: application/json. (curl -d sends application/x-www-form-urlencoded unless told otherwise.) A Content-Encoding must be one that the detail lists.',
  },
  'invalid-request': {
    status: 422,
    title: 'The request can’t be carried out as it is',
    help: 'The body is JSON, but something in it is wrong. `errors` lists each fault, up to 20, with a JSON pointer (RFC 6901) to the very place: /tokens/1 is the second row of tokens, an empty pointer is the whole body. Nothing is coerced, dropped or guessed: "2" is not 2, and an unknown field is refused, since it is often a slip of the pen.',
  },
  'arithmetic-overflow': {
    status: 422,
    title: 'A result is not a finite number in this arithmetic',
    help: 'All inputs are finite, but on the way a number left the range of the dtype (float32: ±3.4e38). Use "dtype": "float64", or scale the vectors down.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong on our side',
    help: 'This is a defect of the service, not of the request. The log of the service has the cause.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too much is asked of the service at once',
    help: 'Requests under way hold as many bytes (MAX_PENDING_BYTES) or as many multiply-adds (MAX_PENDING_WORK) as this replica takes at once, or its turn would come later than after both a 12th of REQUEST_TIMEOUT_MS and four times what it takes itself. Send it again after Retry-After seconds, or to another replica.',
    retryAfter: 1,
  },
  overloaded: {
    status: 503,
    title: 'The service can’t keep up',
    help: 'The process answers too slowly, or has too little memory left, to take another request. Send it again after Retry-After seconds, or to another replica.',
    retryAfter: 1,
  },
  'shutting-down': {
    status: 503,
    title: 'The service is shutting down',
    help: 'This replica is about to stop. Send the request again after Retry-After seconds: another replica will take it.',
    closes: true,
    retryAfter: 1,
  },
  'deadline-exceeded': {
    status: 503,
    title: 'The answer took too long',
    help: 'The reply did not begin within REQUEST_TIMEOUT_MS. Ask for less at once, or try again when the service is less busy.',
    retryAfter: 1,
  },
};

/** What its page says, where the service's addresses begin with `base`. */
export function helpOf(code: FailureCode, base: string): string {
  return PROBLEMS[code].help.replaceAll(HERE, base);
}

/** The failure as problem details, whose type is the address of its page. */
export function problemDetails({ code, message, faults }: Failure, base: string): Record<string, unknown> {
  const { status, title } = PROBLEMS[code];
  return { type: `${base}/problems/${code}`, title, status, detail: message, ...(faults && { errors: faults }) };
}
