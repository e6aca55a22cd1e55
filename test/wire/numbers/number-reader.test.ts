import { describe, expect, test } from 'vitest';
import { NumberArray } from '../../../src/wire/numbers/number-array.ts';
import { parsedBytes } from '../../../src/wire/parsed-bytes.ts';
import { structureOf } from '../../../src/wire/structure.ts';
import { FILLER, plain, read, reader, WINDOW_BYTES } from './reader.ts';

const LONG = `[1.5${FILLER}]`;
const MATRIX = `[${LONG},${LONG}]`;
const LIST = `[${Array.from({ length: 2000 }, (_, i) => i).join(',')}]`;

/** Whether any array of the value was read by the module. */
function wasRead(value: unknown): boolean {
  if (value instanceof NumberArray) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(wasRead);
}

function agrees(text: string): void {
  const value = read(text);
  expect(wasRead(value)).toBe(true);
  expect(plain(value)).toEqual(JSON.parse(text));
}

describe('a text with arrays of numbers and of booleans', () => {
  test.each([
    ['a matrix', `{"tokens":${MATRIX},"query":1}`],
    ['white space wherever it may be', ` {\n"a" :\t[ [ 1 ,\r\n 2, 3${' '.repeat(100)}] \n,[4,5, -6 ] ] , "b":[ ] }\n`],
    ['three axes', `{"bias":[${MATRIX},${MATRIX},${MATRIX}]}`],
    ['eight axes', `[[[[[[[${LONG}]]]]]]]`],
    ['nine axes', `[[[[[[[[${LONG}]]]]]]]]`],
    ['booleans', `{"mask":[[${'true,false,'.repeat(10)}true],[${'false,false,'.repeat(10)}true]]}`],
    ['nulls', `{"lse":[[null,1${FILLER}],[1,null${FILLER}]]}`],
    ['a long list', `{"b_query":${LIST}}`],
    ['the same member twice, of which the last counts', `{"a":${MATRIX},"a":[${MATRIX}],"b":${MATRIX},"b":2}`],
    ['arrays among objects and words', `{"parts":[{"context":${MATRIX},"lse":[1,2]},{"context":[[2${FILLER}]]},"x",3,${MATRIX},[]]}`],
    ['brackets, quotes and escapes in strings', `{"a[1]":"\\"[[1,2","b\\\\":${MATRIX},"\\u005b":"]}"}`],
    ['names with escapes', `{"\\u0074okens":${MATRIX}}`],
    ['letters that are no ASCII', `{"labels":["é","猫","😀"],"tokens":${MATRIX},"ü":1}`],
    ['a member that an object has by itself', `{"constructor":${MATRIX},"toString":${MATRIX}}`],
    ['a number and its like', `{"a":1,"b":"","c":${MATRIX},"":null}`.replace('"":null', '"d":null')],
    ['sixty-four levels', `${'{"a":'.repeat(62)}${MATRIX}${'}'.repeat(62)}`],
  ])('is read as JSON.parse reads it: %s', (_, text) => agrees(text));

  test('keeps __proto__ a member like any other', () => {
    const value = read(`{"__proto__":${MATRIX}}`) as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__']);
  });

  test('has short arrays as JSON.parse has them, and lists of a few hundred positions', () => {
    const text = `{"a":[[1,2],[3,4]],"query":[${Array.from({ length: 500 }, (_, i) => i)}],"shape":[1,2]}`;
    expect(read(text)).toEqual(JSON.parse(text));
  });

  test.each([
    ['ragged rows', `[[1${FILLER}],[1,2${FILLER}]]`],
    ['ragged heads', `[[[1${FILLER}]],[[1${FILLER}],[1${FILLER}]]]`],
    ['rows beside numbers', `[[1${FILLER}],2]`],
    ['a number beside rows', `[1${FILLER},[2]]`],
    ['an empty row', `[[1${FILLER}],[]]`],
    ['a string among numbers', `[[1,"NaN"${FILLER}]]`],
    ['an object among numbers', `[[1,{}${FILLER}]]`],
    ['numbers among booleans', `[[true,1${FILLER}]]`],
    ['booleans among numbers', `[[1,true${FILLER}]]`],
    ['an infinity', `[[1,1e999${FILLER}]]`],
    ['a number just past the greatest', `[[1,1.7976931348623159e308${FILLER}]]`],
    ['a number past it, below the next power of two', `[[1,3e308${FILLER}]]`],
    ['sixty-five levels', `${'{"a":'.repeat(63)}${MATRIX}${'}'.repeat(63)}`],
    ['sixty-five objects', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`],
    ['sixty-five arrays', `${'['.repeat(65)}${']'.repeat(65)}`],
    ['a member without a name', `{"a":{"":0},"b":${MATRIX}}`],
    ['a member without a name, further away', `{"a":{"" \n :0},"b":${MATRIX}}`],
    ['a byte order mark', `\uFEFF{"a":${MATRIX}}`],
    ['bytes that are no UTF-8', Buffer.concat([Buffer.from(`{"a":${MATRIX},"b":"`), Buffer.of(0xff), Buffer.from('"}')])],
    ['no end', `{"a":${MATRIX.slice(0, -1)}`],
    ['no end of a number', `[[1${FILLER},`],
    ['no comma', `[[1 2${FILLER}]]`],
    ['two commas', `[[1,,2${FILLER}]]`],
    ['a comma at the end', `[[1${FILLER},]]`],
    ['a word that is none', `[[1,nul${FILLER}]]`],
    ['a false that ends otherwise', `[[falsy,true${',true'.repeat(20)}]]`],
    ['truth cut short', `[[tru,true${',true'.repeat(20)}]]`],
    ['a bracket too many', `${MATRIX}]`],
    ['an array for a name', `{${MATRIX}:1}`],
    ['an array after a value', `{"a":1 ${MATRIX}}`],
    ['a text after the value', `{"a":${MATRIX}} 1`],
    ['nothing', ''],
  ])('is left to JSON.parse where it has %s', (_, text) => {
    expect(read(text)).toBeUndefined();
  });

  test.each(['{"a":"', '{"a":"\\\\\\'])('is read from its beginning, whatever the one before ended in: %s', (before) => {
    expect(read(before)).toBeUndefined();
    agrees(`{"a":"b","c":${MATRIX}}`);
  });

  test('is as long as it likes: 200,000 short arrays beside objects', () => {
    agrees(`{"a":[${Array.from({ length: 20_000 }, (_, i) => `{"x":[[${i}${FILLER}]],"y":[${i}]}`).join(',')}]}`);
  });
});

describe('the room that a text is read in', () => {
  const asked = (text: string, doubles: 'always' | [] = 'always') => {
    const bytes: number[] = [];
    reader.read([Buffer.from(text)], doubles, (more) => bytes.push(more));
    return bytes;
  };

  test('is that of its elements, of each array, and of what JSON.parse gives for the rest', () => {
    const rest = '{"a":{"":0},"b":{"":1}}';
    const parsed = parsedBytes(Buffer.from(rest), structureOf(Buffer.from(rest), 64));
    expect(asked(`{"a":${MATRIX},"b":${MATRIX}}`)).toEqual([8 * 4 * 41 + 2 * 1200, parsed]);
    expect(asked(`{"a":${MATRIX},"b":${MATRIX}}`, [])[0]).toBe(4 * 4 * 41 + 2 * 1200);
    expect(asked(`{"a":[[${'true,'.repeat(20)}true]]}`)[0]).toBe(21 + 1200);
  });

  test('is asked for as the arrays are found, and nothing more is read where there is none', () => {
    const text = `{"a":[${Array.from({ length: 3000 }, () => `{"x":${MATRIX}}`).join(',')}]}`;
    const bytes = asked(text);
    expect(bytes.length).toBe(Math.ceil(text.length / WINDOW_BYTES) + 1);
    expect(bytes.slice(0, -1).reduce((sum, more) => sum + more)).toBe(3000 * (8 * 2 * 41 + 1200));
    let times = 0;
    const full = () => {
      if (++times === 2) throw new Error('full');
    };
    expect(() => reader.read([Buffer.from(text)], 'always', full)).toThrow('full');
    expect(times).toBe(2);
    // The next text is read as if nothing had been.
    agrees(`{"a":${MATRIX}}`);
  });

  test('is asked for before what is no array is parsed', () => {
    const full = () => {
      throw new Error('full');
    };
    expect(() => reader.read([Buffer.from('{"x":[[],[]')], 'always', full)).toThrow('full');
  });
});

test('a text whose rest would take longer than a second to parse is refused before', () => {
  const text = (objects: number) => `{"tokens":${MATRIX},"x":[${'{},'.repeat(objects)}0]}`;
  expect(() => read(text(2_000_000))).toThrow(
    expect.objectContaining({
      code: 'body-too-large',
      message: 'the body has 2000002 objects, 1 arrays and 3 strings, which take about 1001 ms to parse; the most is 1000 ms',
    }),
  );
  expect(wasRead(read(text(100_000)))).toBe(true);
});

describe('numbers', () => {
  test('are float64 where a word says so, and float32 else', () => {
    const data = (text: string, doubles: readonly string[]) => (read(text, doubles) as { readonly a: NumberArray }).a.data;
    expect(data(`{"a":${MATRIX},"dtype":"float64"}`, ['float64'])).toBeInstanceOf(Float64Array);
    expect(data(`{"a":${MATRIX},"dtype":"float32"}`, ['float64'])).toBeInstanceOf(Float32Array);
    const pieces = [`{"a":${MATRIX}`, ',"dtype":"float64"}'].map((piece) => Buffer.from(piece));
    const value = reader.read(pieces, ['float64'])?.value as { readonly a: NumberArray } | undefined;
    expect(value?.a.data).toBeInstanceOf(Float64Array);
  });

  test('are given of no array that has a null, in either precision', () => {
    const { holes, full } = read(`{"holes":[[1${FILLER}],[null${FILLER}]],"full":[[1${FILLER}]]}`) as Readonly<Record<string, NumberArray>>;
    expect([holes?.hasNulls, holes?.floats('float64'), holes?.floats('float32')]).toEqual([true, undefined, undefined]);
    expect([full?.hasNulls, full?.floats('float64')?.length, full?.floats('float32')?.length]).toEqual([false, 41, 41]);
  });

  test('stand where those of the text before stood, which are done with by then', () => {
    const dataOf = (number: number) => {
      const value = read(JSON.stringify([Array.from({ length: 100 }, () => number)]));
      return value instanceof NumberArray ? value.data : undefined;
    };
    const first = dataOf(1);
    expect(first?.every((number) => number === 1)).toBe(true);
    const second = dataOf(2);
    expect(second?.every((number) => number === 2)).toBe(true);
    expect(second?.buffer).toBe(first?.buffer);
  });

  test('beyond float32 are left to JSON.parse', () => {
    expect(read(`[[1e39${FILLER}]]`, [])).toBeUndefined();
  });
});

describe('the border of two windows', () => {
  /** All that the module has a state for; in front of it an array that is long enough to be gone on with. */
  const tail =
    '-12.5e-3 , 0 ],\n [ 123456789012345678901234567890 , null ] ] ,"mask":[[true , false],[false,true]], "q\\"[":"é😀\\\\" , "d" : {"e":[1]}}';
  const start = '{"tokens":[[';
  /** So many rows, or as many as there is room for, and white space. */
  const rows = (bytes: number, most = 100) => {
    const fill = `${start}${'1,2],['.repeat(Math.min(most, Math.floor((bytes - start.length) / 6)))}`;
    return fill + ' '.repeat(bytes - fill.length);
  };

  test('may be anywhere', () => {
    for (let cut = 0; cut <= tail.length; cut++) agrees(rows(WINDOW_BYTES - cut) + tail);
  });

  test('may be anywhere in a body that is one array of booleans', () => {
    for (let cut = 0; cut < 30; cut++) agrees(`${' '.repeat(cut)}{"mask":[[${'true,false],['.repeat(5200)}false,true]]}`);
  });

  test('may lie between two arrays of booleans', () => {
    agrees(`{"mask":[[${'true,false],['.repeat(5200)}false,true]],"b":[[${'true,'.repeat(20)}false]]}`);
  });

  test('does not make a short array a long one', () => {
    for (let cut = 0; cut < 40; cut++) {
      const text = `{"a":"${'x'.repeat(WINDOW_BYTES - cut)}","shape":[1,2,3,4],"b":${MATRIX}}`;
      expect((read(text) as { shape: unknown }).shape).toEqual([1, 2, 3, 4]);
      agrees(text);
    }
  });

  test('may have pieces of any size on either side', () => {
    const text = Buffer.from(rows(3 * WINDOW_BYTES, Number.POSITIVE_INFINITY) + tail);
    for (const size of [1, 7, 1000, 65_535, 65_536, 65_537]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.subarray(i * size, (i + 1) * size));
      expect(plain(reader.read(pieces, 'always')?.value)).toEqual(JSON.parse(text.toString()));
    }
  });

  test('is no end of white space', () => {
    expect(read(`[[1${' '.repeat(2 * WINDOW_BYTES)}${FILLER}]]`)).toBeInstanceOf(NumberArray);
    expect(read(`{"a":${MATRIX},"b":[${' '.repeat(2 * WINDOW_BYTES)}1]}`)).toBeUndefined();
  });
});
