import { Float, SIZE } from "./float";
import * as call from "./descriptor";
import { LANES, PANEL } from "./layout";
import { score1x16, score4x16, score4x8, score6x16, score6x8 } from "./tiles-score";
import { value1x16, value4x16, value4x8, value6x16, value6x8 } from "./tiles-value";

// Which tile computes which part of a block. They are named after their rows of f32; of f64 a vector holds half as many.
// A score is one chain of multiply-adds over the depth whatever tile it falls into, so its value does not depend on the tile, the lane or the block.

// How many tiles of 6: of a remainder of 2 and one tile two tiles of 4 are made, since single ones cost as much as 4.
// @ts-ignore: decorator
@inline
function sixes(n: i32): i32 {
  return n / 6 - i32(n >= 8 && n % 6 == 2);
}

export function scoreBlock(
  tile: i32, key: usize, stride: usize, keys: i32, query: usize, depth: i32, scale: Float, offset: usize, count: i32, out: usize,
): void {
  let k = key, to = out, n = keys;
  if (tile != call.TILE_4X16) {
    const groups = sixes(n);
    if (tile == call.TILE_6X16) score6x16(k, stride, groups, query, depth, scale, offset, to);
    else {
      score6x8(k, stride, groups, query, depth, scale, offset, to);
      if (count > PANEL / 2) score6x8(k, stride, groups, query + 32, depth, scale, offset + 32, to + 32);
    }
    n -= 6 * groups;
    k += 6 * stride * <usize>groups;
    to += 6 * LANES * <usize>groups;
  }
  if (tile == call.TILE_6X8) {
    for (; n >= 4; n -= 4, k += 4 * stride, to += 4 * LANES) {
      score4x8(k, stride, query, depth, scale, offset, to);
      if (count > PANEL / 2) score4x8(k, stride, query + 32, depth, scale, offset + 32, to + 32);
    }
  } else {
    for (; n >= 4; n -= 4, k += 4 * stride, to += 4 * LANES) score4x16(k, stride, query, depth, scale, offset, to);
  }
  for (; n > 0; n--, k += stride, to += LANES) score1x16(k, stride, query, depth, scale, offset, to);
}

export function valueBlock(
  tile: i32, value: usize, stride: usize, keys: i32, weight: usize, width: i32, alpha: usize, count: i32, out: usize,
): void {
  let v = value, to = out, n = width;
  const rest = n - 6 * sixes(n);
  if (tile == call.TILE_6X16) {
    for (; n > rest; n -= 6, v += 6 * SIZE, to += 6 * LANES) value6x16(v, stride, weight, keys, alpha, to);
  } else if (tile == call.TILE_6X8) {
    for (; n > rest; n -= 6, v += 6 * SIZE, to += 6 * LANES) {
      value6x8(v, stride, weight, keys, alpha, to);
      if (count > PANEL / 2) value6x8(v, stride, weight + 32, keys, alpha + 32, to + 32);
    }
  }
  if (tile == call.TILE_6X8) {
    for (; n >= 4; n -= 4, v += 4 * SIZE, to += 4 * LANES) {
      value4x8(v, stride, weight, keys, alpha, to);
      if (count > PANEL / 2) value4x8(v, stride, weight + 32, keys, alpha + 32, to + 32);
    }
  } else {
    for (; n >= 4; n -= 4, v += 4 * SIZE, to += 4 * LANES) value4x16(v, stride, weight, keys, alpha, to);
  }
  for (; n > 0; n--, v += SIZE, to += LANES) value1x16(v, stride, weight, keys, alpha, to);
}
