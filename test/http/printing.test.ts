import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { asInferenceErrors, asProblems, printerAt } from '../../src/http/printing.ts';

describe('a failure', () => {
  const failure = new Failure('invalid-request', '/tokens is required', { faults: [{ pointer: '/tokens', detail: 'is required' }] });

  test('is a problem to clients of the native routes, whose type is its page', () => {
    const { status, type, body } = asProblems('/ai')(failure);
    expect([status, type]).toEqual([422, 'application/problem+json; charset=utf-8']);
    expect(JSON.parse(body)).toEqual({
      type: '/ai/problems/invalid-request',
      title: 'The request can’t be carried out as it is',
      status: 422,
      detail: '/tokens is required',
      errors: [{ pointer: '/tokens', detail: 'is required' }],
    });
  });

  test('has no list of faults where it is of the whole', () => {
    expect(JSON.parse(asProblems('')(new Failure('timeout', 'late')).body)).toEqual({
      type: '/problems/timeout',
      title: 'The body did not arrive in time',
      status: 408,
      detail: 'late',
    });
  });

  test('is an error alone to clients of the inference protocol', () => {
    expect(asInferenceErrors(failure)).toEqual({ status: 400, type: 'application/json', body: '{"error":"/tokens is required"}' });
  });

  test('says its code where a key is wanted, since clients of the protocol show the text alone', () => {
    expect(asInferenceErrors(new Failure('unauthorized', 'a key'))).toMatchObject({ status: 401, body: '{"error":"unauthorized: a key"}' });
  });

  test.each([
    ['not-acceptable', 400],
    ['unsupported-media-type', 400],
    ['arithmetic-overflow', 400],
    ['malformed-json', 400],
    ['not-found', 404],
    ['timeout', 408],
    ['body-too-large', 413],
    ['internal', 500],
    ['shutting-down', 503],
  ] as const)('%s is a %i in the inference protocol', (code, status) => {
    expect(asInferenceErrors(new Failure(code, 'so')).status).toBe(status);
  });
});

describe('before a route is found', () => {
  test.each([
    ['/ai/v2', true],
    ['/ai/v2/models/attention', true],
    ['/ai/v2?x=/', true],
    ['/ai/v2#x', true],
    ['/ai/v2/?x', true],
    ['/ai/v20', false],
    ['/ai', false],
    ['/v2', false],
    ['/x/ai/v2/models', false],
    ['/ai/attention?/ai/v2', false],
    ['', false],
  ])('the address %j is of the inference protocol: %s', (url, inference) => {
    const { type, body } = printerAt('/ai')(url)(new Failure('not-found', 'nothing'));
    expect(type).toBe(inference ? 'application/json' : 'application/problem+json; charset=utf-8');
    if (!inference) expect(JSON.parse(body).type).toBe('/ai/problems/not-found');
  });
});
