import { describe, expect, test } from 'vitest';
import { Chunks } from '../../src/wire/chunks.ts';
import { readInferenceRequest } from '../../src/wire/inference-request.ts';
import { refusal } from './refused.ts';

const MODEL = { name: 'attention', version: '1' };
const Q = { name: 'Q', shape: [1, 1, 1, 2], datatype: 'FP32', data: [1, 0] };
const K = { name: 'K', shape: [1, 1, 2, 2], datatype: 'FP32', data: [1, 0, 0, 1] };
const V = { name: 'V', shape: [1, 1, 2, 1], datatype: 'FP32', data: [5, 6] };
const inputs = [Q, K, V];

const asked = (request: object) => readInferenceRequest(new Chunks([Buffer.from(JSON.stringify({ inputs, ...request }))]), undefined, MODEL);
const refused = (request: object, code?: string) => refusal(() => asked(request), code);
/** The three inputs, some of another datatype. */
const ofTypes = (types: { Q?: string; K?: string; V?: string }, ...more: object[]) =>
  inputs.map((input) => ({ ...input, ...(types[input.name as 'Q'] !== undefined && { datatype: types[input.name as 'Q'] }) })).concat(more as []);

describe('an inference request', () => {
  test('is understood but for its numbers, which are read when they are asked for', () => {
    const { readInputs, ...said } = asked({ id: 'mine', parameters: { scale: 2 }, outputs: [{ name: 'lse' }] });
    expect(said).toMatchObject({
      id: 'mine',
      shapes: { Q: [1, 1, 1, 2], K: [1, 1, 2, 2], V: [1, 1, 2, 1] },
      attributes: { scale: 2 },
      outputs: [{ name: 'lse', datatype: 'FP32', binary: false }],
      precision: 'float32',
      converted: 0,
    });
    expect(readInputs()).toEqual({
      Q: { data: Float32Array.of(1, 0), shape: [1, 1, 1, 2] },
      K: { data: Float32Array.of(1, 0, 0, 1), shape: [1, 1, 2, 2] },
      V: { data: Float32Array.of(5, 6), shape: [1, 1, 2, 1] },
    });
  });

  test('is computed in double precision where a tensor of queries or values is', () => {
    expect(asked({ inputs: ofTypes({ Q: 'FP64', K: 'FP64' }) }).precision).toBe('float64');
    expect(asked({ inputs: ofTypes({ V: 'FP64' }) }).precision).toBe('float64');
    expect(asked({ inputs: ofTypes({ Q: 'FP16', K: 'FP16', V: 'BF16' }) }).precision).toBe('float32');
  });

  test('counts the numbers that must be converted', () => {
    const mask = { name: 'attn_mask', shape: [1, 2], datatype: 'BOOL', data: [true, false] };
    const lengths = { name: 'nonpad_kv_seqlen', shape: [1], datatype: 'INT64', data: [2] };
    expect(asked({ inputs: ofTypes({ Q: 'FP64', K: 'FP64' }, mask) }).converted).toBe(0);
    expect(asked({ inputs: ofTypes({ Q: 'FP16', K: 'FP16' }) }).converted).toBe(2 + 4);
    expect(asked({ inputs: ofTypes({ V: 'BF16' }, lengths) }).converted).toBe(2 + 1);
  });

  test('says all outputs as bytes in one word', () => {
    expect(asked({ parameters: { binary_data_output: true } }).outputs).toEqual([{ name: 'Y', datatype: 'FP32', binary: true }]);
  });
});

describe('what else a client may say', () => {
  test('is which model it means', () => {
    for (const said of [{ model_name: 'attention', model_version: '1' }, { model_version: '' }, { model_name: null }, { id: null, outputs: null }])
      expect(asked(said).id).toBeUndefined();
    expect(refused({ model_name: 'other' }, 'not-found')).toBe('model_name is "other"; the one model is attention, version 1');
    expect(refused({ model_name: '' }, 'not-found')).toBe('model_name is ""; the one model is attention, version 1');
    expect(refused({ model_version: '2' }, 'not-found')).toBe('model_version is "2"; the one model is attention, version 1');
    expect(refused({ model_version: 1 })).toBe('model_version must be a string, got 1');
  });

  test('is an id that is a string', () => {
    expect(refused({ id: 1 })).toBe('id must be a string, got 1');
  });

  test('is nothing that is not known', () => {
    expect(refused({ model: 1 })).toBe('the request can’t have "model"; it has id, model_name, model_version, parameters, inputs, outputs');
    expect(refused({ parameters: { scal: 1 } })).toContain('parameters can’t have "scal"; it has scale, is_causal,');
    expect(refused({ parameters: { scale: true } })).toBe('parameters.scale must be a finite number, got the boolean true');
    expect(refused({ outputs: [{ name: 'Z' }] })).toContain('outputs[0].name must be one of Y,');
  });
});

describe('the inputs', () => {
  test('are an array of tensors, each known and given once', () => {
    expect(refused({ inputs: undefined })).toBe('inputs must be an array of tensors, got nothing');
    expect(refused({ inputs: Array(8).fill(Q) })).toBe('inputs must be at most 7 tensors, got 8');
    expect(refused({ inputs: Array(7).fill(Q) })).toBe('input Q is given twice');
    expect(refused({ inputs: [K, 'Q'] })).toBe('inputs[1] must be a JSON object, got the string "Q"');
  });

  test.each([
    ['Q', [K, V]],
    ['K', [Q, V]],
    ['V', [K, Q]],
  ])('have %s', (name, given) => {
    expect(refused({ inputs: given })).toBe(`input ${name} is required`);
  });

  test('have datatypes that fit', () => {
    const past = (name: string, datatype: string) => ({ name, shape: [1, 1, 0, 2], datatype, data: [] });
    expect(refused({ inputs: ofTypes({ K: 'FP16' }) })).toBe('K must have the datatype FP32 of Q, got FP16');
    expect(refused({ inputs: ofTypes({ V: 'FP64' }, past('past_key', 'FP64')) })).toBe('past_key must have the datatype FP32 of Q, got FP64');
    expect(refused({ inputs: ofTypes({ V: 'FP64' }, past('past_value', 'FP32')) })).toBe('past_value must have the datatype FP64 of V, got FP32');
    expect(() => asked({ inputs: ofTypes({ V: 'FP64' }, past('past_key', 'FP32'), past('past_value', 'FP64')) })).not.toThrow();
    expect(refused({ inputs: ofTypes({ Q: 'INT8', K: 'INT8' }) })).toBe('Q must be FP16, BF16, FP32 or FP64, got INT8');
    expect(refused({ inputs: ofTypes({ V: 'BOOL' }) })).toBe('V must be FP16, BF16, FP32 or FP64, got BOOL');
    expect(refused({ inputs: ofTypes({}, { name: 'nonpad_kv_seqlen', shape: [1], datatype: 'INT32', data: [2] }) })).toBe(
      'nonpad_kv_seqlen must be INT64, got INT32',
    );
  });
});

describe('bytes after the JSON', () => {
  const bytesOf = (...numbers: number[]) => Buffer.from(Float32Array.from(numbers).buffer);
  const binary = ({ data: _, ...input }: typeof Q, size: number) => ({ ...input, parameters: { binary_data_size: size } });
  const body = (request: object, ...bytes: Buffer[]) => {
    const json = Buffer.from(JSON.stringify(request));
    return { json, whole: new Chunks([json, ...bytes]) };
  };
  const mixed = body({ inputs: [binary(Q, 8), K, binary(V, 8)] }, bytesOf(1, 2), bytesOf(3, 4));

  test('belong to the tensors in the order of the JSON, between those that it holds itself', () => {
    const made: number[] = [];
    const read = readInferenceRequest(mixed.whole, String(mixed.json.length), MODEL).readInputs((length) => {
      made.push(length);
      return new Float32Array(length);
    });
    expect(read.Q.data).toEqual(Float32Array.of(1, 2));
    expect(read.K.data).toEqual(Float32Array.of(1, 0, 0, 1));
    expect(read.V.data).toEqual(Float32Array.of(3, 4));
    expect(made).toEqual([2, 4, 2]);
  });

  test('are as many as the tensors say', () => {
    const short = body({ inputs: [binary(Q, 8), K, V] }, bytesOf(1));
    expect(refusal(() => readInferenceRequest(short.whole, String(short.json.length), MODEL).readInputs())).toBe(
      'the binary tensors are 8 bytes by their binary_data_size, but 4 bytes follow the JSON',
    );
    const unasked = body({ inputs }, bytesOf(1));
    expect(refusal(() => readInferenceRequest(unasked.whole, String(unasked.json.length), MODEL).readInputs())).toBe(
      'the binary tensors are 0 bytes by their binary_data_size, but 4 bytes follow the JSON',
    );
  });

  test('need the header that says where they begin', () => {
    const rule =
      'where the bytes of binary tensors follow the JSON, the header Inference-Header-Content-Length must say how long the JSON is; it is missing';
    const { whole } = body({ inputs: [binary(Q, 0), K, V] });
    expect(refusal(() => readInferenceRequest(whole, undefined, MODEL).readInputs())).toBe(`input Q is binary, so ${rule}`);
    const withBytes = body({ inputs: [binary(Q, 4), K, V] }, Buffer.of(0xff, 0xff, 0xff, 0xff));
    expect(refusal(() => readInferenceRequest(withBytes.whole, undefined, MODEL), 'malformed-json')).toContain(`a byte that is not UTF-8; ${rule}`);
    // Where the header is there, nothing else follows what it covers.
    expect(refusal(() => readInferenceRequest(withBytes.whole, String(withBytes.whole.length), MODEL), 'malformed-json')).toMatch(/not UTF-8$/);
  });

  test('have a header of digits, within the body', () => {
    const { json, whole } = mixed;
    const rule = `Inference-Header-Content-Length must be an integer from 0 to the ${whole.length} bytes of the body, got`;
    const read = (header: string) => refusal(() => readInferenceRequest(whole, header, MODEL));
    expect(read(String(whole.length + 1))).toBe(`${rule} "${whole.length + 1}"`);
    expect(read('-1')).toBe(`${rule} "-1"`);
    expect(read('1e2')).toBe(`${rule} "1e2"`);
    expect(read(`${json.length}, ${json.length}`)).toBe(`${rule} "${json.length}, ${json.length}"`);
    expect(read('x1')).toBe(`${rule} "x1"`);
    expect(read('')).toBe(`${rule} ""`);
    expect(read('0'.repeat(16))).toBe(`${rule} "${'0'.repeat(16)}"`);
    expect(read('0')).toBe(
      'Inference-Header-Content-Length is 0, a raw binary request, which this model can’t take: it has several inputs of variable shape',
    );
    const all = body({ inputs });
    expect(readInferenceRequest(all.whole, String(all.json.length), MODEL).readInputs().V.data).toEqual(Float32Array.of(5, 6));
  });
});

test('a number that JSON lacks is to be written as a string', () => {
  const text = JSON.stringify({ inputs }).replace('[5,6]', '[NaN,6]');
  const message = refusal(() => readInferenceRequest(new Chunks([Buffer.from(text)]), undefined, MODEL), 'malformed-json');
  expect(message).toMatch(
    /: NaN is not a number of JSON\. JSON has no such number; in a tensor of floats write it as a string: "NaN", "Infinity" or "-Infinity"$/,
  );
});
