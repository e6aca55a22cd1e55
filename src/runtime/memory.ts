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

/** Bytes in memory of their own, which can be handed to another thread; copied where they share it. */
export function ownMemory(bytes: Buffer): Buffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return whole ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
}
