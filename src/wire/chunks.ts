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
      const part = chunk.subarray(skip, skip + target.length - filled);
      target.set(part, filled);
      filled += part.length;
      skip = 0;
    }
    if (filled < target.length) throw new RangeError(`${target.length} bytes at ${offset} are not all within ${this.length}`);
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
