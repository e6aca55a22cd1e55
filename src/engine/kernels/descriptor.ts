import type { Axes } from '../operator.ts';
import type { Precision } from '../tensor.ts';

/** A problem as the module reads it: byte offsets, the same as in assembly/layout.ts. */
export const DESCRIPTOR = {
  nextItem: 0,
  stop: 4,
  items: 8,
  want: 60,
  blockRows: 36,
  query: 72,
  context: 120,
  mask: 136,
  bias: 156,
  first: 176,
  position: 184,
  sink: 192,
  statistics: 196,
  singles: 228,
  scale: 232,
  softcap: 240,
  bytes: 256,
} as const;

/** Bits of `want`. */
export const WANT = { context: 1, statistics: 2, moment: 4 } as const;

/** Bits of a row's flag: `unsound` where a NaN or an infinity took part in it, `empty` where every key was excluded. */
export const FLAG = { unsound: 1, empty: 2 } as const;

/** The register tiles that the module has, by their number in it. */
export const TILE = { '6x8': 0, '4x16': 1, '6x16': 2 } as const;
export type Tile = keyof typeof TILE;

/** Bytes of a number. */
export const SIZE: Readonly<Record<Precision, number>> = { float32: 4, float64: 8 };

const LANE_BYTES = 64; // of one value for each row of a panel, which lie side by side in the lanes
const ROWS_AND_STATES = 4800; // bytes of a scratch area before its panels
const MAX_BLOCK_PANELS = 4;
/** Keys between two rescalings: panels keep a block of them in the second cache; single rows want long streams. */
const KEY_BLOCK = 256;
const SINGLE_ROW_KEY_BLOCK = 1024;
/** Fewer items than this, and at least two of these chunks: the keys are cut too. */
const ENOUGH_ITEMS = 16;
const SMALLEST_CHUNK = 4096;
/** So many rows that share their keys still go one by one; from there on panels win. */
export const SINGLE_ROWS = 4;

/** How a problem is cut up. It depends on the problem alone, never on the threads, and so do the results. */
export interface Plan {
  /** Rows of an item. */
  readonly blockRows: number;
  /** Row blocks of one key head. */
  readonly blocks: number;
  readonly keyBlock: number;
  /** Parts that the keys are cut into. */
  readonly chunks: number;
  readonly chunkKeys: number;
  readonly items: number;
  /** 1: single rows, bound by memory; 0: panels of 16 rows, 8 in float64. */
  readonly path: 0 | 1;
  readonly scratchBytes: number;
  readonly partialBytes: number;
}

export function planOf({ B, H, G, M, N, D, E }: Axes, precision: Precision, storesMatrices: boolean): Plan {
  const shared = (H / G) * M;
  const path = !storesMatrices && shared <= SINGLE_ROWS ? 1 : 0;
  const panel = LANE_BYTES / SIZE[precision];
  const blockRows = panel * Math.min(MAX_BLOCK_PANELS, Math.ceil(shared / panel));
  const blocks = Math.ceil(shared / blockRows);
  const rowItems = B * G * blocks;
  const wanted = Math.max(1, Math.floor(ENOUGH_ITEMS / rowItems));
  const chunkKeys = storesMatrices ? N : Math.max(SMALLEST_CHUNK, Math.ceil(N / wanted / KEY_BLOCK) * KEY_BLOCK);
  const chunks = Math.max(1, Math.ceil(N / chunkKeys));
  return {
    blockRows,
    blocks,
    keyBlock: path === 1 ? SINGLE_ROW_KEY_BLOCK : KEY_BLOCK,
    chunks,
    chunkKeys,
    items: rowItems * chunks,
    path,
    // A single row needs less than a panel, but its logits are a longer block.
    scratchBytes: ROWS_AND_STATES + LANE_BYTES * ((blockRows / panel) * (D + E) + 2 * KEY_BLOCK + 3),
    partialBytes: chunks > 1 ? rowItems * chunks * blockRows * SIZE[precision] * (4 + E) : 0,
  };
}
