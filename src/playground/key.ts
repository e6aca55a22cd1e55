const NAME = 'attention-key';
/** A bearer token (RFC 6750, 2.1), as the setting API_KEY has it. */
const KEY = /^[A-Za-z0-9._~+/-]+=*$/;

/** Why no service has this key; undefined where one may have it, or where there is none. Such a key may be one that no header can carry. */
export function faultOfKey(key: string): string | undefined {
  if (key === '' || KEY.test(key)) return undefined;
  return 'a key is made of letters, digits and -._~+/ (then = at the end), and what was typed holds something else';
}

/** The key that this tab was given before; empty where none was, or where the browser keeps nothing. */
export function keptKey(): string {
  try {
    return sessionStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}

/** Keeps a key until the tab is closed. It goes into no link, no copied code and no saved file. */
export function keepKey(key: string): void {
  try {
    sessionStorage.setItem(NAME, key);
  } catch {
    // A browser that keeps nothing asks again after a reload.
  }
}
