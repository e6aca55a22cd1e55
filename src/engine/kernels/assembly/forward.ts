import { Float, SHIFT, SIZE } from "./float";
import { LOG2_OF_E } from "./exp";
import { addAlibi, addBias, addBiasAndCheck, collectBias, excludeAndCheck } from "./exclude";
import { closeRow, flag, keepPartial, partial } from "./finish";
import { element, layRows, openPanel } from "./item";
import {
  ALPHA, BIAS, BLOCKS, CAPPED, CHUNKS, CHUNK_KEYS, DEPTH, FIRST_KEYS, FLAG_UNSOUND, HIGH, INNER_HIGH, INNER_LOW, KEY, KEYS, KEY_BLOCK,
  KEY_HEADS, LANES, LOGITS, LOW, MASK, MAXIMUM, MOMENT, PANEL, PANEL_FIRST, POISON, ROW_BYTES, ROW_CONTEXT,
  ROW_INDEX, ROW_QUERY, scaleOf, SCORES, SCRATCH_CONSTANTS, SCRATCH_HEAD, SCRATCH_LONGEST, SCRATCH_PANELS, SCRATCH_STATES, SLOPE,
  softcapOf, STATE_BYTES, STEADY, STEADY_NEVER, STEADY_NOW, STEADY_SOON, SUM, TILE, VALUE, WANT, WANT_CONTEXT, WANT_MOMENT, WEIGHTS, WIDTH,
} from "./layout";
import { packRows, unpackRows } from "./pack";
import { addMoment, checkFinite, exponentials, raiseMaximum, smallSoftcapBlock, softcapBlock, steadyExponentials } from "./softmax";
import { isSteady, longestKey } from "./steady";
import { scoreBlock, valueBlock } from "./tiles";

// The forward pass of one item: for each block of keys, for each panel of 16 rows: scores, logits, running softmax, context.
// The block of keys and values stays in the cache while up to four panels use it.
export function forwardItem(descriptor: usize, item: u32, scratch: usize): void {
  const chunks = load<u32>(descriptor, CHUNKS), block = item / chunks, chunk = item % chunks;
  const depth = load<i32>(descriptor, DEPTH), width = load<i32>(descriptor, WIDTH), length = load<i32>(descriptor, KEYS);
  const count = layRows(descriptor, block, scratch), panels = (count + PANEL - 1) / PANEL;
  const from = <i32>(chunk * load<u32>(descriptor, CHUNK_KEYS)), to = min(from + load<i32>(descriptor, CHUNK_KEYS), length);
  const everyKey = matrices(descriptor) != 0;

  const queries = scratch + SCRATCH_PANELS;
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

  const keyBlock = load<i32>(descriptor, KEY_BLOCK), head = <i32>(block / load<u32>(descriptor, BLOCKS));
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
      touchKeys(descriptor, KEY, block, j, keys, depth);
      touchKeys(descriptor, VALUE, block, j, keys, width);
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
  const head = block / load<u32>(descriptor, BLOCKS), keyHeads = load<u32>(descriptor, KEY_HEADS);
  const stride = load<usize>(descriptor + view, 12) << SHIFT;
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
  const between = load<usize>(descriptor, SLOPE) | load<usize>(descriptor, MASK) | load<usize>(descriptor, BIAS);
  return softcapOf(descriptor) == 0 && (between | matrices(descriptor)) == 0 && (load<u32>(descriptor, WANT) & WANT_MOMENT) == 0;
}

function matrices(descriptor: usize): usize {
  return load<usize>(descriptor, SCORES) | load<usize>(descriptor, CAPPED) | load<usize>(descriptor, LOGITS) | load<usize>(descriptor, WEIGHTS);
}

// One panel against one block of keys.
function panelBlock(
  descriptor: usize, block: u32, key: i32, keys: i32, rows: usize, count: i32, state: usize, query: usize, context: usize, logits: usize,
  constants: usize,
): void {
  const head = block / load<u32>(descriptor, BLOCKS), keyHeads = load<u32>(descriptor, KEY_HEADS);
  const keyStride = SIZE * load<u32>(descriptor, KEY + 12), valueStride = SIZE * load<u32>(descriptor, VALUE + 12);
  const tile = load<i32>(descriptor, TILE);
  const inner = load<i32>(state, INNER_LOW) <= key && key + keys <= load<i32>(state, INNER_HIGH);
  const steady = inner && load<i32>(state, STEADY) == STEADY_NOW;
  const scale = steady ? <Float>(LOG2_OF_E * scaleOf(descriptor)) : scaleOf(descriptor), powers = v128.splat<Float>(<Float>-LOG2_OF_E);
  for (let lane: usize = 0; lane < LANES; lane += 16) {
    v128.store(state + lane, steady ? v128.mul<Float>(v128.load(state + lane, MAXIMUM), powers) : v128.splat<Float>(0), ALPHA);
  }
  scoreBlock(
    tile, element(descriptor, KEY, head / keyHeads, head % keyHeads, key), keyStride, keys, query, load<i32>(descriptor, DEPTH),
    scale, state + ALPHA, count, logits,
  );
  if (steady) steadyExponentials(logits, keys, state, constants);
  else softmaxBlock(descriptor, key, keys, rows, count, state, logits, inner, constants);
  if (load<u32>(descriptor, WANT) & WANT_CONTEXT) {
    valueBlock(
      tile, element(descriptor, VALUE, head / keyHeads, head % keyHeads, key), valueStride, keys, logits,
      load<i32>(descriptor, WIDTH), state + ALPHA, count, context,
    );
  }
}

// From the scores of one block to their exponentials, by way of everything that may stand between.
function softmaxBlock(
  descriptor: usize, key: i32, keys: i32, rows: usize, count: i32, state: usize, logits: usize, inner: bool, constants: usize,
): void {
  const length = load<usize>(descriptor, KEYS), spare = logits + 2 * LANES * load<usize>(descriptor, KEY_BLOCK); // three values for each lane
  const scores = load<usize>(descriptor, SCORES);
  if (scores) storeMatrix(logits, key, keys, count, rows, scores, length, spare);

  const cap = softcapOf(descriptor);
  if (cap != 0) {
    checkFinite(logits, keys, state);
    if (<Float>1 / cap == Infinity) smallSoftcapBlock(logits, keys, cap, constants);
    else softcapBlock(logits, keys, cap, constants);
  }
  const capped = load<usize>(descriptor, CAPPED);
  if (capped) storeMatrix(logits, key, keys, count, rows, capped, length, spare);

  let bias: usize = 0;
  if (load<usize>(descriptor, SLOPE)) addAlibi(logits, key, keys, state);
  if (load<usize>(descriptor, MASK) | load<usize>(descriptor, BIAS)) {
    bias = logits + LANES * load<usize>(descriptor, KEY_BLOCK);
    collectBias(descriptor, rows, key, keys, spare, bias);
    if (inner) addBiasAndCheck(logits, keys, bias, state);
    else addBias(logits, keys, bias);
  }
  const everyKey = inner && !bias;
  if (!inner) excludeAndCheck(logits, key, keys, state, bias);
  const out = load<usize>(descriptor, LOGITS), weights = load<usize>(descriptor, WEIGHTS);
  if (out) storeMatrix(logits, key, keys, count, rows, out, length, spare);
  if (weights) storeMatrix(logits, key, keys, count, rows, weights, length, spare);

  const moment = load<u32>(descriptor, WANT) & WANT_MOMENT;
  const past = spare + 2 * LANES;
  if (moment) memory.copy(past, state + MAXIMUM, LANES);
  raiseMaximum(logits, keys, state, everyKey, constants);
  if (moment) addMoment(logits, keys, state, past, constants);
  exponentials(logits, keys, state, constants);
  if (inner && load<i32>(state, STEADY) == STEADY_SOON) store<i32>(state, STEADY_NOW, STEADY);
}

// Finishes the rows of a panel, or keeps them for the merge where these were only a part of the keys.
function closePanel(descriptor: usize, block: u32, chunk: u32, first: i32, count: i32, scratch: usize, context: usize): void {
  const state = scratch + SCRATCH_STATES + <usize>(first / PANEL) * STATE_BYTES, width = load<i32>(descriptor, WIDTH);
  const parts = load<u32>(descriptor, CHUNKS) > 1, wanted = (load<u32>(descriptor, WANT) & WANT_CONTEXT) != 0;
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
    if (!(load<Float>(state + (<usize>r << SHIFT), POISON) * 0 == 0)) flag(descriptor, scratch + <usize>(first + r) * ROW_BYTES, FLAG_UNSOUND);
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
