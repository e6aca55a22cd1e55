import { Float, SHIFT, SIZE } from "./float";
import { LOG2_OF_E } from "./exp";
import { addAlibi, addBias, addBiasAndCheck, collectBias, excludeAndCheck } from "./exclude";
import { closeRow, flag, keepPartial, partial } from "./finish";
import { element, layRows, openPanel } from "./item";
import * as call from "./descriptor";
import {
  ALPHA, FIRST_KEYS, HIGH, INNER_HIGH, INNER_LOW, LANES, LOW, MAXIMUM, MOMENT, PANEL, PANEL_FIRST, POISON, ROW_BYTES,
  ROW_CONTEXT, ROW_INDEX, ROW_QUERY, SCRATCH_CONSTANTS, SCRATCH_HEAD, SCRATCH_LONGEST, SCRATCH_STATES, STATE_BYTES,
  STEADY, STEADY_NEVER, STEADY_NOW, STEADY_SOON, SUM,
} from "./layout";
import { packRows, unpackRows } from "./pack";
import { addMoment, checkFinite, exponentials, raiseMaximum, smallSoftcapBlock, softcapBlock, steadyExponentials } from "./softmax";
import { isSteady, longestKey } from "./steady";
import { scoreBlock, valueBlock } from "./tiles";

// The forward pass of one item: for each block of keys, for each panel of 16 rows: scores, logits, running softmax, context.
// The block of keys and values stays in the cache while up to four panels use it.
export function forwardItem(descriptor: usize, item: u32, scratch: usize): void {
  const chunks = <u32>call.chunks(descriptor), block = item / chunks, chunk = item % chunks;
  const depth = call.depth(descriptor), width = call.width(descriptor), length = call.keys(descriptor);
  const count = layRows(descriptor, block, scratch), panels = (count + PANEL - 1) / PANEL;
  const from = <i32>(chunk * <u32>call.chunkKeys(descriptor)), to = min(from + call.chunkKeys(descriptor), length);
  const everyKey = matrices(descriptor) != 0;

  const queries = scratch + call.SCRATCH_PANELS;
  const queryBytes = LANES * <usize>depth, contextBytes = LANES * <usize>width;
  const contexts = queries + queryBytes * <usize>panels;
  const logits = contexts + contextBytes * <usize>panels;
  memory.fill(contexts, 0, contextBytes * <usize>panels);
  touchQueries(scratch, count, depth);
  let low = to, high = from;
  for (let p = 0; p < panels; p++) {
    const state = scratch + SCRATCH_STATES + <usize>p * STATE_BYTES, rows = scratch + <usize>(p * PANEL) * ROW_BYTES;
    openPanel(descriptor, rows, from, to, state);
    if (everyKey) {
      store<i32>(state, from, LOW);
      store<i32>(state, to, HIGH);
    }
    low = min(low, load<i32>(state, LOW));
    high = max(high, load<i32>(state, HIGH));
    const addresses = state + ALPHA; // not needed yet
    for (let r: usize = 0; r < <usize>PANEL; r++) store<usize>(addresses + (r << 2), load<usize>(rows + r * ROW_BYTES, ROW_QUERY));
    packRows(addresses, depth, queries + queryBytes * <usize>p);
  }

  const keyBlock = call.keyBlock(descriptor), head = <i32>(block / <u32>call.blocks(descriptor));
  const newHead = load<i32>(scratch, SCRATCH_HEAD) != head;
  if (newHead) {
    store<i32>(scratch, head, SCRATCH_HEAD);
    store<Float>(scratch, maySteady(descriptor) ? longestKey(descriptor, block) : Infinity, SCRATCH_LONGEST);
  }
  const longest = load<Float>(scratch, SCRATCH_LONGEST);
  for (let p = 0; p < panels; p++) {
    const steady = longest < Infinity && isSteady(descriptor, queries + queryBytes * <usize>p, longest);
    store<i32>(scratch + <usize>p * STATE_BYTES, steady ? STEADY_SOON : STEADY_NEVER, SCRATCH_STATES + STEADY);
  }
  for (let j = low; j < high; j += keyBlock) {
    const keys = min(keyBlock, high - j);
    if (newHead || chunks > 1) {
      touchKeys(descriptor, call.KEY, block, j, keys, depth);
      touchKeys(descriptor, call.VALUE, block, j, keys, width);
    }
    for (let p = 0; p < panels; p++) {
      const state = scratch + SCRATCH_STATES + <usize>p * STATE_BYTES;
      const stop = min(min(j + keyBlock, high), load<i32>(state, HIGH));
      const innerLow = load<i32>(state, INNER_LOW), innerHigh = load<i32>(state, INNER_HIGH);
      // Cut where some rows begin or end to see keys, so that only the parts between are looked at key by key.
      for (let key = max(j, load<i32>(state, LOW)); key < stop;) {
        let end = key < innerLow ? min(innerLow, stop) : key < innerHigh ? min(innerHigh, stop) : stop;
        if (key >= innerLow && load<i32>(state, STEADY) == STEADY_SOON) end = min(end, key + FIRST_KEYS);
        panelBlock(
          descriptor, block, key, end - key, scratch + <usize>(p * PANEL) * ROW_BYTES, min(count - p * PANEL, PANEL), state,
          queries + queryBytes * <usize>p, contexts + contextBytes * <usize>p, logits, scratch + SCRATCH_CONSTANTS,
        );
        key = end;
      }
    }
  }
  for (let p = 0; p < panels; p++) {
    closePanel(
      descriptor, block, chunk, p * PANEL, min(count - p * PANEL, PANEL), scratch, contexts + contextBytes * <usize>p,
    );
  }
}

// Reads rows once, in order, a byte a cache line: the tiles and the packing walk several rows at once, which the machine's
// prefetcher follows badly. Of keys and values the first item of a head does it for all that this thread does after it.
// (There is no prefetch instruction in WebAssembly.)
function touchKeys(descriptor: usize, view: usize, block: u32, key: i32, keys: i32, width: i32): void {
  const head = block / <u32>call.blocks(descriptor), keyHeads = <u32>call.keyHeads(descriptor);
  const stride = <usize>call.rowStride(descriptor + view) << SHIFT;
  let row = element(descriptor, view, head / keyHeads, head % keyHeads, key);
  for (let j = 0; j < keys; j++, row += stride) touch(row, width);
}

function touchQueries(rows: usize, count: i32, depth: i32): void {
  for (let r = 0, row = rows; r < count; r++, row += ROW_BYTES) touch(load<usize>(row, ROW_QUERY), depth);
}

// @ts-ignore: decorator
@inline
function touch(row: usize, width: i32): void {
  for (let at = row, stop = row + (<usize>width << SHIFT); at < stop; at += 64) load<u8>(at);
}

// Whether scores alone say what softmax sees, and no matrix is wanted. The moment of the entropy is taken about the maximum.
function maySteady(descriptor: usize): bool {
  const between = call.slope(descriptor) | call.address(descriptor + call.MASK) | call.address(descriptor + call.BIAS);
  return call.softcap(descriptor) == 0 && (between | matrices(descriptor)) == 0 && (<u32>call.want(descriptor) & call.WANT_MOMENT) == 0;
}

function matrices(descriptor: usize): usize {
  return call.scores(descriptor) | call.capped(descriptor) | call.logits(descriptor) | call.weights(descriptor);
}

// One panel against one block of keys.
function panelBlock(
  descriptor: usize, block: u32, key: i32, keys: i32, rows: usize, count: i32, state: usize, query: usize, context: usize, logits: usize,
  constants: usize,
): void {
  const head = block / <u32>call.blocks(descriptor), keyHeads = <u32>call.keyHeads(descriptor);
  const keyStride = SIZE * call.rowStride(descriptor + call.KEY), valueStride = SIZE * call.rowStride(descriptor + call.VALUE);
  const tile = call.tile(descriptor);
  const inner = load<i32>(state, INNER_LOW) <= key && key + keys <= load<i32>(state, INNER_HIGH);
  const steady = inner && load<i32>(state, STEADY) == STEADY_NOW;
  const scale = steady ? <Float>(LOG2_OF_E * call.scale(descriptor)) : call.scale(descriptor), powers = v128.splat<Float>(<Float>-LOG2_OF_E);
  for (let lane: usize = 0; lane < LANES; lane += 16) {
    v128.store(state + lane, steady ? v128.mul<Float>(v128.load(state + lane, MAXIMUM), powers) : v128.splat<Float>(0), ALPHA);
  }
  scoreBlock(
    tile, element(descriptor, call.KEY, head / keyHeads, head % keyHeads, key), keyStride, keys, query, call.depth(descriptor),
    scale, state + ALPHA, count, logits,
  );
  if (steady) steadyExponentials(logits, keys, state, constants);
  else softmaxBlock(descriptor, key, keys, rows, count, state, logits, inner, constants);
  if (<u32>call.want(descriptor) & call.WANT_CONTEXT) {
    valueBlock(
      tile, element(descriptor, call.VALUE, head / keyHeads, head % keyHeads, key), valueStride, keys, logits,
      call.width(descriptor), state + ALPHA, count, context,
    );
  }
}

// From the scores of one block to their exponentials, by way of everything that may stand between.
function softmaxBlock(
  descriptor: usize, key: i32, keys: i32, rows: usize, count: i32, state: usize, logits: usize, inner: bool, constants: usize,
): void {
  const length = <usize>call.keys(descriptor), spare = logits + 2 * LANES * <usize>call.keyBlock(descriptor); // three values for each lane
  const scores = call.scores(descriptor);
  if (scores) storeMatrix(logits, key, keys, count, rows, scores, length, spare);

  const cap = call.softcap(descriptor);
  if (cap != 0) {
    checkFinite(logits, keys, state);
    if (<Float>1 / cap == Infinity) smallSoftcapBlock(logits, keys, cap, constants);
    else softcapBlock(logits, keys, cap, constants);
  }
  const capped = call.capped(descriptor);
  if (capped) storeMatrix(logits, key, keys, count, rows, capped, length, spare);

  let bias: usize = 0;
  if (call.slope(descriptor)) addAlibi(logits, key, keys, state);
  if (call.address(descriptor + call.MASK) | call.address(descriptor + call.BIAS)) {
    bias = logits + LANES * <usize>call.keyBlock(descriptor);
    collectBias(descriptor, rows, key, keys, spare, bias);
    if (inner) addBiasAndCheck(logits, keys, bias, state);
    else addBias(logits, keys, bias);
  }
  const everyKey = inner && !bias;
  if (!inner) excludeAndCheck(logits, key, keys, state, bias);
  const out = call.logits(descriptor), weights = call.weights(descriptor);
  if (out) storeMatrix(logits, key, keys, count, rows, out, length, spare);
  if (weights) storeMatrix(logits, key, keys, count, rows, weights, length, spare);

  const moment = <u32>call.want(descriptor) & call.WANT_MOMENT;
  const past = spare + 2 * LANES;
  if (moment) memory.copy(past, state + MAXIMUM, LANES);
  raiseMaximum(logits, keys, state, everyKey, constants);
  if (moment) addMoment(logits, keys, state, past, constants);
  exponentials(logits, keys, state, constants);
  if (inner && load<i32>(state, STEADY) == STEADY_SOON) store<i32>(state, STEADY_NOW, STEADY);
}

// Finishes the rows of a panel, or keeps them for the merge where these were only a part of the keys.
function closePanel(descriptor: usize, block: u32, chunk: u32, first: i32, count: i32, scratch: usize, context: usize): void {
  const state = scratch + SCRATCH_STATES + <usize>(first / PANEL) * STATE_BYTES, width = call.width(descriptor);
  const parts = <u32>call.chunks(descriptor) > 1, wanted = (<u32>call.want(descriptor) & call.WANT_CONTEXT) != 0;
  const factors = state + ALPHA, addresses = state + PANEL_FIRST; // neither is needed any more
  for (let r = 0; r < count; r++) {
    const offset = <usize>r << SHIFT, lane = state + offset, row = scratch + <usize>(first + r) * ROW_BYTES;
    const m = load<Float>(lane, MAXIMUM), l = load<Float>(lane, SUM), t = load<Float>(lane, MOMENT);
    const factor: Float = parts ? 1 : closeRow(descriptor, row, m, l, t, scratch + SCRATCH_CONSTANTS);
    store<Float>(factors + offset, factor);
    store<Float>(lane, load<Float>(lane, POISON) + factor * 0, POISON);
    const to = parts ? keepPartial(partial(descriptor, block, chunk, first + r), m, l, t) : load<usize>(row, ROW_CONTEXT);
    store<usize>(addresses + (<usize>r << 2), to);
  }
  if (wanted) unpackRows(context, width, factors, addresses, count, state + POISON);
  for (let r = 0; r < count; r++) {
    if (!(load<Float>(state + (<usize>r << SHIFT), POISON) * 0 == 0)) flag(descriptor, scratch + <usize>(first + r) * ROW_BYTES, call.FLAG_UNSOUND);
  }
}

// A block of logits to its place in a matrix [B,H,M,N].
function storeMatrix(block: usize, key: i32, keys: i32, count: i32, rows: usize, matrix: usize, length: usize, addresses: usize): void {
  const ones = addresses + LANES;
  for (let r: usize = 0; r < <usize>count; r++) {
    store<usize>(addresses + (r << 2), matrix + (load<usize>(rows + r * ROW_BYTES, ROW_INDEX) * length + <usize>key << SHIFT));
    store<Float>(ones + (r << SHIFT), 1);
  }
  unpackRows(block, keys, ones, addresses, count, ones + LANES); // what is poisoned is seen elsewhere
}
