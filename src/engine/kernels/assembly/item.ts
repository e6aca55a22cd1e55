import { Float, SHIFT, SIZE } from "./float";
import * as call from "./descriptor";
import {
  HIGH, INNER_HIGH, INNER_LOW, LOW, MAXIMUM, NOTHING, PANEL, PANEL_END, PANEL_FIRST, PANEL_POSITION, PANEL_SLOPE,
  ROW_BIAS, ROW_BYTES, ROW_CONTEXT, ROW_HEAD, ROW_INDEX, ROW_MASK, ROW_POSITION, ROW_QUERY, STATE_BYTES,
} from "./layout";

// A work item is (batch, key head, block of rows, part of the keys). The rows of a block run over every query head
// that shares the key head, head after head, so that grouped heads of a short request fill the lanes together.

// @ts-ignore: decorator
@inline
export function element(descriptor: usize, view: usize, batch: u32, head: u32, row: u32): usize {
  const stride = descriptor + view;
  return call.address(stride) + SIZE * (batch * call.batchStride(stride) + head * call.headStride(stride) + row * call.rowStride(stride));
}

// As element(), for the views that may be absent (0) and whose elements have `size` bytes.
// @ts-ignore: decorator
@inline
function optional(descriptor: usize, view: usize, size: usize, batch: u32, head: u32, row: u32): usize {
  const stride = descriptor + view;
  const base = call.address(stride);
  if (base == 0) return 0;
  return base + size * (batch * call.batchStride(stride) + head * call.headStride(stride) + row * call.rowStride(stride));
}

// Fills the row table, copying the last row into the lanes that have none; returns how many rows there are.
export function layRows(descriptor: usize, block: u32, table: usize): i32 {
  const rows = <u32>call.rows(descriptor), keyHeads = <u32>call.keyHeads(descriptor), heads = <u32>call.heads(descriptor);
  const blockRows = <u32>call.blockRows(descriptor), blocks = <u32>call.blocks(descriptor);
  const group = heads / keyHeads, start = (block % blocks) * blockRows;
  const batch = block / blocks / keyHeads, keyHead = (block / blocks) % keyHeads;
  const count = min(blockRows, group * rows - start);
  const padded = (count + PANEL - 1) & ~(PANEL - 1);
  // Row after row, head after head: a division for each would take longer than packing it.
  let head = keyHead * group + start / rows, row = start % rows;
  for (let r: u32 = 0; r < padded; r++) {
    const at = table + <usize>r * ROW_BYTES;
    store<usize>(at, element(descriptor, call.QUERY, batch, head, row), ROW_QUERY);
    store<usize>(at, element(descriptor, call.CONTEXT, batch, head, row), ROW_CONTEXT);
    store<usize>(at, optional(descriptor, call.MASK, 1, batch, head, row), ROW_MASK);
    store<usize>(at, optional(descriptor, call.BIAS, SIZE, batch, head, row), ROW_BIAS);
    store<u32>(at, (batch * heads + head) * rows + row, ROW_INDEX);
    store<u32>(at, head, ROW_HEAD);
    store<u32>(at, batch * rows + row, ROW_POSITION);
    if (r + 1 >= count) continue; // the lanes beyond the last row repeat it
    row++;
    if (row == rows) {
      row = 0;
      head++;
    }
  }
  return count;
}

// [first, end) of a row cut to [from, to), packed as first + end * 2^32; 0 where nothing is left.
// @ts-ignore: decorator
@inline
export function range(descriptor: usize, row: usize, from: i32, to: i32): u64 {
  const at = <usize>4 * load<u32>(row, ROW_POSITION);
  const first = max(load<i32>(call.first(descriptor) + at), from);
  const end = min(load<i32>(call.end(descriptor) + at), to);
  return first < end ? <u64>first | (<u64>end << 32) : 0;
}

// The state of one panel before its first key.
export function openPanel(descriptor: usize, rows: usize, from: i32, to: i32, state: usize): void {
  memory.fill(state, 0, STATE_BYTES);
  let low = i32.MAX_VALUE, high = 0, innerLow = 0, innerHigh = i32.MAX_VALUE;
  for (let r = 0; r < PANEL; r++) {
    const lane = state + 4 * <usize>r, value = state + (<usize>r << SHIFT), row = rows + <usize>r * ROW_BYTES;
    const both = range(descriptor, row, from, to);
    const first = <i32>both, end = <i32>(both >> 32);
    store<Float>(value, NOTHING, MAXIMUM);
    store<i32>(lane, first, PANEL_FIRST);
    store<i32>(lane, end, PANEL_END);
    innerLow = max(innerLow, first);
    innerHigh = min(innerHigh, end);
    if (end > 0) {
      low = min(low, first);
      high = max(high, end);
    }
    const slope = call.slope(descriptor);
    if (slope) {
      const at = 4 * load<u32>(row, ROW_POSITION);
      store<i32>(lane, load<i32>(call.position(descriptor) + at), PANEL_POSITION);
      store<Float>(value, load<Float>(slope + SIZE * load<u32>(row, ROW_HEAD)), PANEL_SLOPE);
    }
  }
  store<i32>(state, low, LOW);
  store<i32>(state, high, HIGH);
  store<i32>(state, innerLow, INNER_LOW);
  store<i32>(state, innerHigh, INNER_HIGH);
}
