const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = [0x5b, 0x7b]; // [ {
const CLOSING = [0x5d, 0x7d]; // ] }
/** In a word of four bytes: every bracket and every letter has this bit, no digit, sign, comma, point or space has it. */
const LETTERS = 0x40404040;
const QUOTES = 0x22222222;
const ONES = 0x01010101;
const TOPS = 0x80808080;
/** Below so many bytes, making the view of words takes longer than it saves. */
const SHORT_BYTES = 256;

/**
 * The offset of the first bracket that opens a level deeper than `deepest`, or −1. Brackets in strings do not count.
 * Four bytes are looked at as one word, since nearly all words of a numeric body hold neither bracket nor quote: it
 * takes a tenth to a quarter of what JSON.parse does (see bench/README.md).
 */
export function tooDeepAt(bytes: Uint8Array, deepest: number): number {
  const scan = { bytes, deepest, depth: 0, at: 0 };
  if (bytes.length >= SHORT_BYTES) {
    const first = (4 - (bytes.byteOffset % 4)) % 4;
    const found = scanBytes(scan, first);
    if (found >= 0) return found;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + first, Math.floor((bytes.length - first) / 4));
    for (let w = nextBusy(words, Math.floor((scan.at - first) / 4)); w < words.length; ) {
      // A string that began before may have ended within this word.
      scan.at = Math.max(scan.at, first + 4 * w);
      const place = scanBytes(scan, first + 4 * w + 4);
      if (place >= 0) return place;
      w = nextBusy(words, Math.max(w + 1, Math.floor((scan.at - first) / 4)));
    }
    scan.at = Math.max(scan.at, first + 4 * words.length);
  }
  return scanBytes(scan, bytes.length);
}

/** The next word from `w` on that may hold a bracket or a quote. */
function nextBusy(words: Int32Array, from: number): number {
  let w = from;
  for (; w < words.length; w++) {
    const word = words[w] as number;
    const odd = word ^ QUOTES; // a byte of it is 0 where a quote is: then the subtraction borrows
    if ((word & LETTERS) !== 0 || ((odd - ONES) & ~odd & TOPS) !== 0) break;
  }
  return w;
}

/** Looks at single bytes up to `end`, and on to the end of a string that begins before it. */
function scanBytes(scan: { readonly bytes: Uint8Array; readonly deepest: number; depth: number; at: number }, end: number): number {
  const { bytes, deepest } = scan;
  let { depth, at } = scan;
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
    } else if (byte === OPENING[0] || byte === OPENING[1]) {
      depth++;
      if (depth > deepest) return at;
    } else if (byte === CLOSING[0] || byte === CLOSING[1]) depth--;
  }
  scan.depth = depth;
  scan.at = at;
  return -1;
}
