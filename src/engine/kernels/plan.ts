import type { Axes } from '../call.ts';
import type { Precision } from '../tensor.ts';
import { SCRATCH, type TILE } from './descriptor.ts';

export type Tile = keyof typeof TILE;

/** Bytes of a number. */
export const SIZE: Readonly<Record<Precision, number>> = { float32: 4, float64: 8 };

const LANE_BYTES = 64; // of one value for each row of a panel, which lie side by side in the lanes
const MAX_BLOCK_PANELS = 4;
/** Keys between two rescalings: panels keep a block of them in the second cache; single rows want long streams. */
const KEY_BLOCK = 256;
const SINGLE_ROW_KEY_BLOCK = 1024;
/** Fewer items than this, and at least two of these chunks: the keys are cut too. */
const ENOUGH_ITEMS = 16;
const SMALLEST_CHUNK = 4096;
/** So many rows that share their keys still go one by one; from there on panels win. */
export const SINGLE_ROWS = 4;

/** How a call is cut up. It depends on the call alone, never on the threads, and so do the results. */
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

/** The plan of a call that has rows and keys. */
export function planOf({ B, H, G, M, N, D, E }: Axes, precision: Precision, storesMatrices: boolean): Plan {
  const shared = (H / G) * M;
  const path = !storesMatrices && shared <= SINGLE_ROWS ? 1 : 0;
  const panel = LANE_BYTES / SIZE[precision];
  const blockRows = panel * Math.min(MAX_BLOCK_PANELS, Math.ceil(shared / panel));
  const blocks = Math.ceil(shared / blockRows);
  const rowItems = B * G * blocks;
  const wanted = Math.max(1, Math.floor(ENOUGH_ITEMS / rowItems));
  const chunkKeys = storesMatrices ? N : Math.max(SMALLEST_CHUNK, Math.ceil(N / wanted / KEY_BLOCK) * KEY_BLOCK);
  const chunks = Math.ceil(N / chunkKeys);
  return {
    blockRows,
    blocks,
    keyBlock: path === 1 ? SINGLE_ROW_KEY_BLOCK : KEY_BLOCK,
    chunks,
    chunkKeys,
    items: rowItems * chunks,
    path,
    // A single row needs less than a panel, but its logits are a longer block.
    scratchBytes: SCRATCH.panels + LANE_BYTES * ((blockRows / panel) * (D + E) + 2 * KEY_BLOCK + 3),
    partialBytes: chunks > 1 ? rowItems * chunks * blockRows * SIZE[precision] * (4 + E) : 0,
  };
}
