import { Pieces } from './chunks.ts';

const NEWLINE = 0x0a;

/** A line of a stream. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Its bytes, in order; undefined where there were more than the limit. */
  readonly pieces: readonly Buffer[] | undefined;
  /** How many bytes the pieces have. */
  readonly length: number;
  /** Bytes of the stream up to the end of the line, its newline included. */
  readonly end: number;
}

/** Bytes of so many lines. */
export function bytesOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { length }) => sum + length, 0);
}

/**
 * Cuts a stream of chunks into lines, holding no more than one line and one chunk. Blank lines are counted, not given.
 * A line longer than `maxBytes` is given once, without its bytes, and passed over to its end.
 */
export class Lines {
  readonly #maxBytes: number;
  readonly #held = new Pieces();
  #heldBytes = 0;
  #number = 1;
  /** Bytes of the stream up to the end of the last line, and of the last chunk. */
  #end = 0;
  #arrived = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The number of the line that is being read. */
  get number(): number {
    return this.#number;
  }

  /** Bytes that are held of that line. */
  get heldBytes(): number {
    return Math.min(this.#heldBytes, this.#maxBytes);
  }

  *push(chunk: Buffer): Generator<Line> {
    const before = this.#arrived;
    this.#arrived += chunk.length;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      if (end > start) this.#hold(chunk.subarray(start, end));
      this.#end = before + end + 1;
      if (this.#heldBytes > 0) yield* this.#close();
      this.#number++;
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
  }

  /** The last line, where no newline closes it. */
  *end(): Generator<Line> {
    this.#end = this.#arrived;
    yield* this.#close();
  }

  *#close(): Generator<Line> {
    const [number, end, length] = [this.#number, this.#end, this.#heldBytes];
    const pieces = this.#held.take();
    this.#heldBytes = 0;
    if (length > this.#maxBytes) yield { number, pieces: undefined, length: 0, end };
    else if (!pieces.every(isBlank)) yield { number, pieces, length, end };
  }

  #hold(part: Buffer): void {
    if (part.length === 0) return;
    this.#heldBytes += part.length;
    if (this.#heldBytes <= this.#maxBytes) this.#held.push(part);
    else this.#held.take();
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
