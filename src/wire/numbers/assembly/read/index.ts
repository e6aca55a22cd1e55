// Finds the arrays of numbers and of booleans in a JSON text that comes in windows, and reads them.

import { arrayStart, isInArray, open, readElements, resumeAt, startArrays, startWindow, writtenBooleans, writtenNumbers, writtenRecords } from './array';
import { BOOLEANS, GIVE_UP, INPUT, NUMBERS, RECORDS, RECORD_BYTES, WAIT, WINDOW_BYTES } from './layout';
import { nest, skipText, startText } from './text';

export const input: usize = INPUT;
export const windowBytes: i32 = WINDOW_BYTES;
export const numbers: usize = NUMBERS;
export const booleans: usize = BOOLEANS;
export const records: usize = RECORDS;
export const recordBytes: i32 = RECORD_BYTES;
export { arrayStart, isInArray, writtenBooleans, writtenNumbers, writtenRecords };

// Begins with another text, whose numbers are kept as float32 or as float64.
export function begin(isSingle: bool): void {
  startText();
  startArrays(isSingle);
}

// Looks at a window of so many bytes, and gives how many are done with: the others belong at the start of the next window.
// −1 where the text can't be read here. All windows but the last are full.
export function scan(filled: i32, isLast: bool): i32 {
  const end = INPUT + filled;
  // No digit, no quote and no bracket.
  store<u64>(end, 0);
  store<u64>(end, 0, 8);
  startWindow(end, isLast);
  let p = INPUT;
  while (p < end) {
    const next = isInArray() ? readElements(p) : readText(p, end);
    if (next == GIVE_UP) return -1;
    if (next == WAIT) {
      p = resumeAt;
      break;
    }
    p = next;
  }
  return isLast && (p < end || isInArray()) ? -1 : <i32>(p - INPUT);
}

// On to the first element of the next array, past the bracket of one that holds others, or to the end of the window.
function readText(from: usize, end: usize): usize {
  const start = skipText(from, end);
  if (start == GIVE_UP || start == end) return start;
  const first = open(start);
  if (first != start) return first;
  return nest(1) ? start + 1 : GIVE_UP;
}
