import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { asBytes } from '../runtime/memory.ts';

export const PIECE_BYTES = 65_536;
/** A reply above this goes out piece by piece. */
const WHOLE_BYTES = 4 * PIECE_BYTES;

/** Sends a reply; a large one piece by piece, so that it can be seen what its reader has taken. */
export function sendInPieces(reply: FastifyReply, body: Buffer | string): FastifyReply {
  if (body.length <= WHOLE_BYTES) return reply.send(body);
  const bytes = asBytes(body);
  reply.header('content-length', bytes.length);
  return reply.send(new InPieces(bytes));
}

/** Gives a piece whenever one is asked for: a generator would take promises for each. */
class InPieces extends Readable {
  readonly #pieces: Iterator<Buffer>;

  constructor(bytes: Buffer) {
    super({ highWaterMark: PIECE_BYTES });
    this.#pieces = piecesOf(bytes);
  }

  override _read(): void {
    const { value } = this.#pieces.next();
    this.push(value ?? null);
  }
}

export function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
