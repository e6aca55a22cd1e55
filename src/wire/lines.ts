import { Pieces } from './chunks.ts';

const NEWLINE = 0x0a;

/** A line of a stream: its number, from 1, and its bytes; undefined where there were more than the limit. */
export interface Line {
  readonly number: number;
  readonly bytes: Buffer | undefined;
}

/** Bytes of so many lines. */
export function bytesOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
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
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      if (end > start) this.#hold(chunk.subarray(start, end));
      if (this.#heldBytes > 0) yield* this.end();
      this.#number++;
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
  }

  /** The last line, where no newline closes it. */
  *end(): Generator<Line> {
    const tooLong = this.#heldBytes > this.#maxBytes;
    const pieces = this.#held.take();
    const bytes = tooLong ? undefined : pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    this.#heldBytes = 0;
    if (tooLong || (bytes && !isBlank(bytes))) yield { number: this.#number, bytes };
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
