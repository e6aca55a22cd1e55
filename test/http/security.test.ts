import { describe, expect, test } from 'vitest';
import { originHeaders } from '../../src/http/cors.ts';
import { headEveryReply, headReply, SECURITY_HEADERS } from '../../src/http/security.ts';
import { useSmall } from './small.ts';

const SECURE = {
  'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

test('replies are data: nothing is loaded from them, they are framed by nobody, and no other origin reads them unasked', () => {
  expect(SECURITY_HEADERS).toEqual(SECURE);
});

describe('every reply', () => {
  const HOME = 'https://page.example';
  const small = useSmall((app) => {
    app.get('/before', async (_request, reply) => {
      headReply(reply, originHeaders([HOME]));
      return 'headed';
    });
    headEveryReply(app, originHeaders([HOME]));
    app.get('/', async (request) => request.id);
  });

  test.each(['/', '/before', '/nope'])('%s has these headers, its request’s id, and what pages are told', async (path) => {
    const { headers, text } = await small.ask(path, { headers: { origin: HOME } });
    expect(headers).toMatchObject({ ...SECURE, 'access-control-allow-origin': HOME, 'x-request-id': expect.stringMatching(/^req-/) });
    if (path === '/') expect(headers['x-request-id']).toBe(text);
  });
});
