import { describe, expect, test } from 'vitest';
import type { Dense, OnnxOutput } from '../../src/engine/onnx.ts';
import type { AskedOutput } from '../../src/wire/inference-attributes.ts';
import { inferenceReply } from '../../src/wire/inference-reply.ts';
import { codec } from '../codec.ts';

const MODEL = { name: 'attention', version: '1' };
const results = new Map<OnnxOutput, Dense>([
  ['Y', { data: Float32Array.of(0.26, 1 / 3), shape: [1, 2] }],
  ['lse', { data: Float64Array.of(0.1, Number.NEGATIVE_INFINITY), shape: [2] }],
]);
const reply = (outputs: readonly AskedOutput[], id?: string) => inferenceReply({ id, outputs }, results, MODEL);
const text = (outputs: readonly AskedOutput[], id?: string) => codec.print(reply(outputs, id).json).toString();

describe('a reply', () => {
  test('says the model, the id of the request, and each output in the order in which it was asked for', () => {
    const printed = text(
      [
        { name: 'lse', datatype: 'FP64', binary: false },
        { name: 'Y', datatype: 'FP32', binary: false },
      ],
      'mine',
    );
    expect(printed).toBe(
      '{"model_name":"attention","model_version":"1","id":"mine","outputs":[{"name":"lse","datatype":"FP64","shape":[2],"data":[0.1,"-Infinity"]},{"name":"Y","datatype":"FP32","shape":[1,2],"data":[0.26,0.33333334]}]}',
    );
    expect(JSON.parse(text([]))).toEqual({ model_name: 'attention', model_version: '1', outputs: [] });
  });

  test('has numbers as their datatype holds them', () => {
    const data = (datatype: AskedOutput['datatype']) => JSON.parse(text([{ name: 'Y', datatype, binary: false }])).outputs[0].data;
    expect(data('FP16')).toEqual([0.26000977, 0.33325195]);
    expect(data('BF16')).toEqual([0.25976562, 0.33398438]);
    expect(data('FP64')).toEqual([Math.fround(0.26), Math.fround(1 / 3)]);
  });

  test('has binary outputs as bytes, and says how many', () => {
    const asked: AskedOutput[] = [
      { name: 'Y', datatype: 'FP16', binary: true },
      { name: 'lse', datatype: 'FP64', binary: true },
    ];
    expect(JSON.parse(text(asked)).outputs).toEqual([
      { name: 'Y', datatype: 'FP16', shape: [1, 2], parameters: { binary_data_size: 4 } },
      { name: 'lse', datatype: 'FP64', shape: [2], parameters: { binary_data_size: 16 } },
    ]);
    const bytes = Buffer.concat(reply(asked).binary);
    expect(bytes).toHaveLength(20);
    expect([bytes.readUInt16LE(0), bytes.readUInt16LE(2)]).toEqual([...new Uint16Array(Float16Array.of(0.26, 1 / 3).buffer)]);
    expect([bytes.readDoubleLE(4), bytes.readDoubleLE(12)]).toEqual([0.1, Number.NEGATIVE_INFINITY]);
  });

  test('may have some outputs as bytes and others not', () => {
    const asked: AskedOutput[] = [
      { name: 'Y', datatype: 'FP32', binary: true },
      { name: 'lse', datatype: 'FP32', binary: false },
    ];
    expect(reply(asked).binary.map(({ length }) => length)).toEqual([8]);
    expect(JSON.parse(text(asked)).outputs[1].data).toEqual([0.1, '-Infinity']);
  });

  test('has of a part of memory that part alone', () => {
    const part = new Map<OnnxOutput, Dense>([['Y', { data: Float32Array.of(1, 2, 3).subarray(1, 2), shape: [1] }]]);
    const { binary } = inferenceReply({ id: undefined, outputs: [{ name: 'Y', datatype: 'FP32', binary: true }] }, part, MODEL);
    expect(binary.map((bytes) => [...bytes])).toEqual([[...new Uint8Array(Float32Array.of(2).buffer)]]);
  });
});

test('of an output that the operator did not give is a defect, and no empty tensor', () => {
  expect(() => text([{ name: 'present_key', datatype: 'FP32', binary: false }])).toThrow('the operator gave no present_key, which was asked for');
});

test('numbers that are held as the datatype holds them are not copied', () => {
  const data = (output: AskedOutput['name'], datatype: AskedOutput['datatype']) =>
    reply([{ name: output, datatype, binary: false }]).json.flatMap((segment) => (typeof segment === 'string' ? [] : [segment.data]))[0];
  const [single, double] = [results.get('Y')?.data, results.get('lse')?.data];
  expect([data('Y', 'FP32') === single, data('lse', 'FP64') === double]).toEqual([true, true]);
  expect([data('Y', 'FP64'), data('lse', 'FP32')]).toEqual([Float64Array.from(single ?? []), Float32Array.from(double ?? [])]);
});
