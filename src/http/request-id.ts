import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const GIVEN = /^[\w.-]{1,128}$/;
/** Tells this process's ids from those of any other; the count tells them from each other. */
const PROCESS = randomBytes(8).toString('base64url');
let made = 0;

/** The request's own x-request-id, where it is 1 to 128 of letters, digits, `-`, `_` and `.`; else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && GIVEN.test(given) ? given : newRequestId();
}

export function newRequestId(): string {
  made++;
  return `${PROCESS}-${made.toString(36)}`;
}
