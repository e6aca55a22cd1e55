// Arrays of numbers or of booleans, nested as far as they are rectangular.

import {
  BOOLEANS,
  GIVE_UP,
  INPUT,
  MOST_AXES,
  NUMBERS,
  RECORDS,
  RECORD_BYTES,
  SHORT_BYTES,
  SHORT_LIST_BYTES,
  WAIT,
} from './layout';
import { readNumber, stopped, value } from './number';
import { after, isLast, readPlain } from './plain';
import { nest } from './text';

const COMMA: u32 = 0x2c;
const OPEN: u32 = 0x5b;
const CLOSE: u32 = 0x5d;
const MINUS: u32 = 0x2d;
const ZERO: u32 = 0x30;
const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;
const NEWLINE: u32 = 0x0a;
const RETURN: u32 = 0x0d;

const NULL: u32 = 0x6c6c756e;
const TRUE: u32 = 0x65757274;
const FALS: u32 = 0x736c6166;
const SMALL_E: u32 = 0x65;
const SMALL_F: u32 = 0x66;
const SMALL_N: u32 = 0x6e;
const SMALL_T: u32 = 0x74;

const UNKNOWN: i32 = -1;

// Where two numbers in a row are not plain, so many that follow are not tried as such.
const UNLIKE: i32 = 8;

// Of each axis of the array that is being read, from 1 on: its size, and how many it has in the place that is being read.
const SIZES: usize = memory.data(4 * (MOST_AXES + 1), 4);
const COUNTS: usize = memory.data(4 * (MOST_AXES + 1), 4);

let isSingle: bool = false;

// The array that is being read, where axes is not 0.
let axes: i32 = 0;
let level: i32 = 0;
let isNumeric: bool = false;
let hasNulls: bool = false;
// Whether an element or an array comes next, or what parts or ends them.
let wantsElement: bool = false;
let firstElement: i32 = 0;
export let arrayStart: i32 = 0;
// Where it begins in this window, and what had been written then; 0 where it began in an earlier one.
let startHere: usize = 0;
let numbersThen: usize = 0;
let booleansThen: usize = 0;

let windowEnd: usize = 0;
let isLastWindow: bool = false;
// Of the text before this window: bytes, numbers and booleans.
let windowStart: i32 = 0;
let numbersBefore: i32 = 0;
let booleansBefore: i32 = 0;
let numbersAt: usize = NUMBERS;
let booleansAt: usize = BOOLEANS;
export let writtenRecords: i32 = 0;

// Where to go on in the next window.
export let resumeAt: usize = INPUT;

export function isInArray(): bool {
  return axes != 0;
}

export function writtenNumbers(): i32 {
  return <i32>(numbersAt - NUMBERS) >> (isSingle ? 2 : 3);
}

export function writtenBooleans(): i32 {
  return <i32>(booleansAt - BOOLEANS);
}

export function startArrays(single: bool): void {
  isSingle = single;
  axes = 0;
  windowStart = 0;
  numbersBefore = 0;
  booleansBefore = 0;
  numbersAt = NUMBERS;
  booleansAt = BOOLEANS;
  resumeAt = INPUT;
}

export function startWindow(end: usize, isLast: bool): void {
  windowStart += <i32>(resumeAt - INPUT);
  windowEnd = end;
  isLastWindow = isLast;
  numbersBefore += writtenNumbers();
  booleansBefore += writtenBooleans();
  numbersAt = NUMBERS;
  booleansAt = BOOLEANS;
  writtenRecords = 0;
  startHere = 0;
  resumeAt = end;
}

// Enters the array that begins at `start`, and gives where its first element is; `start` where it is for JSON.parse.
export function open(start: usize): usize {
  let p = start;
  let brackets = 0;
  let c: u32;
  while (true) {
    c = load<u8>(p);
    if (c == OPEN) brackets++;
    else if (!isSpace(c)) break;
    if (brackets > MOST_AXES) return start;
    p++;
  }
  if (p >= windowEnd) return waitAt(start);
  const isBoolean = c == SMALL_T || c == SMALL_F;
  if (!isBoolean && c - ZERO > 9 && c != MINUS && c != SMALL_N) return start;
  if (!nest(brackets)) return GIVE_UP;
  nest(-brackets);
  for (let axis = 1; axis <= brackets; axis++) {
    store<i32>(SIZES + (axis << 2), UNKNOWN);
    store<i32>(COUNTS + (axis << 2), 0);
  }
  axes = brackets;
  level = brackets;
  isNumeric = !isBoolean;
  hasNulls = false;
  wantsElement = true;
  arrayStart = windowStart + <i32>(start - INPUT);
  startHere = start;
  numbersThen = numbersAt;
  booleansThen = booleansAt;
  firstElement = isBoolean ? booleansBefore + writtenBooleans() : numbersBefore + writtenNumbers();
  return p;
}

// Reads on in the array, and gives where it ends.
export function readElements(from: usize): usize {
  let p = from;
  while (true) {
    p = skipSpace(p);
    if (p >= windowEnd) return waitAt(p);
    const c = <u32>load<u8>(p);
    if (wantsElement) {
      if (level == axes) {
        p = isNumeric ? readNumbers(p) : readBooleans(p);
        if (p <= GIVE_UP) return p;
      } else if (c == OPEN) {
        p++;
        level++;
        store<i32>(COUNTS + (level << 2), 0);
      } else return GIVE_UP;
    } else if (c == COMMA) {
      p++;
      wantsElement = true;
    } else if (c == CLOSE) {
      p++;
      if (!close()) return GIVE_UP;
      if (level == 0) return finish(p);
    } else return GIVE_UP;
  }
}

// Numbers with commas between them: most of a body is that.
function readNumbers(from: usize): usize {
  let p = from;
  let at = numbersAt;
  let count = load<i32>(COUNTS + (level << 2));
  let outcome: usize = 0;
  let unlike = 0;
  wantsElement = true;
  while (true) {
    if (isSingle && --unlike <= 0) {
      const to = readPlain(p, windowEnd, at);
      if (to == at) unlike = UNLIKE;
      count += <i32>(to - at) >> 2;
      at = to;
      p = after;
      if (isLast) {
        wantsElement = false;
        outcome = p;
        break;
      }
    }
    let next = readNumber(p, isSingle);
    let number = value;
    if (next == 0) {
      next = readNull(p);
      number = NaN;
    }
    // At the end of the window it may go on in the next one.
    if (next <= GIVE_UP || next >= windowEnd) {
      outcome = next == GIVE_UP ? GIVE_UP : WAIT;
      break;
    }
    if (isSingle) {
      const single = <f32>number;
      store<f32>(at, single);
      at += 4;
      number = <f64>single;
    } else {
      store<f64>(at, number);
      at += 8;
    }
    if (abs(number) == Infinity) return GIVE_UP;
    count++;
    p = next;
    if (load<u8>(p) != COMMA) {
      wantsElement = false;
      outcome = p;
      break;
    }
    p++;
    if (load<u8>(p) <= SPACE) p = skipSpace(p);
  }
  store<i32>(COUNTS + (level << 2), count);
  numbersAt = at;
  return outcome == WAIT ? waitAt(p) : outcome;
}

// The null that stands where a number could not be read, and gives where it ends.
function readNull(p: usize): usize {
  if (stopped >= windowEnd) return WAIT;
  if (load<u8>(p) != SMALL_N) return GIVE_UP;
  if (p + 4 > windowEnd) return WAIT;
  if (load<u32>(p) != NULL) return GIVE_UP;
  hasNulls = true;
  return p + 4;
}

function readBooleans(from: usize): usize {
  let p = from;
  const count = COUNTS + (level << 2);
  wantsElement = true;
  while (true) {
    if (p + 5 > windowEnd) return isLastWindow && p + 4 > windowEnd ? GIVE_UP : waitAt(p);
    const word = load<u32>(p);
    if (word == TRUE) {
      store<u8>(booleansAt, 1);
      p += 4;
    } else if (word == FALS && load<u8>(p, 4) == SMALL_E) {
      store<u8>(booleansAt, 0);
      p += 5;
    } else return GIVE_UP;
    booleansAt++;
    store<i32>(count, load<i32>(count) + 1);
    if (load<u8>(p) != COMMA) break;
    p++;
    if (load<u8>(p) <= SPACE) p = skipSpace(p);
  }
  wantsElement = false;
  return p;
}

// Leaves an axis; false where its size is another than before.
function close(): bool {
  const count = load<i32>(COUNTS + (level << 2));
  const size = SIZES + (level << 2);
  if (load<i32>(size) == UNKNOWN) store<i32>(size, count);
  else if (load<i32>(size) != count) return false;
  level--;
  const outer = COUNTS + (level << 2);
  store<i32>(outer, load<i32>(outer) + 1);
  return true;
}

// Notes the array, unless it is short: that one stays in the text.
function finish(end: usize): usize {
  if (startHere != 0 && <i32>(end - startHere) < (axes == 1 ? SHORT_LIST_BYTES : SHORT_BYTES)) {
    leave();
    return end;
  }
  const record = RECORDS + writtenRecords * RECORD_BYTES;
  store<i32>(record, isNumeric ? 0 : 1);
  store<i32>(record, arrayStart, 4);
  store<i32>(record, windowStart + <i32>(end - INPUT), 8);
  store<i32>(record, firstElement, 12);
  store<i32>(record, hasNulls ? 1 : 0, 16);
  store<i32>(record, axes, 20);
  memory.copy(record + 24, SIZES + 4, axes << 2);
  writtenRecords++;
  axes = 0;
  return end;
}

// Forgets the array and its elements.
function leave(): void {
  numbersAt = numbersThen;
  booleansAt = booleansThen;
  axes = 0;
}

// Goes on in the next window: at the beginning of an array that may be short yet, so that no short one spans two windows.
function waitAt(p: usize): usize {
  const isYoung = axes != 0 && startHere != 0 && <i32>(windowEnd - startHere) < SHORT_LIST_BYTES;
  resumeAt = isYoung ? startHere : p;
  if (isYoung) leave();
  return WAIT;
}

function skipSpace(from: usize): usize {
  let p = from;
  while (isSpace(load<u8>(p))) p++;
  return p;
}

// @ts-ignore: decorator
@inline
function isSpace(c: u32): bool {
  return c == SPACE || c == NEWLINE || c == RETURN || c == TAB;
}
