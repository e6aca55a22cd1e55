import type { Floats } from '../../engine/tensor.ts';
import { printNumbers } from './portable.ts';
import type { Numbers, Segment } from './segments.ts';

/** What print.wasm exports; assembly/print/index.ts says how a record is laid out. */
interface PrinterExports extends Readonly<Record<(typeof PLACES)[number], { readonly value: number }>> {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Prints so many records, and gives the end of the output. */
  run(count: number): number;
}

/** Addresses and sizes in the module's memory. */
const PLACES = ['input', 'inputBytes', 'output', 'outputBytes', 'records', 'mostRecords'] as const;

/** Up to so many characters or numbers are copied faster one by one than by a call. */
const FEW = 32;
const NOTHING: Buffer = Buffer.alloc(0);
const NUMBER_WEIGHT = 11;
const RECORD_WORDS = 16;
const TEXT = 0;
const SINGLES = 1;
const DOUBLES = 2;
/** A number at its longest, with its comma: −1.2345678901234567e+300 and 0.0000012345678901234567 with a sign. */
const LONGEST_NUMBER = 26;
/** The axes that a record has room for. */
const MOST_AXES = 8;
/** What is allocated beyond what a reply seems to come to: to copy it once more takes longer. */
const SLACK = 1.3;
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
  /** Read once: a global of a module is dear to read. */
  readonly #places: Readonly<Record<(typeof PLACES)[number], number>>;
  #records = 0;
  /** Bytes of the input that are taken. */
  #used = 0;
  /** Bytes of the output that what is there can come to. */
  #expected = 0;
  /** The bytes of a reply that is longer than the window, as far as it is printed. */
  #reply: Buffer = NOTHING;
  #length = 0;
  /** How much of the reply has been put in, of how much. */
  #done = 0;
  #whole = 0;

  readonly #allocate: (bytes: number) => Buffer;

  /**
   * @param allocate memory for a reply that is longer than the window, whatever stands in it
   * @throws LinkError
   */
  constructor(module: WebAssembly.Module, allocate: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafeSlow(bytes)) {
    this.#allocate = allocate;
    this.#module = new WebAssembly.Instance(module, {}).exports as unknown as PrinterExports;
    const { buffer } = this.#module.memory;
    this.#memory = Buffer.from(buffer);
    this.#words = new Int32Array(buffer);
    this.#singles = new Float32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    const { input, inputBytes, output, outputBytes, records, mostRecords } = this.#module;
    this.#places = {
      input: input.value,
      inputBytes: inputBytes.value,
      output: output.value,
      outputBytes: outputBytes.value,
      records: records.value,
      mostRecords: mostRecords.value,
    };
  }

  print(reply: readonly Segment[]): Buffer | string {
    this.#begin(reply);
    for (const segment of reply) {
      if (typeof segment === 'string') this.#text(segment);
      else if (segment.data.length === 0 || segment.shape.length > MOST_AXES) this.#text(printNumbers(segment));
      else this.#numbers(segment);
      this.#done += weight(segment);
    }
    if (this.#length === 0) {
      const [from, to] = this.#run();
      return to - from <= MOST_TEXT ? this.#memory.toString('utf8', from, to) : Buffer.from(this.#module.memory.buffer.slice(from, to));
    }
    this.#flush();
    const bytes = this.#reply.subarray(0, this.#length);
    this.#reply = NOTHING;
    return bytes;
  }

  #begin(reply: readonly Segment[]): void {
    this.#length = 0;
    this.#done = 0;
    this.#whole = 0;
    for (const segment of reply) this.#whole += weight(segment);
  }

  #text(text: string): void {
    // A code unit is at most three bytes.
    if (!this.#hasRoom(3 * text.length, 3 * text.length)) this.#flush();
    if (!this.#hasRoom(3 * text.length, 3 * text.length)) {
      const bytes = Buffer.from(text);
      this.#append(bytes, 0, bytes.length);
      return;
    }
    const address = this.#places.input + this.#used;
    const length = this.#write(text, address);
    this.#take(TEXT, address, length, length, length);
  }

  /** Member names are short and ASCII. */
  #write(text: string, address: number): number {
    if (text.length > FEW) return this.#memory.write(text, address);
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
    const before = this.#done;
    for (let first = 0; first < data.length; ) {
      if (!this.#hasRoom(bytes, most)) {
        this.#done = before + NUMBER_WEIGHT * first;
        this.#flush();
      }
      const room = Math.min((this.#places.inputBytes - this.#used) / bytes, (this.#places.outputBytes - this.#expected) / most);
      const count = Math.min(data.length - first, Math.floor(room));
      const address = this.#places.input + this.#used;
      this.#copyIn(data, first, count, address);
      const record = this.#take(bytes === 4 ? SINGLES : DOUBLES, address, count, count * bytes, count * most);
      this.#words[record + 3] = first;
      this.#words[record + 4] = data.length;
      this.#words[record + 5] = decimals;
      this.#words[record + 6] = words ? 1 : 0;
      this.#words[record + 7] = shape.length;
      let block = data.length;
      for (let axis = 0; axis < shape.length; axis++) {
        this.#words[record + 8 + axis] = block;
        block /= shape[axis] ?? 1;
      }
      first += count;
    }
    this.#done = before;
  }

  #copyIn(data: Floats, first: number, count: number, address: number): void {
    const target = data instanceof Float32Array ? this.#singles : this.#doubles;
    const at = address / data.BYTES_PER_ELEMENT;
    if (count > FEW) target.set(count === data.length ? data : data.subarray(first, first + count), at);
    else for (let i = 0; i < count; i++) target[at + i] = data[first + i] ?? 0;
  }

  #hasRoom(input: number, output: number): boolean {
    return (
      this.#records < this.#places.mostRecords && this.#used + input <= this.#places.inputBytes && this.#expected + output <= this.#places.outputBytes
    );
  }

  /** Notes a segment, or a part of one, that has been put into the input. */
  #take(kind: number, address: number, count: number, input: number, output: number): number {
    const record = this.#places.records / 4 + this.#records * RECORD_WORDS;
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
    return [this.#places.output, to];
  }

  #flush(): void {
    const [from, to] = this.#run();
    this.#append(this.#memory, from, to);
  }

  #append(source: Buffer, from: number, to: number): void {
    const length = this.#length + to - from;
    if (length > this.#reply.length) this.#grow(length);
    source.copy(this.#reply, this.#length, from, to);
    this.#length = length;
  }

  /** To what the whole is expected to be by this part of it, and more: outputs differ in their digits. Pages that nobody writes to take no memory. */
  #grow(length: number): void {
    const expected = (length / Math.max(1, this.#done)) * this.#whole;
    const larger = this.#allocate(Math.ceil(SLACK * Math.max(expected, length)) + this.#places.outputBytes);
    this.#reply.copy(larger, 0, 0, this.#length);
    this.#reply = larger;
  }
}

/** About how many characters a segment is. */
function weight(segment: Segment): number {
  return typeof segment === 'string' ? segment.length : NUMBER_WEIGHT * segment.data.length;
}
