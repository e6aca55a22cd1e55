import { describe, expect, test } from 'vitest';
import { DATATYPES, type DatatypeName, fromFloats, isDatatype, roomFor, widen } from '../../src/wire/datatypes.ts';

const GREATEST = Number.MAX_SAFE_INTEGER;

test.each<[DatatypeName, number, string, readonly [number, number], string, string]>([
  ['BOOL', 1, 'boolean', [0, 1], 'float32', 'Uint8Array'],
  ['UINT8', 1, 'integer', [0, 255], 'float32', 'Uint8Array'],
  ['UINT16', 2, 'integer', [0, 65_535], 'float32', 'Uint16Array'],
  ['UINT32', 4, 'integer', [0, 4_294_967_295], 'float64', 'Uint32Array'],
  ['UINT64', 8, 'integer', [0, GREATEST], 'float64', 'BigUint64Array'],
  ['INT8', 1, 'integer', [-128, 127], 'float32', 'Int8Array'],
  ['INT16', 2, 'integer', [-32_768, 32_767], 'float32', 'Int16Array'],
  ['INT32', 4, 'integer', [-2_147_483_648, 2_147_483_647], 'float64', 'Int32Array'],
  ['INT64', 8, 'integer', [-GREATEST, GREATEST], 'float64', 'BigInt64Array'],
  ['FP16', 2, 'float', [-65_504, 65_504], 'float32', 'Float16Array'],
  ['BF16', 2, 'float', [-3.3895313892515355e38, 3.3895313892515355e38], 'float32', 'Uint16Array'],
  ['FP32', 4, 'float', [-3.4028234663852886e38, 3.4028234663852886e38], 'float32', 'Float32Array'],
  ['FP64', 8, 'float', [-Number.MAX_VALUE, Number.MAX_VALUE], 'float64', 'Float64Array'],
])('%s: %i bytes, %s', (name, bytes, kind, range, held, array) => {
  const datatype = DATATYPES[name];
  expect({ bytes: datatype.bytes, kind: datatype.kind, range: datatype.range, held: datatype.held }).toEqual({ bytes, kind, range, held });
  const elements = datatype.elements(3);
  expect([elements.constructor.name, elements.length, elements.byteLength]).toEqual([array, 3, 3 * bytes]);
});

test('a number is rounded as its datatype holds it', () => {
  const third = 1 / 3;
  const rounded = (name: DatatypeName) => DATATYPES[name].round(third);
  expect([rounded('FP64'), rounded('FP32'), rounded('FP16'), rounded('BF16')]).toEqual([third, Math.fround(third), 0.333251953125, 0.333984375]);
  for (const name of ['BOOL', 'INT8', 'UINT8', 'INT64'] as const) expect(rounded(name)).toBe(third);
});

test('only its name is a datatype', () => {
  expect(['FP32', 'BOOL', 'fp32', 'toString', 1, undefined, ['FP32']].map(isDatatype)).toEqual([true, true, false, false, false, false, false]);
});

describe('room for numbers', () => {
  test('is made where the kernel reads it, if it is float32', () => {
    const made: number[] = [];
    const float32 = (length: number) => {
      made.push(length);
      return new Float32Array(length);
    };
    expect(roomFor('FP16', 3, float32)).toEqual(new Float32Array(3));
    expect(roomFor('FP64', 4, float32)).toEqual(new Float64Array(4));
    expect(made).toEqual([3]);
    expect(roomFor('FP32', 2, undefined)).toEqual(new Float32Array(2));
  });
});

describe('elements', () => {
  test('are widened to numbers', () => {
    const widened = (elements: Parameters<typeof widen>[0], name: DatatypeName, target = new Float32Array(elements.length)) => {
      widen(elements, name, target);
      return [...target];
    };
    expect(widened(BigInt64Array.of(-1n, 2n), 'INT64', new Float32Array(2))).toEqual([-1, 2]);
    expect(widened(BigUint64Array.of(3n, 4n), 'UINT64')).toEqual([3, 4]);
    expect(widened(Int16Array.of(-3, 4), 'INT16')).toEqual([-3, 4]);
    expect(widened(Float16Array.of(0.1), 'FP16')).toEqual([Math.f16round(0.1)]);
    // The same bits are an integer, or the upper half of a float32.
    expect(widened(Uint16Array.of(0x3f80), 'BF16')).toEqual([1]);
    expect(widened(Uint16Array.of(0x3f80), 'UINT16')).toEqual([0x3f80]);
  });

  test('are made of numbers, each rounded once, and without a copy where none is needed', () => {
    const single = Float32Array.of(0.1);
    const double = Float64Array.of(0.1);
    expect(fromFloats(single, 'FP32')).toBe(single);
    expect(fromFloats(double, 'FP64')).toBe(double);
    expect(fromFloats(double, 'FP32')).toEqual(single);
    expect(fromFloats(single, 'FP64')).toEqual(Float64Array.of(Math.fround(0.1)));
    expect(fromFloats(single, 'FP16')).toEqual(Float16Array.of(0.1));
    expect(fromFloats(Float32Array.of(1, 1.00390625), 'BF16')).toEqual(Uint16Array.of(0x3f80, 0x3f80));
  });
});
