import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { tooDeepAt } from '../../src/wire/depth.ts';
import { parseJson } from '../../src/wire/json.ts';

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

describe('JSON', () => {
  const fault = (text: string): { readonly line: number; readonly column: number; readonly message: string } => {
    try {
      parseJson(Buffer.from(text));
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'malformed-json')) throw error;
      const [, line, column, message = ''] = /^line (\d+), column (\d+): (.*)$/.exec(error.message) ?? [];
      return { line: Number(line), column: Number(column), message };
    }
    throw new Error(`${text} parses`);
  };

  test('may nest 64 levels and no more, with the line and the column of the first bracket past them', () => {
    const nested = (levels: number) => `\n  ${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(parseJson(Buffer.from(nested(64)))).toHaveLength(1);
    expect(fault(nested(65))).toMatchObject({ line: 2, column: 67, message: 'nested deeper than 64 levels' });
    expect(fault('{"é":'.repeat(65))).toMatchObject({ line: 1, column: 64 * 5 + 1 });
    expect(parseJson(Buffer.from(`["${'['.repeat(1000)}"]`))).toHaveLength(1);
  });

  test.each([
    ['{"a":[1,NaN]}', 9, 'NaN'],
    ['{"a":-Infinity}', 7, '-Infinity'],
    ['[Infinity]', 2, 'Infinity'],
    ['[nan]', 2, 'nan'],
    ['[-inf]', 3, '-inf'],
  ])('%s: the refusal says that JSON has no such number, and what to do', (text, column, word) => {
    const { message, column: at } = fault(text);
    expect(message).toContain(`${word} is not a number of JSON`);
    expect(message).toContain('say false in `mask`');
    expect(Math.abs(at - column)).toBeLessThanOrEqual(1);
  });

  test('a name that only begins like one is no number', () => {
    expect(fault('[Nancy]').message).toBe('invalid symbol, got "N"');
  });
});
