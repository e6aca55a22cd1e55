import { Float, SINGLE, VECTOR } from "./float";

// Where everything stands. All offsets are in bytes; simd.ts writes the same descriptor.

// The problem descriptor: words of i32, and two numbers. `Float` is the type of every tensor but the mask. Strides are in elements; an absent tensor has address 0.
export const NEXT_ITEM: usize = 0; // atomic counter
export const STOP: usize = 4; // atomic; not 0: take no further item
export const ITEMS: usize = 8;
export const ROWS: usize = 12; // M
export const KEYS: usize = 16; // N
export const DEPTH: usize = 20; // D
export const WIDTH: usize = 24; // E
export const HEADS: usize = 28; // H
export const KEY_HEADS: usize = 32; // G
export const BLOCK_ROWS: usize = 36; // rows of an item, at most MAX_BLOCK_ROWS
export const BLOCKS: usize = 40; // row blocks of one key head: ceil(M * H/G / BLOCK_ROWS)
export const CHUNKS: usize = 44; // parts the keys are cut into; 1: no partial results
export const CHUNK_KEYS: usize = 48;
export const KEY_BLOCK: usize = 52; // keys between two rescalings
export const TILE: usize = 56; // TILE_* below
export const WANT: usize = 60; // WANT_* below
export const QUERY: usize = 72; // address, then strides of batch, head, row
export const KEY: usize = 88;
export const VALUE: usize = 104;
export const CONTEXT: usize = 120;
export const MASK: usize = 136; // address, then strides of batch, head, row, key (1 or 0)
export const BIAS: usize = 156;
export const FIRST: usize = 176; // i32 [B,M]
export const END: usize = 180; // i32 [B,M]
export const POSITION: usize = 184; // i32 [B,M]; wanted by SLOPE
export const SLOPE: usize = 188; // Float [H]
export const SINK: usize = 192; // Float [H]
export const STATISTICS: usize = 196; // Float [B,H,M,4]: maximum of the logits, sum, moment in bits, sink weight
export const SCORES: usize = 200; // Float [B,H,M,N], as the three below
export const CAPPED: usize = 204;
export const LOGITS: usize = 208;
export const WEIGHTS: usize = 212;
export const FLAGS: usize = 216; // u8 [B,H,M]: FLAG_* below
export const PARTIALS: usize = 220; // Float [items / CHUNKS][CHUNKS][BLOCK_ROWS][4 + E]
export const PATH: usize = 224; // 0: panels of 16 rows, 1: single rows
export const SINGLES: usize = 228; // so many items at the end are taken one by one, those before by whole heads
export const SCALE: usize = 232; // Float
export const SOFTCAP: usize = 240; // Float; 0: none
export const DESCRIPTOR_BYTES: usize = 256;

// @ts-ignore: decorator
@inline
export function scaleOf(descriptor: usize): Float {
  return load<Float>(descriptor, SCALE);
}

// @ts-ignore: decorator
@inline
export function softcapOf(descriptor: usize): Float {
  return load<Float>(descriptor, SOFTCAP);
}

export const TILE_6X8 = 0;
export const TILE_4X16 = 1;
export const TILE_6X16 = 2;

export const WANT_CONTEXT = 1;
export const WANT_STATISTICS = 2;
export const WANT_MOMENT = 4; // sum of e^(x-m) (x-m) log2(e), for the entropy

export const FLAG_UNSOUND: u8 = 1; // a NaN or an infinity took part: the row is not to be trusted
export const FLAG_EMPTY: u8 = 2; // every key was excluded

// A panel is 16 rows (8 of f64) side by side in the lanes of four vectors.
export const PANEL: i32 = 4 * VECTOR;
export const LANES: usize = 64; // bytes of one value for each row of a panel

// One row of an item: where it reads and writes.
export const ROW_QUERY: usize = 0;
export const ROW_CONTEXT: usize = 4;
export const ROW_MASK: usize = 8; // address of the element at key 0
export const ROW_BIAS: usize = 12;
export const ROW_INDEX: usize = 16; // in [B,H,M]
export const ROW_HEAD: usize = 20;
export const ROW_POSITION: usize = 24; // in [B,M]
export const ROW_BYTES: usize = 32;

// The running state of a panel.
export const MAXIMUM: usize = 0;
export const SUM: usize = 64;
export const MOMENT: usize = 128;
export const POISON: usize = 192; // 0, or NaN once an attended logit was not finite
export const ALPHA: usize = 256; // what is added to the scores of a block; then what the past is scaled by
export const PANEL_FIRST: usize = 320;
export const PANEL_END: usize = 384;
export const PANEL_POSITION: usize = 448;
export const PANEL_SLOPE: usize = 512;
export const LOW: usize = 576; // any row attends keys in [LOW, HIGH) only
export const HIGH: usize = 580;
export const INNER_LOW: usize = 584; // every row attends all of [INNER_LOW, INNER_HIGH)
export const INNER_HIGH: usize = 588;
export const STEADY: usize = 592; // i32, STEADY_* below
export const STATE_BYTES: usize = 640;

export const STEADY_NEVER = 0; // the scores may be of any size: each block takes its maximum
export const STEADY_SOON = 1; // they are small; every row's maximum is that of its first whole block
export const STEADY_NOW = 2; // that block has been
export const FIRST_KEYS: i32 = 48; // keys of that block: enough for whole tiles, few enough to be done with soon

// The scratch area of a thread: rows, states, the constants of exp2(), then query panels, context panels, one block of logits, one of biases.
export const MAX_BLOCK_ROWS: i32 = 4 * PANEL;
export const SCRATCH_STATES: usize = 2048;
export const SCRATCH_CONSTANTS: usize = 4608;
export const SCRATCH_HEAD: usize = 4736; // i32: whose keys this thread has in its cache; -1: none
export const SCRATCH_LONGEST: usize = 4744; // Float: the greatest |k|^2 of that head
export const SCRATCH_PANELS: usize = 4800;

// The maximum before the first key: no finite logit is lower, and unlike -Infinity it subtracts without NaN.
export const NOTHING: Float = SINGLE ? <Float>-3.4028234663852886e38 : <Float>-1.7976931348623157e308;
