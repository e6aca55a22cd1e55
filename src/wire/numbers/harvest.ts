import type { Floats } from '../../engine/tensor.ts';
import type { MakeRoom } from '../parsed-bytes.ts';
import { Growing } from './growing.ts';
import { NumberArray } from './number-array.ts';

/** A text in which every array that was read has a stand-in, and those arrays. */
export interface Scanned {
  readonly text: Buffer;
  readonly arrays: readonly NumberArray[];
}

/** An array of the text: where it stands there, and which elements of all are its own. */
export interface Found {
  readonly start: number;
  readonly end: number;
  readonly isBoolean: boolean;
  readonly first: number;
  readonly hasNulls: boolean;
  readonly shape: readonly number[];
}

/** What an array holds besides its elements, in bytes: where it stands, the text before it, and what is made of it (see bench/README.md). */
const ARRAY_BYTES = 1200;

/** What stands in the text for the array of that index: an object as no request has one, see number-reader.ts. */
function standIn(index: number): string {
  return `{"":${index}}`;
}

/** Gathers what the windows of one text hold: all but its arrays, and their elements. Positions are those of the text. */
export class Harvest {
  readonly #bytes: number;
  readonly #makeRoom: MakeRoom | undefined;
  readonly #text: Buffer[] = [];
  /** Up to here the text has been taken, or read. */
  #done = 0;
  readonly #found: Found[] = [];
  /** For so many of them room has been made. */
  #roomFor = 0;
  readonly #numbers: Growing;
  readonly #booleans = new Growing((length) => new Uint8Array(length));

  /** @param allocate gives memory for so many numbers, whatever stands in it */
  constructor(allocate: (length: number) => Floats, bytes: number, makeRoom?: MakeRoom) {
    this.#bytes = bytes;
    this.#makeRoom = makeRoom;
    this.#numbers = new Growing(allocate);
  }

  array(found: Found, window: Buffer, windowStart: number): void {
    this.textTo(found.start, window, windowStart);
    this.#text.push(Buffer.from(standIn(this.#found.length)));
    this.#found.push(found);
    this.#done = found.end;
  }

  /** Takes the text on to `end`, from a window that begins at `windowStart`. */
  textTo(end: number, window: Buffer, windowStart: number): void {
    if (end <= this.#done) return;
    this.#text.push(Buffer.from(window.subarray(this.#done - windowStart, end - windowStart)));
    this.#done = end;
  }

  /**
   * @param end how far the text has been read
   * @throws what making room for them throws
   */
  elements(numbers: Floats, booleans: Uint8Array, end: number): void {
    this.#makeRoom?.(numbers.byteLength + booleans.byteLength + ARRAY_BYTES * (this.#found.length - this.#roomFor));
    this.#roomFor = this.#found.length;
    this.#numbers.append(numbers, end / this.#bytes);
    this.#booleans.append(booleans, end / this.#bytes);
  }

  scanned(): Scanned {
    const arrays = this.#found.map(({ isBoolean, first, shape, hasNulls }) => {
      const size = shape.reduce((product, axis) => product * axis, 1);
      return new NumberArray((isBoolean ? this.#booleans : this.#numbers).slice(first, first + size), shape, hasNulls);
    });
    return { text: Buffer.concat(this.#text), arrays };
  }
}
