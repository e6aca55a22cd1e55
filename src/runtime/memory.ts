import type { Question } from './question.ts';

export function bodyBytes({ body }: Pick<Question, 'body'>): number {
  let bytes = 0;
  for (const piece of body) bytes += piece.length;
  return bytes;
}

/** A reply as bytes; those that are there are not copied. */
export function asBytes(body: Buffer | string): Buffer {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

/** Bytes in memory that another thread can have: their own, which is handed over, or shared; copied where they share it with others of this thread. */
export function ownMemory(bytes: Buffer): Buffer {
  return isWhole(bytes) || bytes.buffer instanceof SharedArrayBuffer ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
}

/** The memory that is handed over with pieces of a body: what is shared, both threads have. */
export function handedOver(pieces: readonly Uint8Array[]): ArrayBuffer[] {
  return pieces.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
}

/** Frees bytes that nobody looks at any more, where they have their memory to themselves: else they stay until garbage is collected. */
export function freeOwn(bytes: Buffer): void {
  if (isWhole(bytes) && bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}

function isWhole({ byteOffset, byteLength, buffer }: Buffer): boolean {
  return byteOffset === 0 && byteLength === buffer.byteLength;
}
