const NAME = 'attention-key';

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
