import { describe, expect, test } from 'vitest';
import { Chunks } from '../../src/wire/chunks.ts';
import type { DatatypeName } from '../../src/wire/datatypes.ts';
import { readTensorHeader, readValues } from '../../src/wire/inference-tensor.ts';
import { NumberArray } from '../../src/wire/numbers/number-array.ts';
import { refusal } from './refused.ts';

const header = { name: 'Q', shape: [2], datatype: 'FP32', data: [1, 2] };
const refused = (tensor: unknown) => refusal(() => readTensorHeader(tensor, 3));
const NOTHING = new Chunks([]);

describe('a tensor says of itself', () => {
  test('its name, its shape, its datatype and where its data is', () => {
    expect(readTensorHeader(header, 0)).toEqual({ name: 'Q', shape: [2], datatype: 'FP32', binaryBytes: undefined, data: [1, 2] });
    const binary = { ...header, data: undefined, parameters: { binary_data_size: 8 } };
    expect(readTensorHeader(binary, 0)).toMatchObject({ binaryBytes: 8, data: undefined });
    // Some clients send an empty list beside binary data.
    expect(readTensorHeader({ ...binary, data: [] }, 0)).toMatchObject({ binaryBytes: 8 });
    expect(readTensorHeader({ ...binary, parameters: { binary_data_size: 0 } }, 0)).toMatchObject({ binaryBytes: 0 });
    expect(readTensorHeader({ ...header, shape: [], data: [] }, 0)).toMatchObject({ shape: [], data: [] });
    expect(readTensorHeader({ ...header, shape: [1, 1, 1, 1, 1, 1, 1, 0] }, 0).shape).toHaveLength(8);
  });

  const shapeRule = 'input Q must have a shape of at most 8 integers, each at least 0, got';
  test.each<[string, object, string]>([
    ['a name', { name: 1 }, 'inputs[3].name must be a string, got 1'],
    ['a known one', { name: 'q' }, 'there is no input "q"; the inputs are Q, K, V, attn_mask, past_key, past_value, nonpad_kv_seqlen'],
    [
      'a datatype',
      { datatype: 'BYTES' },
      'input Q must have a datatype of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, got the string "BYTES"',
    ],
    ['a shape', { shape: 2 }, `${shapeRule} 2`],
    ['few axes', { shape: Array(9).fill(1) }, `${shapeRule} [1,1,1,1,1,1,1,1,1]`],
    ['whole axes', { shape: [1, 0.5] }, `${shapeRule} [1,0.5]`],
    ['axes of numbers', { shape: ['2'] }, `${shapeRule} ["2"]`],
    ['no negative axis', { shape: [-1] }, `${shapeRule} [-1]`],
    ['axes that count one by one', { shape: [2 ** 53] }, `${shapeRule} [9007199254740992]`],
    ['a shape that is cut short where it is told', { shape: ['x'.repeat(200)] }, `${shapeRule} ["${'x'.repeat(78)}`],
    ['no other member', { size: 1 }, 'inputs[3] can’t have "size"; it has name, shape, datatype, parameters, data'],
    [
      'no other parameter',
      { parameters: { size: 1 } },
      'the parameters of input Q can’t have "size"; it has binary_data_size, timeout, priority, sequence_id, sequence_start, sequence_end, content_type, headers, classification',
    ],
    [
      'a size in bytes that is an integer',
      { parameters: { binary_data_size: -1 } },
      'parameters.binary_data_size of input Q must be an integer of at least 0, got -1',
    ],
    [
      'one that counts one by one',
      { parameters: { binary_data_size: 2 ** 53 } },
      'parameters.binary_data_size of input Q must be an integer of at least 0, got 9007199254740992',
    ],
    [
      'one that is a number',
      { parameters: { binary_data_size: '8' } },
      'parameters.binary_data_size of input Q must be an integer of at least 0, got the string "8"',
    ],
    ['some data', { data: null }, 'input Q has neither data nor parameters.binary_data_size; one of them is required'],
    ['not both', { parameters: { binary_data_size: 8 } }, 'input Q has both data and parameters.binary_data_size; only one is allowed'],
    [
      'not both, even where it is no list',
      { parameters: { binary_data_size: 8 }, data: '' },
      'input Q has both data and parameters.binary_data_size; only one is allowed',
    ],
  ])('%s', (_name, change, message) => {
    expect(refused({ ...header, ...change })).toBe(message);
  });

  test('as an object', () => {
    expect(refused('Q')).toBe('inputs[3] must be a JSON object, got the string "Q"');
  });
});

describe('numbers in JSON', () => {
  const read = (datatype: DatatypeName, shape: readonly number[], data: unknown) =>
    readValues({ name: 'K', datatype, shape, data, binaryBytes: undefined }, NOTHING, 0, undefined);

  test('are flat, or nested as the shape is', () => {
    expect(read('FP32', [2, 2], [1, 2, 3, 4])).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(
      read(
        'FP64',
        [1, 2, 2],
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      ),
    ).toEqual(Float64Array.of(1, 2, 3, 4));
    expect(read('FP32', [], [5])).toEqual(Float32Array.of(5));
    expect(read('FP32', [0], [])).toEqual(new Float32Array(0));
    expect(read('FP32', [2, 0], [[], []])).toEqual(new Float32Array(0));
  });

  test('are as many as the shape says', () => {
    expect(refusal(() => read('FP32', [2, 2], [1, 2, 3]))).toBe('input K has 3 elements, but the shape [2, 2] has 4');
    expect(refusal(() => read('FP32', [1], []))).toBe('input K has 0 elements, but the shape [1] has 1');
    expect(refusal(() => read('FP32', [1], 1))).toBe('data of input K must be an array, got 1');
  });

  test('are nested as the shape says, all of them', () => {
    const rule = 'data of input K must be nested as the shape [2, 2]';
    expect(refusal(() => read('FP32', [2, 2], [[1, 2]]))).toBe(`${rule}, got an array of 1 on axis 0, where 2 are required`);
    expect(refusal(() => read('FP32', [2, 2], [[1, 2], [3]]))).toBe(`${rule}, got an array of 1 on axis 1, where 2 are required`);
    expect(refusal(() => read('FP32', [2, 2], [[1, 2], 3]))).toBe(`${rule}, got 3 on axis 1, where 2 are required`);
    expect(
      refusal(() =>
        read(
          'FP32',
          [2, 2],
          [
            [1, 2],
            [3, [4]],
          ],
        ),
      ),
    ).toBe('data of input K is nested deeper than the shape [2, 2]');
  });

  test.each([[[1, [2]]], [[1, [2, 3]]], [[1, []]]])('are not nested in part: %j', (data) => {
    expect(refusal(() => read('INT8', [2], data))).toMatch(/^input K must have integers from -128 to 127, got an (?:empty )?array.* at element 1$/);
  });

  test('are rounded to their datatype, and of floats have words for what JSON lacks', () => {
    expect(read('FP16', [2], [1 / 3, 65_519])).toEqual(Float32Array.of(0.333251953125, 65_504));
    expect(read('FP32', [4], ['NaN', 'Infinity', '-Infinity', 3.4028235677973362e38])).toEqual(
      Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4028234663852886e38),
    );
    const rule = (greatest: string) => `input K must have numbers within ±${greatest}, or "NaN", "Infinity" and "-Infinity", got`;
    expect(refusal(() => read('FP16', [2], [1, -65_520]))).toBe(`${rule('65504')} -65520 at element 1`);
    expect(refusal(() => read('FP64', [1], [Number.POSITIVE_INFINITY]))).toBe(`${rule('1.7976931348623157e+308')} Infinity at element 0`);
    expect(refusal(() => read('FP16', [1], ['inf']))).toBe(`${rule('65504')} the string "inf" at element 0`);
    expect(refusal(() => read('FP16', [1], [true]))).toBe(`${rule('65504')} the boolean true at element 0`);
    expect(refusal(() => read('FP16', [1, 1], [[null]]))).toBe(`${rule('65504')} null at element 0`);
  });

  test('of integers are whole, and within their range', () => {
    expect(read('INT8', [2], [-128, 127])).toEqual(Float32Array.of(-128, 127));
    expect(read('INT64', [1], [-5])).toEqual(Float64Array.of(-5));
    const rule = 'input K must have integers from -128 to 127, got';
    expect(refusal(() => read('INT8', [1], [128]))).toBe(`${rule} 128 at element 0`);
    expect(refusal(() => read('INT8', [1], [-129]))).toBe(`${rule} -129 at element 0`);
    expect(refusal(() => read('INT8', [1], [0.5]))).toBe(`${rule} 0.5 at element 0`);
    expect(refusal(() => read('INT8', [1], ['NaN']))).toBe(`${rule} the string "NaN" at element 0`);
  });

  test('of booleans are true and false', () => {
    expect(read('BOOL', [2, 1], [[true], [false]])).toEqual(Uint8Array.of(1, 0));
    expect(refusal(() => read('BOOL', [2], [true, 1]))).toBe('input K must have true and false, got 1 at element 1');
  });
});

describe('numbers in bytes', () => {
  const body = (bytes: ArrayBufferView) => new Chunks([Buffer.from('{}'), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)]);
  const read = (datatype: DatatypeName, shape: readonly number[], bytes: ArrayBufferView, binaryBytes = bytes.byteLength) =>
    readValues({ name: 'K', datatype, shape, data: undefined, binaryBytes }, body(bytes), 2, undefined);

  test('are read as they lie, and converted once where that is needed', () => {
    expect(read('FP32', [2], Float32Array.of(1.5, -2))).toEqual(Float32Array.of(1.5, -2));
    expect(read('FP64', [1], Float64Array.of(0.1))).toEqual(Float64Array.of(0.1));
    expect(read('FP16', [2, 1], Float16Array.of(0.5, Number.NaN))).toEqual(Float32Array.of(0.5, Number.NaN));
    expect(read('BF16', [1], Uint16Array.of(0x4000))).toEqual(Float32Array.of(2));
    expect(read('INT64', [1], BigInt64Array.of(-7n))).toEqual(Float64Array.of(-7));
    expect(read('UINT8', [2], Uint8Array.of(0, 255))).toEqual(Float32Array.of(0, 255));
    expect(read('FP32', [0], new Float32Array(0))).toEqual(new Float32Array(0));
  });

  test('go where the kernel reads them', () => {
    const room = new Float32Array(8).subarray(2, 4);
    const values = readValues(
      { name: 'K', datatype: 'FP32', shape: [2], data: undefined, binaryBytes: 8 },
      body(Float32Array.of(3, 4)),
      2,
      (length) => room.subarray(0, length),
    );
    expect(values.buffer).toBe(room.buffer);
    expect([...new Float32Array(room.buffer)]).toEqual([0, 0, 3, 4, 0, 0, 0, 0]);
  });

  test('of booleans are bytes of 0 and 1', () => {
    expect(read('BOOL', [3], Uint8Array.of(0, 1, 0))).toEqual(Uint8Array.of(0, 1, 0));
    expect(refusal(() => read('BOOL', [3], Uint8Array.of(0, 1, 2)))).toBe('input K must have bytes of 0 or 1, got 2 at element 2');
    expect(refusal(() => read('BOOL', [1], Uint8Array.of(2)))).toBe('input K must have bytes of 0 or 1, got 2 at element 0');
  });

  test('are as many as the shape says', () => {
    expect(refusal(() => read('FP16', [2, 3], new Uint8Array(10)))).toBe(
      'input K says binary_data_size 10, but 6 elements of FP16 (the shape [2, 3]) are 12 bytes',
    );
  });
});

describe('numbers that were read into memory already', () => {
  const values = (datatype: DatatypeName, array: NumberArray, shape: readonly number[], room?: (length: number) => Float32Array) =>
    readValues({ name: 'K', datatype, shape, data: array, binaryBytes: undefined }, NOTHING, 0, room);
  const doubles = (...numbers: number[]) => new NumberArray(Float64Array.from(numbers), [numbers.length], false);
  const refusedOf = (datatype: DatatypeName, array: NumberArray, shape: readonly number[]) => refusal(() => values(datatype, array, shape));

  test('are those of the tensor, flat or nested as the shape is', () => {
    const six = Float64Array.of(1, 2, 3, 4, 5, 6);
    for (const shape of [[6], [2, 3]]) expect(values('FP64', new NumberArray(six, shape, false), [2, 3])).toEqual(six);
    for (const shape of [[5], [3, 2], [2, 2], [2, 3, 1], [1, 2, 3]])
      expect(refusedOf('FP64', new NumberArray(six, shape, false), [2, 3])).toBe('data of input K must be an array, got an object');
  });

  test('are rounded to the datatype, and stand where there is room', () => {
    expect(values('FP32', doubles(0.1, -2), [2])).toEqual(Float32Array.of(0.1, -2));
    expect(values('FP16', doubles(0.26), [1])).toEqual(Float32Array.of(Math.f16round(0.26)));
    expect(values('INT64', doubles(-7), [1])).toEqual(Float64Array.of(-7));
    const room = new Float32Array(2);
    expect(values('FP32', new NumberArray(Float32Array.of(1, 2), [2], false), [2], () => room)).toBe(room);
    expect(room).toEqual(Float32Array.of(1, 2));
  });

  test('of a mask are bytes', () => {
    const flags = Uint8Array.of(1, 0);
    expect(values('BOOL', new NumberArray(flags, [2], false), [2])).toBe(flags);
    expect(() => values('BOOL', doubles(1, 0), [2])).toThrow('must be an array');
    expect(() => values('FP32', new NumberArray(flags, [2], false), [2])).toThrow('must be an array');
  });

  test.each<[DatatypeName, number, boolean]>([
    ['UINT8', 255, true],
    ['UINT8', 256, false],
    ['UINT8', 0, true],
    ['UINT8', -1, false],
    ['UINT8', 0.5, false],
    ['FP16', 65_504, true],
    ['FP16', -65_504, true],
    ['FP16', 1e6, false],
    ['FP16', -1e6, false],
    ['FP32', 1e39, false],
  ])('of %s may hold %f: %j; a tensor with one that it may not is refused', (datatype, number, fits) => {
    if (fits) expect([...values(datatype, doubles(number), [1])]).toEqual([number]);
    else expect(() => values(datatype, doubles(number), [1])).toThrow('must be an array');
  });

  test('in single precision are no doubles, and no halves', () => {
    const singles = new NumberArray(Float32Array.of(1.5), [1], false);
    expect(values('FP32', singles, [1])).toEqual(Float32Array.of(1.5));
    for (const datatype of ['FP64', 'FP16', 'INT8'] as const) expect(() => values(datatype, singles, [1])).toThrow('must be an array');
  });

  test('may not have a null', () => {
    expect(() => values('FP64', new NumberArray(Float64Array.of(1, Number.NaN), [2], true), [2])).toThrow('must be an array');
  });
});
