import type { BodyMemory } from './body-memory.ts';

/** A shorter chunk stays where it is, if no others are here: its lines are answered on the event loop, or copied for a thread. */
const SHORT_BYTES = 8192;

/** A slab that is lent by the service's memory of bodies. */
interface Block {
  readonly slab: SharedArrayBuffer;
  readonly bytes: Buffer;
  filled: number;
  /** Bytes of the stream up to its last one. */
  end: number;
  /** Batches and lines that threads may be reading. */
  readers: number;
}

/**
 * Where one stream's lines lie from their arrival until they have been answered: in memory that is shared, so that threads read them
 * there, and used again, so that V8 has nothing to collect (body-memory.ts).
 */
export class LineMemory {
  readonly #bodies: BodyMemory;
  /** In the order of the stream; the last one is being filled. */
  #blocks: Block[] = [];
  /** Bytes of the stream that have arrived, and those of them that nobody needs any more. */
  #arrived = 0;
  #done = 0;

  constructor(bodies: BodyMemory) {
    this.#bodies = bodies;
  }

  /** The next bytes of the stream, in one piece or more: a copy of them, or, where they are few or there is no memory for them, themselves. */
  keep(chunk: Buffer): readonly Buffer[] {
    if (chunk.length <= SHORT_BYTES && this.#blocks.length === 0) return [this.#left(chunk)];
    const pieces: Buffer[] = [];
    for (let from = 0; from < chunk.length; ) {
      const block = this.#blockWithRoom();
      if (!block) {
        pieces.push(this.#left(chunk.subarray(from)));
        break;
      }
      const copied = chunk.copy(block.bytes, block.filled, from);
      pieces.push(block.bytes.subarray(block.filled, block.filled + copied));
      from += copied;
      block.filled += copied;
      this.#arrived += copied;
      block.end = this.#arrived;
    }
    return pieces;
  }

  /** Threads may read these pieces until what is returned is called. */
  read(pieces: readonly Buffer[]): () => void {
    const read = this.#blocks.filter(({ slab }) => pieces.some(({ buffer }) => buffer === slab));
    for (const block of read) block.readers++;
    return () => {
      for (const block of read) block.readers--;
      this.#giveBack();
    };
  }

  /** So many bytes from the beginning of the stream have been answered. */
  answered(bytes: number): void {
    this.#done = Math.max(this.#done, bytes);
    this.#giveBack();
  }

  /** The stream is over, and nothing more is kept: others have its memory once no thread reads it. */
  release(): void {
    this.answered(Number.POSITIVE_INFINITY);
  }

  #left(bytes: Buffer): Buffer {
    this.#arrived += bytes.length;
    return bytes;
  }

  #blockWithRoom(): Block | undefined {
    if (this.#done > this.#arrived) return undefined;
    const last = this.#blocks.at(-1);
    if (last && last.filled < last.bytes.length) return last;
    const slab = this.#bodies.take();
    if (!slab) return undefined;
    const block: Block = { slab, bytes: Buffer.from(slab), filled: 0, end: this.#arrived, readers: 0 };
    this.#blocks.push(block);
    return block;
  }

  #giveBack(): void {
    const free = this.#blocks.filter(({ end, readers }) => end <= this.#done && readers === 0);
    if (free.length === 0) return;
    this.#blocks = this.#blocks.filter((block) => !free.includes(block));
    this.#bodies.give(free.map(({ slab }) => slab));
  }
}
