import { describe, expect, test } from 'vitest';
import { REQUEST_PARAMETERS, readOutputs, readRequestParameters } from '../../src/wire/inference-attributes.ts';
import { refusal } from './refused.ts';

describe('the parameters of a request', () => {
  test('are the attributes of the operator, and whether outputs come as bytes', () => {
    expect(REQUEST_PARAMETERS).toEqual([
      'scale',
      'is_causal',
      'q_num_heads',
      'kv_num_heads',
      'softcap',
      'qk_matmul_output_mode',
      'softmax_precision',
      'left_window_size',
      'right_window_size',
      'binary_data_output',
    ]);
    const { attributes, everyBinary } = readRequestParameters({
      scale: 0.1,
      is_causal: 1,
      q_num_heads: 4,
      kv_num_heads: 2,
      softcap: 0,
      qk_matmul_output_mode: 3,
      softmax_precision: 16,
      left_window_size: -1,
      right_window_size: 2,
      binary_data_output: true,
    });
    expect(attributes).toEqual({
      scale: 0.1,
      is_causal: true,
      q_num_heads: 4,
      kv_num_heads: 2,
      softcap: 0,
      qk_matmul_output_mode: 3,
      softmax_precision: 'bfloat16',
      left_window_size: -1,
      right_window_size: 2,
    });
    expect(everyBinary).toBe(true);
  });

  test('may be absent', () => {
    const { attributes, everyBinary } = readRequestParameters({});
    expect(Object.values(attributes).filter((value) => value !== undefined)).toEqual([]);
    expect(everyBinary).toBe(false);
  });

  test.each<[object, string]>([
    [{ scale: 'x' }, 'parameters.scale must be a finite number, got the string "x"'],
    [{ is_causal: 2 }, 'parameters.is_causal must be 0, 1, true or false, got 2'],
    [{ q_num_heads: 0 }, 'parameters.q_num_heads must be an integer from 1 to 2147483647, got 0'],
    [{ kv_num_heads: 2 ** 31 }, 'parameters.kv_num_heads must be an integer from 1 to 2147483647, got 2147483648'],
    [{ softcap: -1 }, 'parameters.softcap must be a finite number of at least 0, got -1'],
    [{ qk_matmul_output_mode: 4 }, 'parameters.qk_matmul_output_mode must be an integer from 0 to 3, got 4'],
    [{ softmax_precision: 2 }, 'parameters.softmax_precision must be 1 (FLOAT), 10 (FLOAT16), 11 (DOUBLE) or 16 (BFLOAT16), got 2'],
    [{ left_window_size: -2 }, 'parameters.left_window_size must be an integer of at least -1, got -2'],
    [{ right_window_size: 1.5, left_window_size: 'x' }, 'parameters.left_window_size must be an integer of at least -1, got the string "x"'],
    [{ binary_data_output: 1 }, 'parameters.binary_data_output must be true or false, got 1'],
  ])('%j is refused', (parameters, message) => {
    expect(refusal(() => readRequestParameters({ ...parameters }))).toBe(message);
  });
});

describe('the outputs', () => {
  const read = (value: unknown, everyBinary = false) => readOutputs(value, everyBinary, 'FP16', 'BF16');

  test('are Y alone where none is named', () => {
    expect(read(undefined)).toEqual([{ name: 'Y', datatype: 'FP16', binary: false }]);
    expect(read([], true)).toEqual([{ name: 'Y', datatype: 'FP16', binary: true }]);
  });

  test('have the datatypes of keys or values', () => {
    const all = ['Y', 'present_key', 'present_value', 'qk_matmul_output', 'lse'].map((name) => ({ name }));
    const types = (key: 'FP16' | 'FP64' | 'FP32', value: 'BF16' | 'FP64') => readOutputs(all, false, key, value).map(({ datatype }) => datatype);
    expect(types('FP16', 'BF16')).toEqual(['FP16', 'FP16', 'BF16', 'FP16', 'FP32']);
    expect(types('FP64', 'BF16')).toEqual(['FP64', 'FP64', 'BF16', 'FP64', 'FP64']);
    expect(types('FP32', 'FP64')).toEqual(['FP32', 'FP32', 'FP64', 'FP32', 'FP64']);
  });

  test('come as bytes where all do, or their own parameters say so', () => {
    const binary = (everyBinary: boolean, own: unknown) => read([{ name: 'lse', parameters: own }], everyBinary)[0]?.binary;
    expect([binary(false, { binary_data: true }), binary(true, { binary_data: false }), binary(true, null), binary(false, undefined)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test.each<[unknown, string]>([
    ['Y', 'outputs must be an array of outputs, got the string "Y"'],
    [{}, 'outputs must be an array of outputs, got an object'],
    [['Y'], 'outputs[0] must be a JSON object, got the string "Y"'],
    [[{ name: 'Y' }, { name: 'Z' }], 'outputs[1].name must be one of Y, present_key, present_value, qk_matmul_output, lse, got the string "Z"'],
    [[{}], 'outputs[0].name must be one of Y, present_key, present_value, qk_matmul_output, lse, got nothing'],
    [[{ name: 'lse' }, { name: 'Y' }, { name: 'lse' }], 'output lse is asked for twice'],
    [[{ name: 'Y', shape: [1] }], 'outputs[0] can’t have "shape"; it has name, parameters'],
    [[{ name: 'Y', parameters: { binary_data: 1 } }], 'parameters.binary_data of output Y must be true or false, got 1'],
    [[{ name: 'Y', parameters: 1 }], 'the parameters of output Y must be a JSON object, got 1'],
    [
      [{ name: 'Y', parameters: { binary: true } }],
      'the parameters of output Y can’t have "binary"; it has binary_data, timeout, priority, sequence_id, sequence_start, sequence_end, content_type, headers, classification',
    ],
  ])('%j are refused', (outputs, message) => {
    expect(refusal(() => read(outputs))).toBe(message);
  });
});
