import { sumLanes } from "./arithmetic";
import { Float, SIZE } from "./float";
import { mergeBlock } from "./finish";
import { decodeItem } from "./decode";
import { forwardItem } from "./forward";
import { exp2, exponential, writeConstants } from "./exp";
import * as call from "./descriptor";
import { SCRATCH_CONSTANTS, SCRATCH_HEAD } from "./layout";
import { tanh } from "./tanh";

// Takes items until none is left, call.STOP is set, or the i32 at `dismissal` is (0: nothing is looked at). Any number of threads
// may run this on one descriptor, each with its own instance and its own scratch area. A thread begins whole heads, so that each
// reads the keys and values of its own heads alone, and goes on with those of others once all have been begun. Since items are
// taken one by one, a thread that leaves leaves nothing that it alone could do.
export function run(descriptor: usize, scratch: usize, dismissal: usize): void {
  writeConstants(scratch + SCRATCH_CONSTANTS);
  store<i32>(scratch, -1, SCRATCH_HEAD);
  const heads = call.items(descriptor) / (call.blocks(descriptor) * call.chunks(descriptor));
  while (true) {
    const head = atomic.add<i32>(descriptor, 1, call.NEXT_HEAD);
    if (head >= heads) break;
    if (!workOnHead(descriptor, head, scratch, dismissal)) return;
  }
  for (let head = 0; head < heads; head++) if (!workOnHead(descriptor, head, scratch, dismissal)) return;
}

// Takes items of a head until none is left; false where the thread has to leave before. The last items come first: under a causal
// range they are the longest.
function workOnHead(descriptor: usize, head: i32, scratch: usize, dismissal: usize): bool {
  const items = call.blocks(descriptor) * call.chunks(descriptor), last = call.items(descriptor) - 1 - head * items;
  const taken = call.taken(descriptor) + (<usize>head << 2), fewRows = call.path(descriptor) != 0;
  while (atomic.load<i32>(taken) < items) {
    if (atomic.load<i32>(descriptor, call.STOP) != 0) return false;
    if (dismissal != 0 && atomic.load<i32>(dismissal) != 0) return false;
    const item = atomic.add<i32>(taken, 1);
    if (item >= items) break;
    if (fewRows) decodeItem(descriptor, last - item, scratch);
    else forwardItem(descriptor, last - item, scratch);
  }
  return true;
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
