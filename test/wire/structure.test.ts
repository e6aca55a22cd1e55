import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Structure, structureOf } from '../../src/wire/structure.ts';

/** The definition: one character after the other. */
function byDefinition(text: string, deepest: number): Structure {
  const found = { arrays: 0, objects: 0, strings: 0, stringBytes: 0, commas: 0, tooDeepAt: -1 };
  let depth = 0;
  let began = -1;
  let i = 0;
  for (; i < text.length; i++) {
    const character = text[i];
    if (began >= 0) {
      if (character === '\\') i++;
      else if (character === '"') {
        found.stringBytes += i - began - 1;
        began = -1;
      }
    } else if (character === '"') {
      began = i;
      found.strings++;
    } else if (character === ',') found.commas++;
    else if (character === '[' || character === '{') {
      found[character === '[' ? 'arrays' : 'objects']++;
      if (++depth > deepest) return { ...found, tooDeepAt: i };
    } else if (character === ']' || character === '}') depth--;
  }
  if (began >= 0) found.stringBytes += text.length - began - 1;
  return found;
}

test('the first bracket too deep is found wherever it stands, all before it is counted, and nothing in a string is', () => {
  const piece = fc.constantFrom(
    '[',
    '[',
    '{',
    ']',
    '}',
    '"',
    '\\',
    '\\"',
    '"[[["',
    '"a,,b"',
    ',',
    '1.5e-7,',
    '0.25,',
    ' ',
    '\n',
    '12345678901234567,'.repeat(20),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 120 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 7 }), (pieces, deepest, offset) => {
      const text = pieces.join('');
      // The bytes may begin anywhere in a word.
      const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).subarray(offset);
      expect(structureOf(bytes, deepest)).toMatchObject(byDefinition(text, deepest));
    }),
    { numRuns: 5000 },
  );
});

/** Pieces that begin at each place in a word of four bytes, and are long enough to be looked at by words. */
const PLACES = [0, 1, 2, 3].flatMap((offset) => [0, 1, 2, 3].map((before) => ({ offset, before })));

test.each(PLACES)('a bracket is found at every place in a word ($offset, $before)', ({ offset, before }) => {
  const found = (text: string, deepest: number) =>
    structureOf(Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).subarray(offset), deepest).tooDeepAt;
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

test.each(PLACES)('a comma is counted at every place in a word ($offset, $before)', ({ offset, before }) => {
  const text = `${'1'.repeat(before)}${'12,345,,6789,0 '.repeat(40)}`;
  expect(structureOf(Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).subarray(offset), 0).commas).toBe(160);
});

test('bytes of characters that are not ASCII are no brackets', () => {
  const text = 'é€😀ÛÝ'.repeat(60);
  expect(structureOf(Buffer.from(text), 0).tooDeepAt).toBe(-1);
  expect(structureOf(Buffer.from(`${text}[`), 0).tooDeepAt).toBe(Buffer.byteLength(text));
});
