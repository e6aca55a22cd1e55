import type { Floats, Precision } from '../tensor.ts';

const PAGE = 65_536;
const ALIGNMENT = 64; // a cache line, so that no two threads write into one
const MOST_PAGES = 65_536;

/**
 * The shared WebAssembly memory that a call is laid out in, as a stack of allocations that is emptied before each
 * request. Every thread's instance of the module works in it. Address 0 stands for "absent"; of the first page, which no
 * allocation reaches, only the words by which helpers are dismissed are used (job.ts).
 */
export class KernelMemory {
  readonly memory = new WebAssembly.Memory({ initial: 2, maximum: MOST_PAGES, shared: true });
  #top = PAGE;
  /** Every buffer that a view was made over: growing makes a new one, over the same bytes. */
  readonly #buffers = new WeakSet<ArrayBufferLike>();

  /** Whatever was allocated is free again. */
  reset(): void {
    this.#top = PAGE;
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** The address of so many bytes, which hold whatever was there before. @throws RangeError where the memory can't grow */
  allocate(bytes: number): number {
    const address = this.#top;
    const top = address + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const missing = top - this.bytes;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    this.#top = top;
    return address;
  }

  /** Views are made anew each time: growing the memory leaves older ones short. */
  singles(address: number, length: number): Float32Array {
    return new Float32Array(this.#buffer(), address, length);
  }

  numbers(precision: Precision, address: number, length: number): Floats {
    return precision === 'float32' ? this.singles(address, length) : new Float64Array(this.#buffer(), address, length);
  }

  integers(address: number, length: number): Int32Array {
    return new Int32Array(this.#buffer(), address, length);
  }

  bytesAt(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer(), address, length);
  }

  /** Where the array stands in this memory, or a copy of it put there. */
  place(data: Floats | Int32Array | Uint8Array): number {
    if (this.#buffers.has(data.buffer)) return data.byteOffset;
    const address = this.allocate(data.byteLength);
    new Uint8Array(this.memory.buffer, address, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return address;
  }

  #buffer(): WebAssembly.Memory['buffer'] {
    const { buffer } = this.memory;
    this.#buffers.add(buffer);
    return buffer;
  }
}
