import { Float, SINGLE, VECTOR } from "./float";

// Where everything stands in a thread's scratch area, in bytes. What a call looks like is in descriptor.ts.

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

// The maximum before the first key: no finite logit is lower, and unlike -Infinity it subtracts without NaN.
export const NOTHING: Float = SINGLE ? <Float>-3.4028234663852886e38 : <Float>-1.7976931348623157e308;
