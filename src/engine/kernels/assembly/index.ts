import { sumLanes } from "./arithmetic";
import { Float, SIZE } from "./float";
import { mergeBlock } from "./finish";
import { decodeItem } from "./decode";
import { forwardItem } from "./forward";
import { exp2, exponential, writeConstants } from "./exp";
import * as call from "./descriptor";
import { SCRATCH_CONSTANTS, SCRATCH_HEAD } from "./layout";
import { tanh } from "./tanh";

// Takes items until none is left or call.STOP is set. Any number of threads may run this on one descriptor, each with its own
// instance and its own scratch area. The last items come first: under a causal range they are the longest. As long as there
// is plenty a thread takes a whole head, so that each reads the keys and values of its own heads alone.
export function run(descriptor: usize, scratch: usize): void {
  writeConstants(scratch + SCRATCH_CONSTANTS);
  store<i32>(scratch, -1, SCRATCH_HEAD);
  const items = call.items(descriptor), singles = call.singles(descriptor);
  const headItems = call.blocks(descriptor) * call.chunks(descriptor);
  const fewRows = call.path(descriptor) != 0;
  while (true) {
    const next = atomic.load<i32>(descriptor, call.NEXT_ITEM);
    if (next >= items) return;
    const end = next + (items - next > singles ? headItems : 1);
    if (atomic.cmpxchg<i32>(descriptor, next, end, call.NEXT_ITEM) != next) continue;
    for (let taken = next; taken < end; taken++) {
      if (atomic.load<i32>(descriptor, call.STOP) != 0) return;
      if (fewRows) decodeItem(descriptor, items - 1 - taken, scratch);
      else forwardItem(descriptor, items - 1 - taken, scratch);
    }
  }
}

// Once every thread has come back from run(), and only where the keys were cut into parts.
export function merge(descriptor: usize, scratch: usize): void {
  writeConstants(scratch + SCRATCH_CONSTANTS);
  const blocks = <u32>call.items(descriptor) / <u32>call.chunks(descriptor);
  for (let block: u32 = 0; block < blocks; block++) mergeBlock(descriptor, block, scratch);
}

// For the tests: the vector functions over `count` numbers, a multiple of a vector, in place.
export function exp2Each(at: usize, count: i32, constants: usize): void {
  writeConstants(constants);
  for (let p = at, stop = at + SIZE * <usize>count; p < stop; p += 16) v128.store(p, exp2(v128.load(p), constants));
}

export function exponentialEach(at: usize, count: i32, constants: usize): void {
  writeConstants(constants);
  for (let p = at, stop = at + SIZE * <usize>count; p < stop; p += 16) v128.store(p, exponential(v128.load(p), constants));
}

export function tanhEach(at: usize, count: i32, constants: usize): void {
  writeConstants(constants);
  for (let p = at, stop = at + SIZE * <usize>count; p < stop; p += 16) v128.store(p, tanh(v128.load(p), constants));
}

// What a stream of the same bytes costs: the yardstick of the decode path.
export function sumEach(at: usize, count: i32): Float {
  let s0 = v128.splat<Float>(0), s1 = s0, s2 = s0, s3 = s0;
  for (let p = at, stop = at + SIZE * <usize>count; p < stop; p += 64) {
    s0 = v128.add<Float>(s0, v128.load(p));
    s1 = v128.add<Float>(s1, v128.load(p, 16));
    s2 = v128.add<Float>(s2, v128.load(p, 32));
    s3 = v128.add<Float>(s3, v128.load(p, 48));
  }
  const s = v128.add<Float>(v128.add<Float>(s0, s1), v128.add<Float>(s2, s3));
  return sumLanes(s);
}
