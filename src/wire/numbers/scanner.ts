import type { Precision } from '../../engine/tensor.ts';
import type { MakeRoom } from '../parsed-bytes.ts';
import { type Found, Harvest, type Scanned } from './harvest.ts';
import { NumberMemory } from './number-memory.ts';

/** What the module of assembly/read exports; addresses are byte offsets into its memory. */
interface ReadExports extends Record<'input' | 'windowBytes' | 'numbers' | 'booleans' | 'records' | 'recordBytes', { readonly value: number }> {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly writtenRecords: { readonly value: number };
  /** Where in the text the array begins that the window has no end of. */
  readonly arrayStart: { readonly value: number };
  begin(isSingle: boolean): void;
  scan(filled: number, isLast: boolean): number;
  isInArray(): number;
  writtenNumbers(): number;
  writtenBooleans(): number;
}

/** Positions in a text are kept in 32 bits. */
const MOST_BYTES = 2 ** 31 - 1;

/** A thread's instance of the module. Its memory does not grow: a text goes through it window by window. */
export class Scanner {
  readonly #exports: ReadExports;
  readonly #window: Buffer;
  readonly #records: Int32Array;
  readonly #recordWords: number;
  readonly #numbers: { readonly [Of in Precision]: Float32Array | Float64Array };
  readonly #booleans: Uint8Array;
  readonly #memory = new NumberMemory();

  constructor(module: WebAssembly.Module) {
    const toNumber = (start: number, end: number): number => Number(Buffer.from(memory.buffer, start, end - start).toString('latin1'));
    this.#exports = new WebAssembly.Instance(module, { host: { toNumber } }).exports as unknown as ReadExports;
    const { memory, input, windowBytes, records, recordBytes, numbers, booleans } = this.#exports;
    this.#window = Buffer.from(memory.buffer, input.value, windowBytes.value);
    this.#records = new Int32Array(memory.buffer, records.value);
    this.#recordWords = recordBytes.value / Int32Array.BYTES_PER_ELEMENT;
    this.#numbers = { float32: new Float32Array(memory.buffer, numbers.value), float64: new Float64Array(memory.buffer, numbers.value) };
    this.#booleans = new Uint8Array(memory.buffer, booleans.value);
  }

  /**
   * Takes the arrays of numbers and of booleans out of a JSON text, where that is worth it. Undefined where the text, or an
   * array in it, is not what the module reads, which says nothing of what it is. The next scan uses the memory of the numbers again.
   * @param makeRoom asked for what the arrays of each window hold; what it throws is thrown
   */
  scan(pieces: readonly Buffer[], precision: Precision, makeRoom?: MakeRoom): Scanned | undefined {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (bytes > MOST_BYTES) return undefined;
    this.#memory.reuse();
    const harvest = new Harvest((length) => this.#memory.floats(precision, length), bytes, makeRoom);
    const window = this.#window;
    this.#exports.begin(precision === 'float32');
    let windowStart = 0;
    let filled = 0;
    for (const piece of pieces) {
      for (let from = 0; from < piece.length; ) {
        if (filled === window.length) {
          const done = this.#read(filled, false, precision, windowStart, harvest);
          // Nothing of a whole window: a number that is longer.
          if (done <= 0) return undefined;
          window.copyWithin(0, done, filled);
          windowStart += done;
          filled -= done;
        }
        const copied = piece.copy(window, filled, from);
        filled += copied;
        from += copied;
      }
    }
    return this.#read(filled, true, precision, windowStart, harvest) < 0 ? undefined : harvest.scanned();
  }

  /** Reads a window, and says how many of its bytes are done with; −1 where it can't. */
  #read(filled: number, isLast: boolean, precision: Precision, windowStart: number, harvest: Harvest): number {
    const { scan, isInArray, arrayStart, writtenRecords, writtenNumbers, writtenBooleans } = this.#exports;
    const done = scan(filled, isLast);
    if (done < 0) return done;
    for (let r = 0; r < writtenRecords.value; r++) harvest.array(this.#found(r), this.#window, windowStart);
    harvest.textTo(isInArray() ? arrayStart.value : windowStart + done, this.#window, windowStart);
    harvest.elements(this.#numbers[precision].subarray(0, writtenNumbers()), this.#booleans.subarray(0, writtenBooleans()), windowStart + done);
    return done;
  }

  #found(record: number): Found {
    const [isBoolean, start = 0, end = 0, first = 0, hasNulls, axes = 0, ...sizes] = this.#records.subarray(
      record * this.#recordWords,
      (record + 1) * this.#recordWords,
    );
    return { start, end, isBoolean: isBoolean === 1, first, hasNulls: hasNulls === 1, shape: sizes.slice(0, axes) };
  }
}
