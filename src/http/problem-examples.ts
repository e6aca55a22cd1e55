import { Failure, type FailureCode } from '../engine/failure.ts';
import { noRoute } from './absent.ts';
import { WANTED } from './keys.ts';
import { INFERENCE_PATH } from './printing.ts';
import { problemDetails } from './problems.ts';

/** What a failure of each kind says to one request, which test/documents/problems.test.ts sends. */
const DETAILS: Readonly<Record<Exclude<FailureCode, 'not-found'>, string>> = {
  'malformed-json': 'line 1, column 24: value expected, got "]"',
  'malformed-http': 'this is not a request in HTTP/1.1 (HPE_INVALID_METHOD)',
  'expectation-failed': 'the one expectation that is met here is 100-continue, got "200-maybe"',
  'headers-too-large': 'the request line and the headers are longer than 16 KiB',
  unauthorized: WANTED,
  'method-not-allowed': otherMethod('get'),
  'not-acceptable': 'this route gives application/json, text/markdown, image/svg+xml, got Accept: text/csv',
  timeout: 'the body did not arrive within 30000 ms; 12 bytes are here',
  'body-too-large': 'the body has 67108865 bytes; MAX_BODY_BYTES is 67108864',
  'work-too-large': 'the reply would hold 72006000 numbers; MAX_REPLY_NUMBERS is 16777216. Ask for less in `include`, or with fewer rows.',
  'unsupported-media-type':
    'the body must be application/json or application/x-ndjson or application/ndjson or application/jsonl or application/jsonlines, got "application/x-www-form-urlencoded"',
  'invalid-request': '/tokens/1 has 1 number, but row 0 has 2; every row must be equally wide',
  'arithmetic-overflow': 'scores of query row 0 is not finite, though all inputs are',
  internal: 'an unexpected error; it has been logged',
  'too-many-requests':
    'the requests under way hold 200000000 multiply-adds together, and this one asks for 200000000 more; MAX_PENDING_WORK is 300000000',
  overloaded: 'the event loop is 1250 ms late, which is more than 1000 ms',
  'shutting-down': 'asked to stop; draining',
  'deadline-exceeded': 'the answer did not begin within 30000 ms (REQUEST_TIMEOUT_MS)',
};

const RAGGED = [{ pointer: '/tokens/1', detail: 'has 1 number, but row 0 has 2; every row must be equally wide' }];

/** A failure of this kind, as a client of the service below `base` gets it. */
export function problemExample(
  code: FailureCode,
  base: string,
  detail: string = code === 'not-found' ? noRoute(base) : DETAILS[code],
): Record<string, unknown> {
  return problemDetails(new Failure(code, detail, code === 'invalid-request' ? { faults: RAGGED } : {}), base);
}

/** What the routes of the inference protocol say, by status; test/documents/problems.test.ts sends those requests too. */
export function inferenceErrors(base: string): Readonly<Record<number, string>> {
  return {
    400: 'input Q has 3 elements, but the shape [1, 1, 2, 2] has 4',
    401: `unauthorized: ${WANTED}`,
    404: `there is nothing at ${base}${INFERENCE_PATH}/models/bert/infer; the one model is attention, version 1`,
    408: DETAILS.timeout,
    413: DETAILS['body-too-large'],
    417: DETAILS['expectation-failed'],
    429: DETAILS['too-many-requests'],
    431: DETAILS['headers-too-large'],
    500: DETAILS.internal,
    503: DETAILS['deadline-exceeded'],
  };
}

/** What an address that takes `method` says to another one. */
export function otherMethod(method: string): string {
  return method === 'get' ? 'POST is not taken here; this address takes GET, HEAD' : 'GET is not taken here; this address takes POST';
}
