import { printNumbers } from './portable.ts';
import type { Numbers, Segment } from './segments.ts';

/** What print.wasm exports; assembly/print/index.ts says how a record is laid out. */
interface PrinterExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly input: Address;
  readonly inputBytes: Address;
  readonly output: Address;
  readonly outputBytes: Address;
  readonly records: Address;
  readonly mostRecords: Address;
  /** Prints so many records, and gives the end of the output. */
  run(count: number): number;
}

interface Address {
  readonly value: number;
}

const RECORD_WORDS = 16;
const TEXT = 0;
const SINGLES = 1;
const DOUBLES = 2;
/** A number at its longest, with its comma: −1.2345678901234567e+300 and 0.0000012345678901234567 with a sign. */
const LONGEST_NUMBER = 26;
/** The axes that a record has room for. */
const MOST_AXES = 8;
/** A reply up to so many bytes leaves as text, which Node sends with the head of the reply in one piece. */
const MOST_TEXT = 16_384;

/**
 * Prints replies in WebAssembly, byte for byte as the portable printer does. Texts and numbers are copied into the module's
 * memory, of which a window holds some thousands; what has been printed is taken out whenever the window is full. A
 * thread has one of its own.
 */
export class Printer {
  readonly #module: PrinterExports;
  readonly #memory: Buffer;
  readonly #words: Int32Array;
  readonly #singles: Float32Array;
  readonly #doubles: Float64Array;
  readonly #record: number;
  #records = 0;
  /** Bytes of the input that are taken. */
  #used = 0;
  /** Bytes of the output that what is there can come to. */
  #expected = 0;
  #pieces: Buffer[] = [];

  /** @throws LinkError */
  constructor(module: WebAssembly.Module) {
    this.#module = new WebAssembly.Instance(module, {}).exports as unknown as PrinterExports;
    const { buffer } = this.#module.memory;
    this.#memory = Buffer.from(buffer);
    this.#words = new Int32Array(buffer);
    this.#singles = new Float32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.#record = this.#module.records.value / 4;
  }

  print(reply: readonly Segment[]): Buffer | string {
    this.#pieces = [];
    for (const segment of reply) {
      if (typeof segment === 'string') this.#text(segment);
      else if (segment.data.length === 0 || segment.shape.length > MOST_AXES) this.#text(printNumbers(segment));
      else this.#numbers(segment);
    }
    if (this.#pieces.length === 0) {
      const [from, to] = this.#run();
      return to - from <= MOST_TEXT ? this.#memory.toString('utf8', from, to) : this.#copy(from, to);
    }
    this.#flush();
    const pieces = this.#pieces;
    this.#pieces = [];
    return Buffer.concat(pieces);
  }

  #text(text: string): void {
    // A code unit is at most three bytes.
    if (!this.#hasRoom(3 * text.length, 3 * text.length)) this.#flush();
    if (!this.#hasRoom(3 * text.length, 3 * text.length)) {
      this.#pieces.push(Buffer.from(text));
      return;
    }
    const address = this.#module.input.value + this.#used;
    const length = this.#write(text, address);
    this.#take(TEXT, address, length, length, length);
  }

  /** Member names are short and ASCII. */
  #write(text: string, address: number): number {
    if (text.length > 32) return this.#memory.write(text, address);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return this.#memory.write(text, address);
      this.#memory[address + i] = code;
    }
    return text.length;
  }

  #numbers({ data, shape, decimals = -1, words = false }: Numbers): void {
    const bytes = data.BYTES_PER_ELEMENT;
    const most = LONGEST_NUMBER + 2 * shape.length;
    for (let first = 0; first < data.length; ) {
      if (!this.#hasRoom(bytes, most)) this.#flush();
      const room = Math.min((this.#module.inputBytes.value - this.#used) / bytes, (this.#module.outputBytes.value - this.#expected) / most);
      const count = Math.min(data.length - first, Math.floor(room));
      const address = this.#module.input.value + this.#used;
      const part = count === data.length ? data : data.subarray(first, first + count);
      if (data instanceof Float32Array) this.#singles.set(part, address / 4);
      else this.#doubles.set(part, address / 8);
      const record = this.#take(bytes === 4 ? SINGLES : DOUBLES, address, count, count * bytes, count * most);
      this.#words[record + 3] = first;
      this.#words[record + 4] = data.length;
      this.#words[record + 5] = decimals;
      this.#words[record + 6] = words ? 1 : 0;
      this.#words[record + 7] = shape.length;
      let block = data.length;
      for (const [axis, size] of shape.entries()) {
        this.#words[record + 8 + axis] = block;
        block /= size;
      }
      first += count;
    }
  }

  #hasRoom(input: number, output: number): boolean {
    return (
      this.#records < this.#module.mostRecords.value &&
      this.#used + input <= this.#module.inputBytes.value &&
      this.#expected + output <= this.#module.outputBytes.value
    );
  }

  /** Notes a segment, or a part of one, that has been put into the input. */
  #take(kind: number, address: number, count: number, input: number, output: number): number {
    const record = this.#record + this.#records * RECORD_WORDS;
    this.#words[record] = kind;
    this.#words[record + 1] = address;
    this.#words[record + 2] = count;
    this.#records++;
    this.#used += Math.ceil(input / 8) * 8;
    this.#expected += output;
    return record;
  }

  /** Prints what is there, and empties the input. */
  #run(): [from: number, to: number] {
    const to = this.#module.run(this.#records);
    this.#records = 0;
    this.#used = 0;
    this.#expected = 0;
    return [this.#module.output.value, to];
  }

  #copy(from: number, to: number): Buffer {
    return Buffer.from(this.#module.memory.buffer.slice(from, to));
  }

  #flush(): void {
    const [from, to] = this.#run();
    this.#pieces.push(this.#copy(from, to));
  }
}
