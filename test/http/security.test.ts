import { expect, test } from 'vitest';
import { SECURITY_HEADERS } from '../../src/http/security.ts';

test('replies are data: nothing is loaded from them, they are framed by nobody, and no other origin reads them unasked', () => {
  expect(SECURITY_HEADERS).toEqual({
    'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
});
