import { fillExponents } from './digits';
import { fillFixed, writeFixed } from './fixed';
import { fillSingleScales, writeFloat32s } from './float32';
import { writeFloat64 } from './float64';
import { fillLayouts } from './layout';
import { setWords, writeNonFinite } from './not-finite';
import { fillDoubleScales } from './scales';

/*
 * Prints the segments of a reply: texts as they are, arrays of numbers as JSON. The host writes both into `input` and says
 * by `records` what stands where; `run` writes the bytes to `output`. src/wire/numbers/printer.ts has the other side.
 */

fillExponents();
fillLayouts();
fillSingleScales();
fillDoubleScales();
fillFixed();

const INPUT_BYTES = 32768;
/** As many numbers as the input holds, each at its longest, with brackets; and what the last store writes past its end. */
const OUTPUT_BYTES = 294912;
const RECORDS = 128;
const RECORD_BYTES = 64;

export const input: usize = memory.data(INPUT_BYTES, 16);
export const inputBytes: i32 = INPUT_BYTES;
export const output: usize = memory.data(OUTPUT_BYTES + 32, 16);
export const outputBytes: i32 = OUTPUT_BYTES;
export const records: usize = memory.data(RECORDS * RECORD_BYTES, 16);
export const mostRecords: i32 = RECORDS;

/** A record: kind, address, count; of numbers the rest too. `blocks` are the sizes of an array's parts, from the whole to a row. */
const KIND = 0;
const ADDRESS = 4;
const COUNT = 8;
const FIRST = 12;
const TOTAL = 16;
const DECIMALS = 20;
const WORDS = 24;
const RANK = 28;
const BLOCKS = 32;

const TEXT = 0;
const SINGLES = 1;

/** Prints so many records, and gives the end of the output. */
export function run(count: i32): usize {
  let p = output;
  for (let record = records; record < records + count * RECORD_BYTES; record += RECORD_BYTES) {
    if (load<i32>(record, KIND) != TEXT) {
      p = numbers(p, record);
      continue;
    }
    const length = load<i32>(record, COUNT);
    memory.copy(p, load<u32>(record, ADDRESS), length);
    p += length;
  }
  return p;
}

/** A part of an array. Each number and each row has its comma after it, which the end of a row or of the array takes back. */
function numbers(p: usize, record: usize): usize {
  const rank = load<i32>(record, RANK);
  const blocks = record + BLOCKS;
  const width = rank == 0 ? 1 : load<u32>(blocks + ((rank - 1) << 2));
  const size = load<i32>(record, KIND) == SINGLES ? 2 : 3;
  let at: usize = load<u32>(record, ADDRESS);
  let i = load<u32>(record, FIRST);
  const end = i + load<u32>(record, COUNT);
  setWords(load<i32>(record, WORDS) != 0);
  while (i < end) {
    const from = i % width;
    if (from == 0) for (let axis = 0; axis < rank; axis++) if (i % load<u32>(blocks + (axis << 2)) == 0) store<u8>(p++, 0x5b);
    const taken = min(width - from, end - i);
    p = row(p, at, taken, record);
    at += taken << size;
    i += taken;
    if (rank == 0 || i % width != 0) continue;
    p--;
    for (let axis = rank - 1; axis >= 0 && i % load<u32>(blocks + (axis << 2)) == 0; axis--) store<u8>(p++, 0x5d);
    store<u8>(p++, 0x2c);
  }
  return i == load<u32>(record, TOTAL) ? p - 1 : p;
}

function row(p: usize, at: usize, count: u32, record: usize): usize {
  const decimals = load<i32>(record, DECIMALS);
  if (load<i32>(record, KIND) == SINGLES) return decimals < 0 ? writeFloat32s(p, at, count) : fixedSingles(p, at, at + (count << 2), decimals);
  return decimals < 0 ? doubles(p, at, at + (count << 3)) : fixedDoubles(p, at, at + (count << 3), decimals);
}

function doubles(p: usize, at: usize, end: usize): usize {
  for (; at < end; at += 8) {
    const bits = load<u64>(at);
    const magnitude = bits & 0x7fffffffffffffff;
    store<u8>(p, 0x2d);
    if (magnitude - 1 < 0x7fefffffffffffff) p = writeFloat64(p + <usize>(bits >> 63), magnitude);
    else p = magnitude == 0 ? writeZero(p) : writeNonFinite(p, load<f64>(at));
    store<u8>(p++, 0x2c);
  }
  return p;
}

function fixedSingles(p: usize, at: usize, end: usize, decimals: i32): usize {
  for (; at < end; at += 4) p = fixed(p, <f64>load<f32>(at), decimals);
  return p;
}

function fixedDoubles(p: usize, at: usize, end: usize, decimals: i32): usize {
  for (; at < end; at += 8) p = fixed(p, load<f64>(at), decimals);
  return p;
}

// @ts-ignore: decorator
@inline
function fixed(p: usize, value: f64, decimals: i32): usize {
  p = isFinite(value) ? writeFixed(p, reinterpret<u64>(value), decimals) : writeNonFinite(p, value);
  store<u8>(p, 0x2c);
  return p + 1;
}

// @ts-ignore: decorator
@inline
function writeZero(p: usize): usize {
  store<u8>(p, 0x30);
  return p + 1;
}
