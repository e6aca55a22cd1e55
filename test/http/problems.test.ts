import { describe, expect, test } from 'vitest';
import { Failure, type FailureCode } from '../../src/engine/failure.ts';
import { helpOf, PROBLEMS, problemDetails } from '../../src/http/problems.ts';

const codes = Object.keys(PROBLEMS) as FailureCode[];

describe('the catalogue of failures', () => {
  test.each(codes)('%s: has a title, a page of whole sentences, and an address', (code) => {
    expect(PROBLEMS[code].title).toMatch(/^[A-Z].*[^.]$/);
    expect(helpOf(code, '/ai')).toMatch(/^[A-Z].*\.$/);
    expect(helpOf(code, '/ai')).not.toContain('{here}');
    expect(problemDetails(new Failure(code, 'so'), '/ai')['type']).toBe(`/ai/problems/${code}`);
  });

  test('a connection is closed where what comes next on it can’t be told or waited for', () => {
    const closing = codes.filter((code) => PROBLEMS[code].closes === true);
    expect(closing.sort()).toEqual(['expectation-failed', 'headers-too-large', 'malformed-http', 'shutting-down', 'timeout']);
  });

  test('what passes says when to ask again', () => {
    const passing = codes.filter((code) => PROBLEMS[code].status === 503);
    expect(passing).toContain('shutting-down');
    for (const code of passing) expect(PROBLEMS[code].retryAfter).toBeGreaterThanOrEqual(1);
  });

  test('pages point at addresses of this service', () => {
    expect(helpOf('not-found', '/ai')).toContain('/ai/docs and in /ai/openapi.json');
    expect(helpOf('not-found', '')).toContain(' /docs and in /openapi.json');
  });
});

test('problem details have faults only where there are some', () => {
  const faults = [{ pointer: '/a', detail: 'b' }];
  expect(problemDetails(new Failure('invalid-request', 'd', { faults }), '')).toMatchObject({ detail: 'd', status: 422, errors: faults });
  expect(problemDetails(new Failure('invalid-request', 'd'), '')).not.toHaveProperty('errors');
});
