import { problemResponses } from '../representation.ts';

/** What every question can be answered with besides its answer. */
export const REFUSALS = problemResponses([
  'unauthorized',
  'malformed-json',
  'malformed-http',
  'not-acceptable',
  'expectation-failed',
  'headers-too-large',
  'timeout',
  'body-too-large',
  'work-too-large',
  'unsupported-media-type',
  'invalid-request',
  'arithmetic-overflow',
  'too-many-requests',
  'internal',
  'overloaded',
  'shutting-down',
  'deadline-exceeded',
]);

export const TIMING = {
  'Server-Timing': { type: 'string', description: 'What decoding, computing and encoding took, in milliseconds; not for a stream of lines.' },
};
