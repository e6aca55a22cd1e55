// Made by scripts/wasm.ts from scripts/kernel/descriptor.ts: change it there.
import type { Precision } from '../tensor.ts';

/** The register tiles, named after their keys or columns and their rows of float32. */
export const TILE = { '6x8': 0, '4x16': 1, '6x16': 2 } as const;

/** Bits: the context; maximum and sum of each row; Σ e^(x − max) · (x − max) · log2(e), for the entropy. */
export const WANT = { context: 1, statistics: 2, moment: 4 } as const;

/** Bits of a row: a NaN or an infinity took part, so it is not to be trusted; every key was excluded. */
export const FLAG = { unsound: 1, empty: 2 } as const;

/** Bytes of a thread's scratch area before its panels: rows, states and constants. */
export const SCRATCH = { panels: 4800 } as const;

/** Bytes of a descriptor. */
export const DESCRIPTOR_BYTES = 256;

/** A tensor of rows: its address, 0 where it is absent, and its strides in elements. */
export interface RowsView {
  readonly address: number;
  readonly batchStride: number;
  readonly headStride: number;
  readonly rowStride: number;
}

/** A tensor with an element for each pair of a row and a key. */
export interface PairsView extends RowsView {
  readonly keyStride: number;
}

/** A call as the module reads it. Addresses are in bytes, 0 where the tensor is absent. */
export interface Descriptor {
  /** work items */
  readonly items: number;
  /** M */
  readonly rows: number;
  /** N */
  readonly keys: number;
  /** D */
  readonly depth: number;
  /** E */
  readonly width: number;
  /** H */
  readonly heads: number;
  /** G */
  readonly keyHeads: number;
  /** rows of an item, at most MAX_BLOCK_ROWS */
  readonly blockRows: number;
  /** row blocks of one key head: ceil(M * H/G / blockRows) */
  readonly blocks: number;
  /** parts the keys are cut into; 1: no partial results */
  readonly chunks: number;
  /** keys of a part */
  readonly chunkKeys: number;
  /** keys between two rescalings */
  readonly keyBlock: number;
  /** TILE_* */
  readonly tile: number;
  /** bits of WANT_* */
  readonly want: number;
  /** Float [B,H,M,D] */
  readonly query: RowsView;
  /** Float [B,G,N,D] */
  readonly key: RowsView;
  /** Float [B,G,N,E] */
  readonly value: RowsView;
  /** Float [B,H,M,E] */
  readonly context: RowsView;
  /** u8 [B,H,M,N], 1: may attend */
  readonly mask: PairsView | undefined;
  /** Float [B,H,M,N] */
  readonly bias: PairsView | undefined;
  /** i32 [B,M]: the first key of each row */
  readonly first: number;
  /** i32 [B,M]: past its last */
  readonly end: number;
  /** i32 [B,M]; wanted by slope */
  readonly position: number;
  /** Float [H] */
  readonly slope: number;
  /** Float [H] */
  readonly sink: number;
  /** Float [B,H,M,4]: maximum of the logits, sum, moment in bits, sink weight */
  readonly statistics: number;
  /** Float [B,H,M,N], as the three below */
  readonly scores: number;
  readonly capped: number;
  readonly logits: number;
  readonly weights: number;
  /** u8 [B,H,M]: bits of FLAG_* */
  readonly flags: number;
  /** Float [items / chunks][chunks][blockRows][4 + E] */
  readonly partials: number;
  /** 0: panels of rows, 1: single rows */
  readonly path: number;
  /** i32 [B,G], by atomics alone: how many items of each head have been taken */
  readonly taken: number;
  /** multiplies every dot product */
  readonly scale: number;
  /** 0: none */
  readonly softcap: number;
}

/** Writes a descriptor, none of whose items is taken yet and which nobody has stopped. */
export function writeDescriptor(buffer: ArrayBufferLike, address: number, precision: Precision, fields: Descriptor): void {
  const words = new Int32Array(buffer, address, DESCRIPTOR_BYTES / 4).fill(0);
  const number = (offset: number) =>
    precision === 'float32' ? new Float32Array(buffer, address + offset, 1) : new Float64Array(buffer, address + offset, 1);
  words[2] = fields.items;
  words[3] = fields.rows;
  words[4] = fields.keys;
  words[5] = fields.depth;
  words[6] = fields.width;
  words[7] = fields.heads;
  words[8] = fields.keyHeads;
  words[9] = fields.blockRows;
  words[10] = fields.blocks;
  words[11] = fields.chunks;
  words[12] = fields.chunkKeys;
  words[13] = fields.keyBlock;
  words[14] = fields.tile;
  words[15] = fields.want;
  words.set(rowsWords(fields.query), 16);
  words.set(rowsWords(fields.key), 20);
  words.set(rowsWords(fields.value), 24);
  words.set(rowsWords(fields.context), 28);
  if (fields.mask) words.set(pairsWords(fields.mask), 32);
  if (fields.bias) words.set(pairsWords(fields.bias), 37);
  words[42] = fields.first;
  words[43] = fields.end;
  words[44] = fields.position;
  words[45] = fields.slope;
  words[46] = fields.sink;
  words[47] = fields.statistics;
  words[48] = fields.scores;
  words[49] = fields.capped;
  words[50] = fields.logits;
  words[51] = fields.weights;
  words[52] = fields.flags;
  words[53] = fields.partials;
  words[54] = fields.path;
  words[55] = fields.taken;
  number(224)[0] = fields.scale;
  number(232)[0] = fields.softcap;
}

/** The word that ends a job early once it is not 0. */
export function stopWord(buffer: ArrayBufferLike, address: number): Int32Array {
  return new Int32Array(buffer, address + 4, 1);
}

function rowsWords({ address, batchStride, headStride, rowStride }: RowsView): number[] {
  return [address, batchStride, headStride, rowStride];
}

function pairsWords({ keyStride, ...rows }: PairsView): number[] {
  return [...rowsWords(rows), keyStride];
}
