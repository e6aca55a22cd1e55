import { readFileSync } from 'node:fs';

/*
 * Settings that are lists: keys and origins. Each reader gives what the setting says, or throws a sentence that goes on
 * after the setting's name. A key is never repeated in such a sentence.
 */

/** A bearer token (RFC 6750, 2.1), so that every key can be sent. */
const KEY = /^[A-Za-z0-9._~+/-]+=*$/;
const EVERYONE = '*';

/** The keys of a text, by comma or line. */
export function readKeys(text: string): readonly string[] {
  const keys = listed(text, /[,\r\n]/);
  // An empty setting is a slip: it would leave a service open that was meant to be locked.
  if (keys.length === 0) throw new Error('must hold at least one key; leave it unset for a service that is open');
  const wrong = keys.findIndex((key) => !KEY.test(key));
  if (wrong >= 0) throw new Error(`must hold keys of letters, digits and -._~+/ (then = at the end), by comma or line; key ${wrong + 1} is none`);
  return keys;
}

/** The keys of a file, which is read once, at start. */
export function readKeyFile(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`must be a file that can be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}), got ${JSON.stringify(path)}`);
  }
  return readKeys(text);
}

/** Origins as browsers send them, by comma; or `*` alone, for every origin. */
export function readOrigins(text: string): readonly string[] {
  const origins = listed(text, /,/);
  if (origins.length === 0) throw new Error('must hold at least one origin, or be *; leave it unset for none');
  if (origins.length > 1 && origins.includes(EVERYONE)) throw new Error('must be * alone, or a list of origins without it');
  for (const origin of origins) {
    const meant = origin === EVERYONE ? origin : originOf(origin);
    if (meant !== origin) throw new Error(`must hold origins as browsers send them, got ${JSON.stringify(origin)}${meant ? `; it is ${meant}` : ''}`);
  }
  return origins;
}

function listed(text: string, separator: RegExp): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function originOf(text: string): string | undefined {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null';
  return origin === 'null' ? undefined : origin;
}
