import { describe, expect, test } from 'vitest';
import { PIECE_BYTES, piecesOf, sendInPieces } from '../../src/http/pieces.ts';
import { useSmall } from './small.ts';

const bytesOf = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251));

describe('bytes in pieces', () => {
  test.each([
    ['none at all', 0, []],
    ['one that is full', PIECE_BYTES, [PIECE_BYTES]],
    ['a byte more', PIECE_BYTES + 1, [PIECE_BYTES, 1]],
    ['many', 3 * PIECE_BYTES + 5, [PIECE_BYTES, PIECE_BYTES, PIECE_BYTES, 5]],
  ])('%s: of 64 KiB each but the last, and the same together', (_what, length, lengths) => {
    const bytes = bytesOf(length);
    const pieces = [...piecesOf(bytes)];
    expect(pieces.map((piece) => piece.length)).toEqual(lengths);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  });
});

describe('a reply', () => {
  /** The length of what was handed to be sent as a whole; undefined where it was a stream. */
  const whole: Record<string, number | undefined> = {};
  const bodies: Record<string, Buffer | string> = {
    '/limit': bytesOf(4 * PIECE_BYTES),
    '/bytes': bytesOf(4 * PIECE_BYTES + 1),
    '/text': 'ä'.repeat(4 * PIECE_BYTES + 1),
  };
  const small = useSmall((app) => {
    app.addHook('onSend', async (request, _reply, payload) => {
      whole[request.url] = (payload as Buffer).length;
      return payload;
    });
    for (const [path, body] of Object.entries(bodies)) app.get(path, (_request, reply) => sendInPieces(reply.type('text/plain'), body));
  });

  test.each([
    ['of up to 256 KiB goes out as a whole', '/limit', 4 * PIECE_BYTES],
    ['of more goes out piece by piece, and says how long it is', '/bytes', undefined],
    ['of more, that is text, says its length in bytes', '/text', undefined],
  ])('%s', async (_what, path, length) => {
    const { headers, text } = await small.ask(path);
    expect(whole[path]).toBe(length);
    expect(headers['content-length']).toBe(`${Buffer.byteLength(bodies[path] ?? '')}`);
    expect(text).toBe(`${bodies[path]}`);
  });
});
