/** Bytes that arrived in pieces, read without joining them, so that a tensor is copied once: to where it is used. */
export class Chunks {
  readonly length: number;
  readonly #chunks: readonly Buffer[];

  constructor(chunks: readonly Buffer[]) {
    this.#chunks = chunks;
    this.length = chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
  }

  /** Fills `target` with the bytes from `offset` on, which must all be there. */
  copy(offset: number, target: Uint8Array): void {
    let skip = offset;
    let filled = 0;
    for (const chunk of this.#chunks) {
      if (filled === target.length) return;
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      filled += chunk.copy(target, filled, skip);
      skip = 0;
    }
    if (filled < target.length) throw new RangeError(`${target.length} bytes at ${offset} are not all within ${this.length}`);
  }

  /** The first `bytes` bytes, in the pieces in which they came. */
  pieces(bytes: number): Buffer[] {
    const pieces: Buffer[] = [];
    let left = bytes;
    for (const chunk of this.#chunks) {
      if (left <= 0) break;
      pieces.push(chunk.subarray(0, left));
      left -= chunk.length;
    }
    return pieces;
  }

  /** The first `bytes` bytes in one piece. */
  head(bytes: number): Buffer {
    const [first] = this.#chunks;
    if (first && first.length >= bytes) return first.subarray(0, bytes);
    const joined = Buffer.allocUnsafe(bytes);
    this.copy(0, joined);
    return joined;
  }
}

const SMALL_BYTES = 4096;
const BLOCK_BYTES = 65_536;

/**
 * Collects pieces of a body. Small ones are joined into blocks, since each Buffer costs far more than its bytes; one that follows the
 * piece before it in the same memory is joined to that.
 */
export class Pieces {
  #whole: Buffer[] = [];
  #block: Buffer | undefined;
  #filled = 0;

  push(piece: Buffer): void {
    const last = this.#whole.at(-1);
    if (!this.#block && last && last.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset) {
      this.#whole[this.#whole.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + piece.length);
      return;
    }
    // Threads read a piece of shared memory where it is.
    const isWhole = piece.length >= SMALL_BYTES || piece.buffer instanceof SharedArrayBuffer;
    if (isWhole || this.#filled + piece.length > BLOCK_BYTES) this.#closeBlock();
    if (isWhole) {
      this.#whole.push(piece);
      return;
    }
    // The first small piece may be all there is.
    if (!this.#block && this.#whole.length === 0) {
      this.#whole.push(piece);
      return;
    }
    this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    piece.copy(this.#block, this.#filled);
    this.#filled += piece.length;
  }

  /** All pieces in order; none are held afterwards. */
  take(): Buffer[] {
    this.#closeBlock();
    const pieces = this.#whole;
    this.#whole = [];
    return pieces;
  }

  #closeBlock(): void {
    if (this.#block && this.#filled > 0) this.#whole.push(this.#block.subarray(0, this.#filled));
    this.#block = undefined;
    this.#filled = 0;
  }
}
