// The text between arrays, as far as brackets and strings go: that it is JSON is for JSON.parse to say.

import { GIVE_UP } from './layout';

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const OPEN_ARRAY: u32 = 0x5b;
const OPEN_OBJECT: u32 = 0x7b;
const CLOSE_ARRAY: u32 = 0x5d;
const CLOSE_OBJECT: u32 = 0x7d;

// As src/wire/json.ts has it.
const DEEPEST: i32 = 64;

let depth: i32 = 0;
let isString: bool = false;
let isEscaped: bool = false;

export function startText(): void {
  depth = 0;
  isString = false;
  isEscaped = false;
}

// Enters so many brackets below those that are open; false where that is too deep.
export function nest(levels: i32): bool {
  depth += levels;
  return depth <= DEEPEST;
}

// Where the next array begins, or the window ends.
export function skipText(from: usize, end: usize): usize {
  for (let p = from; p < end; p++) {
    const c = <u32>load<u8>(p);
    if (isString) {
      if (isEscaped) isEscaped = false;
      else if (c == BACKSLASH) isEscaped = true;
      else if (c == QUOTE) isString = false;
    } else if (c == OPEN_ARRAY) return p;
    else if (c == QUOTE) isString = true;
    else if (c == CLOSE_ARRAY || c == CLOSE_OBJECT) depth--;
    else if (c == OPEN_OBJECT && !nest(1)) return GIVE_UP;
  }
  return end;
}
