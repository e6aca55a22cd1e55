import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/wire/json.ts';
import { refusal } from './refused.ts';

const malformed = (text: string | Buffer, advice?: Parameters<typeof parseJson>[1]): string =>
  refusal(() => parseJson(Buffer.from(text), advice), 'malformed-json');

describe('JSON', () => {
  test('is parsed as it stands', () => {
    expect(parseJson(Buffer.from('{"a":[1,null,"é"]}'))).toEqual({ a: [1, null, 'é'] });
    expect(parseJson(Buffer.from('\uFEFF[1]'))).toEqual([1]);
    expect(malformed('\uFEFF\uFEFF[1]')).toBe('line 1, column 1: invalid symbol, got "\uFEFF"');
    expect(malformed('[\uFEFF1]')).toBe('line 1, column 2: invalid symbol, got "\uFEFF"');
  });

  test.each(['', ' ', '\r\n\t '])('%j is an empty body', (text) => {
    expect(malformed(text)).toBe('line 1, column 1: the body is empty; a JSON object is required');
  });

  test.each([
    ['{"a":1,}', 'line 1, column 8: property name expected, got "}"'],
    ['{\n  "a" 1}', 'line 2, column 7: colon expected, got "1"'],
    ['[1\n\n,,2]', 'line 3, column 2: value expected, got ","'],
    ['[1 2]', 'line 1, column 4: comma expected, got "2"'],
    ['[1', 'line 1, column 3: close bracket expected, got the end of the body'],
    ['{"a":1', 'line 1, column 7: close brace expected, got the end of the body'],
    ['{} {}', 'line 1, column 4: end of file expected, got "{"'],
    ['[/* 1 */ 2]', 'line 1, column 2: invalid comment token, got "/"'],
    // Other white space is none to JSON: such a body is not empty.
    ['\u00a0', 'line 1, column 1: invalid symbol, got "\u00a0"'],
    ['\v', 'line 1, column 1: invalid symbol, got "\\u000b"'],
    ['[😀]', 'line 1, column 2: invalid symbol, got "😀"'],
    ['[1e]', 'line 1, column 2: unexpected end of number, got "1"'],
  ])('%j: the refusal says where it breaks, and at what', (text, message) => {
    expect(malformed(text)).toBe(message);
  });
});

describe('a fault inside a string', () => {
  test.each([
    ['{"a":"b\nc"}', 'line 1, column 8: a string holds no control character as it is; write \\u000a'],
    ['[\n"tab\there"]', 'line 2, column 5: a string holds no control character as it is; write \\u0009'],
    ['["ok","\\x"]', 'line 1, column 8: an escape in a string is \\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hex digits, got "\\\\x"'],
    ['["a\\n\\u00g0"]', 'line 1, column 6: an escape in a string is \\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hex digits, got "\\\\u00g0"'],
    ['["\\N"]', 'line 1, column 3: an escape in a string is \\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hex digits, got "\\\\N"'],
    ['{"a":"never ends}', 'line 1, column 6: the string that begins here has no end'],
    ['{"a\n":1}', 'line 1, column 4: a string holds no control character as it is; write \\u000a'],
    ['["a\\', 'line 1, column 4: an escape in a string is \\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hex digits, got "\\\\"'],
  ])('%j is said where it stands', (text, said) => {
    expect(malformed(text)).toBe(said);
  });

  test('is none where another fault stands at a string', () => {
    expect(malformed('{"a" "b"}')).toBe('line 1, column 6: colon expected, got "\\""');
  });
});

describe('JSON that nests', () => {
  const nested = (levels: number) => `\n  ${'['.repeat(levels)}${']'.repeat(levels)}`;

  test('may do so 64 levels and no more, with the line and the column of the first bracket past them', () => {
    expect(parseJson(Buffer.from(nested(64)))).toHaveLength(1);
    expect(malformed(nested(65))).toBe('line 2, column 67: nested deeper than 64 levels');
    expect(malformed('{"é":'.repeat(65))).toBe(`line 1, column ${64 * 5 + 1}: nested deeper than 64 levels`);
    expect(parseJson(Buffer.from(`["${'['.repeat(1000)}"]`))).toHaveLength(1);
  });
});

describe('a number that JSON lacks', () => {
  test.each([
    ['{"a":[1,NaN]}', 9, 'NaN'],
    ['{"a":-Infinity}', 6, '-Infinity'],
    ['[Infinity]', 2, 'Infinity'],
    ['[nan]', 2, 'nan'],
    ['[-inf]', 2, '-inf'],
    ['[+inf]', 2, '+inf'],
    ['[1,\n-nan]', 1, '-nan'],
  ])('%j: the refusal says so, and what to do', (text, column, word) => {
    expect(malformed(text)).toBe(
      `line ${text.split('\n').length}, column ${column}: ${word} is not a number of JSON. JSON has no NaN and no Infinity: every number must be finite. To leave a key out, say false in \`mask\`; an lse without a key is null`,
    );
  });

  test('is spoken of in other words where there are others', () => {
    expect(malformed('[NaN]', { noSuchNumber: 'Write "NaN".' })).toBe('line 1, column 2: NaN is not a number of JSON. Write "NaN".');
  });

  test('does not only begin like one', () => {
    expect(malformed('[Nancy]')).toBe('line 1, column 2: invalid symbol, got "N"');
    expect(malformed('[inf$]')).toBe('line 1, column 2: invalid symbol, got "i"');
    expect(malformed('[xNaN]')).toBe('line 1, column 2: invalid symbol, got "x"');
  });
});

describe('bytes that are no JSON', () => {
  const otherBytes = 'perhaps they are binary';

  test('are said to stand after a whole JSON text, with the reason they may have', () => {
    expect(malformed('{"a":1} x', { otherBytes })).toBe('line 1, column 9: invalid symbol, got "x"; perhaps they are binary');
    expect(malformed('{"a":1} NaN', { otherBytes })).toContain('null; perhaps they are binary');
    expect(malformed('{"a":x}', { otherBytes })).toBe('line 1, column 6: invalid symbol, got "x"');
  });

  test('are found where they are not UTF-8, at the character', () => {
    const bytes = Buffer.concat([Buffer.from('{\n"é":'), Buffer.of(0xff), Buffer.from('}')]);
    expect(malformed(bytes)).toBe('line 2, column 5: a byte that is not UTF-8');
    expect(malformed(bytes, { otherBytes })).toBe('line 2, column 5: a byte that is not UTF-8; perhaps they are binary');
    // A character that breaks off at the end.
    expect(malformed(Buffer.from('["é').subarray(0, 3))).toBe('line 1, column 3: a byte that is not UTF-8');
  });
});
