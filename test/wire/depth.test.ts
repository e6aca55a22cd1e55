import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tooDeepAt } from '../../src/wire/depth.ts';

/** The definition: one character after the other. */
function byDefinition(text: string, deepest: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (quoted) {
      if (character === '\\') i++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '[' || character === '{') {
      if (++depth > deepest) return i;
    } else if (character === ']' || character === '}') depth--;
  }
  return -1;
}

test('the first bracket too deep is found wherever it stands, and none in a string counts', () => {
  const piece = fc.constantFrom('[', '[', '{', ']', '}', '"', '\\', '\\"', '"[[["', '1.5e-7,', '0.25,', ' ', '\n', '12345678901234567,'.repeat(20));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 120 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 7 }), (pieces, deepest, offset) => {
      const text = pieces.join('');
      // The bytes may begin anywhere in a word.
      const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).subarray(offset);
      expect(tooDeepAt(bytes, deepest)).toBe(byDefinition(text, deepest));
    }),
    { numRuns: 5000 },
  );
});

/** Pieces that begin at each place in a word of four bytes, and are long enough to be looked at by words. */
const PLACES = [0, 1, 2, 3].flatMap((offset) => [0, 1, 2, 3].map((before) => ({ offset, before })));

test.each(PLACES)('a bracket is found at every place in a word ($offset, $before)', ({ offset, before }) => {
  const found = (text: string, deepest: number) => tooDeepAt(Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).subarray(offset), deepest);
  const long = '0.25,-1e+7 '.repeat(40);
  const start = `${'1'.repeat(before)}${long}`;
  for (const opening of ['[', '{']) {
    expect(found(`${start}${opening}`, 0)).toBe(start.length);
    expect(found(`${start}${opening}${long}`, 0)).toBe(start.length);
    expect(found(`${start}${opening}${long}`, 1)).toBe(-1);
    expect(found(`${start}${opening}${long}]${long}${opening}${long}`, 1)).toBe(-1);
    expect(found(`${start}${opening}${long}}${long}${opening}${opening}`, 1)).toBe(start.length + 2 * long.length + 3);
    // In a string that begins and ends among words, or has an escaped quote at its end.
    expect(found(`${start}"${opening}${long}\\"${opening}"${long}${opening}`, 0)).toBe(start.length + 2 * long.length + 6);
    expect(found(`${start}"${opening}${long}\\\\"${opening}`, 0)).toBe(start.length + long.length + 5);
    expect(found(`${start}"${opening}${long}`, 0)).toBe(-1);
  }
});

test('bytes of characters that are not ASCII are no brackets', () => {
  const text = 'é€😀ÛÝ'.repeat(60);
  expect(tooDeepAt(Buffer.from(text), 0)).toBe(-1);
  expect(tooDeepAt(Buffer.from(`${text}[`), 0)).toBe(Buffer.byteLength(text));
});
