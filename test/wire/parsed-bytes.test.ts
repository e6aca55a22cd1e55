import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/wire/json.ts';
import { parsedBytes, parsedMs } from '../../src/wire/parsed-bytes.ts';
import { structureOf } from '../../src/wire/structure.ts';

const priced = (text: string) => parsedBytes(Buffer.from(text), structureOf(Buffer.from(text), 64));
/** What a text holds for each of so many items, the text left out. */
const each = (item: string, times = 1000) => Math.round((priced(`[${item.repeat(times)}]`) - item.length * times) / times);

describe('what JSON.parse holds', () => {
  test.each([
    ['[],', 96],
    ['{},', 128],
    ['[[]],', 160],
    ['1,', 32],
    ['{"a":1},', 298],
    ['"abc",', 206],
  ])('%s is reckoned with %i bytes', (item, bytes) => {
    expect(each(item)).toBe(bytes);
  });

  test('is a byte a letter, two where any is not ASCII, and two more of a string', () => {
    const string = (text: string) => priced(`"${text}"`) - priced('""');
    expect(string('a'.repeat(100))).toBe(300);
    expect(string(`é${'a'.repeat(98)}`)).toBe(400 + 2);
  });

  test.each(['[]', '{}', '{"99":1}'])('of items like %s is no more than is reckoned with', (item) => {
    const text = `[${Array(100_000).fill(item)}]`;
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    const value: unknown = JSON.parse(text);
    globalThis.gc?.();
    const kept = (process.memoryUsage().heapUsed - before) / 100_000;
    expect(value).toHaveLength(100_000);
    expect(kept).toBeLessThan(each(`${item},`));
    expect(kept).toBeGreaterThan(each(`${item},`) / 4);
  });
});

test.each([
  ['[]', 450],
  ['{}', 500],
  ['{"a":1}', 1500],
  ['"abc"', 1000],
  ['1', 0],
])('parsing many items like %s is reckoned with %i ns for each', (item, ns) => {
  const list = (times: number) => parsedMs(structureOf(Buffer.from(`[${Array(times).fill(item)}]`), 64));
  expect(1e6 * (list(1001) - list(1))).toBeCloseTo(1000 * ns);
});

test('a text that would take longer than a second to parse is refused before, whatever room there is', () => {
  const text = (objects: number) => Buffer.from(`[${'{},'.repeat(objects)}0]`);
  let asked = 0;
  const full = () => {
    asked++;
    throw new Error('full');
  };
  expect(() => parseJson(text(1_999_999), {}, full)).toThrow('full');
  expect(() => parseJson(text(2_000_000), {}, full)).toThrow(
    expect.objectContaining({
      code: 'body-too-large',
      message: 'the body has 2000000 objects, 1 arrays and 0 strings, which take about 1001 ms to parse; the most is 1000 ms',
    }),
  );
  expect(asked).toBe(1);
});

test('room is made before a text is parsed, for its bytes and for what they become', () => {
  const asked: number[] = [];
  const text = '[[1],{}]';
  expect(parseJson(Buffer.from(text), {}, (bytes) => asked.push(bytes))).toEqual([[1], {}]);
  expect(asked).toEqual([text.length + priced(text)]);
  const full = () => {
    throw new Error('full');
  };
  expect(() => parseJson(Buffer.from('[[1],'), {}, full)).toThrow('full');
  // What is refused before has been parsed by nobody.
  expect(() => parseJson(Buffer.from('['.repeat(65)), {}, full)).toThrow('nested deeper than 64 levels');
});
