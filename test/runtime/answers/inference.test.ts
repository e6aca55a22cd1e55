import { describe, expect, test } from 'vitest';
import type { Kernel } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { inference, MODEL } from '../../../src/runtime/answers/inference.ts';
import { costOf, PRINTED_BYTES } from '../../../src/runtime/cost.ts';
import type { Means } from '../../../src/runtime/question.ts';
import { codec } from '../../codec.ts';
import { json } from '../asked.ts';

const LIMITS = { work: 1e9, replyNumbers: 1e6 };
const tiled: Kernel = { ...reference, isTiled: (precision, softmax) => precision === softmax };
const read = (request: object, means: Partial<Means> = {}) =>
  inference({ kind: 'inference', body: json(request), jsonLength: undefined }, { kernel: tiled, codec, limits: LIMITS, ...means });
const tensor = (name: string, shape: number[], datatype = 'FP32') => ({
  name,
  shape,
  datatype,
  data: Array<number | boolean>(shape.reduce((product, size) => product * size, 1)).fill(datatype === 'BOOL' ? true : 1),
});
const inputs = (datatype = 'FP32') => [tensor('Q', [2, 4, 3, 2], datatype), tensor('K', [2, 2, 5, 2], datatype), tensor('V', [2, 2, 5, 6], datatype)];
const outputs = (...names: string[]) => names.map((name) => ({ name }));

const WORK = 2 * 4 * 3 * 5 * (2 + 6);
const PAIRS = 2 * 4 * 3 * 5;
const ROWS = 2 * 4 * 3;
/** Queries and contexts, keys and values. */
const TENSORS = 2 * (4 * 3 * (2 + 6) + 2 * 5 * (2 + 6));

describe('a call of the operator', () => {
  test('is sized, counted and priced', () => {
    const task = read({ inputs: inputs(), outputs: outputs('lse', 'Y') });
    const numbers = ROWS + ROWS * 6;
    expect(task.sizes).toEqual({ B: 2, H: 4, G: 2, M: 3, N: 5, D: 2, E: 6 });
    expect(task.work).toBe(WORK);
    expect(task.cost).toBe(costOf({ work: WORK, pairs: PAIRS, row: ROWS, moved: TENSORS + numbers, printed: numbers }, 'tiled float32', codec.name));
    expect(task.holds).toBe(2 * 4 * (TENSORS + numbers) + PRINTED_BYTES * numbers);
  });

  test('what leaves as bytes is copied, not printed', () => {
    const task = read({ inputs: inputs(), outputs: [{ name: 'lse', parameters: { binary_data: true } }, { name: 'Y' }] });
    const moved = TENSORS + ROWS + ROWS * 6;
    expect(task.cost).toBe(costOf({ work: WORK, pairs: PAIRS, row: ROWS, moved, printed: ROWS * 6, copied: ROWS }, 'tiled float32', codec.name));
    expect(task.holds).toBe(2 * 4 * moved + PRINTED_BYTES * ROWS * 6);
  });

  test('a mask is looked up for each pair', () => {
    const masked = read({ inputs: [...inputs(), tensor('attn_mask', [3, 5], 'BOOL')], outputs: outputs('lse') });
    const load = { work: WORK, pairs: PAIRS, row: ROWS, moved: TENSORS + ROWS, printed: ROWS };
    expect(read({ inputs: inputs(), outputs: outputs('lse') }).cost).toBe(costOf(load, 'tiled float32', codec.name));
    expect(masked.cost).toBe(costOf({ ...load, masked: PAIRS, converted: 0 }, 'tiled float32', codec.name));
  });

  test('doubles are twice as long, and halves are converted', () => {
    const load = { work: WORK, pairs: PAIRS, row: ROWS, moved: TENSORS + ROWS, printed: ROWS };
    const doubles = read({ inputs: inputs('FP64'), outputs: outputs('lse') });
    expect(doubles.cost).toBe(costOf(load, 'tiled float64', codec.name));
    expect(doubles.holds).toBe(2 * 8 * (TENSORS + ROWS) + PRINTED_BYTES * ROWS);
    const halves = read({ inputs: inputs('FP16'), outputs: outputs('lse') });
    expect(halves.cost).toBe(costOf({ ...load, converted: 2 * 4 * 3 * 2 + 2 * 2 * 5 * (2 + 6) }, 'tiled float32', codec.name));
  });

  test('softmax in another precision is for the reference', () => {
    const asked = { inputs: inputs(), outputs: outputs('lse'), parameters: { softmax_precision: 11 } };
    expect(read(asked).cost).toBe(costOf({ work: WORK, pairs: PAIRS, row: ROWS, moved: TENSORS + ROWS, printed: ROWS }, 'float32', codec.name));
  });

  test('heads that lie side by side are laid out row by row, and a past head by head', () => {
    const packed = read({
      inputs: [tensor('Q', [2, 3, 8]), tensor('K', [2, 5, 4]), tensor('V', [2, 5, 12])],
      parameters: { q_num_heads: 4, kv_num_heads: 2 },
      outputs: outputs('lse'),
    });
    const load = { work: WORK, pairs: PAIRS, row: ROWS, moved: TENSORS + ROWS, printed: ROWS };
    expect(packed.cost).toBe(costOf({ ...load, movedRow: 2 * 2 * 5 }, 'tiled float32', codec.name));
    const past = read({
      inputs: [
        tensor('Q', [2, 4, 3, 2]),
        tensor('K', [2, 2, 4, 2]),
        tensor('V', [2, 2, 4, 6]),
        tensor('past_key', [2, 2, 1, 2]),
        tensor('past_value', [2, 2, 1, 6]),
      ],
      outputs: outputs('lse'),
    });
    expect(past.cost).toBe(costOf({ ...load, movedRow: 2 * 2 }, 'tiled float32', codec.name));
  });

  test('over a limit is refused before its numbers are read', () => {
    const unread = { name: 'Q', shape: [2, 4, 3, 2], datatype: 'FP32', data: ['no number'] };
    const asked = { inputs: [unread, ...inputs().slice(1)], outputs: outputs('lse') };
    expect(() => read(asked, { limits: { ...LIMITS, work: WORK - 1 } })).toThrow(`MAX_WORK is ${WORK - 1}`);
    expect(() => read(asked, { limits: { ...LIMITS, replyNumbers: ROWS - 1 } })).toThrow('the request has 24 queries');
    const giant = { inputs: [{ name: 'Q', shape: [2 ** 31, 0, 1, 1], datatype: 'FP32', data: [] }, ...inputs().slice(1)] };
    expect(() => read(giant)).toThrow(expect.objectContaining({ code: 'work-too-large' }));
  });
});

describe('its answer', () => {
  const one = (name: string, data: number[]) => ({ name, shape: [1, 1, data.length, 1], datatype: 'FP32', data });
  const SMALL = { inputs: [one('Q', [0]), one('K', [1, 2]), one('V', [1, 3])] };

  test('is computed, then written, and says when', () => {
    let computed = 0;
    const answer = read(SMALL).carryOut(() => computed++);
    expect(JSON.parse(`${answer.body}`)).toEqual({
      model_name: MODEL.name,
      model_version: MODEL.version,
      outputs: [{ name: 'Y', datatype: 'FP32', shape: [1, 1, 1, 1], data: [2] }],
    });
    expect(answer.jsonLength).toBeUndefined();
    expect(computed).toBe(1);
    expect(read(SMALL).carryOut().body).toEqual(answer.body);
  });

  test('with bytes says how long the JSON before them is', () => {
    const { body, jsonLength } = read({ ...SMALL, outputs: [{ name: 'Y', parameters: { binary_data: true } }] }).carryOut();
    if (typeof body === 'string' || jsonLength === undefined) throw new Error('no bytes came');
    expect(body.readFloatLE(jsonLength)).toBe(2);
    expect(body.length).toBe(jsonLength + 4);
  });

  test('of present keys and values alone needs no attention', () => {
    const kernel: Kernel = {
      ...reference,
      attend: () => {
        throw new Error('nothing is to be attended');
      },
    };
    const { body } = read({ ...SMALL, outputs: outputs('present_key') }, { kernel }).carryOut();
    expect(JSON.parse(`${body}`).outputs).toEqual([{ name: 'present_key', datatype: 'FP32', shape: [1, 1, 2, 1], data: [1, 2] }]);
    expect(() => read(SMALL, { kernel }).carryOut()).toThrow('nothing is to be attended');
  });

  test('is computed where the kernel has made room, and looks at the checkpoint', () => {
    const rooms: number[] = [];
    const checkpoints: unknown[] = [];
    const kernel: Kernel = {
      ...reference,
      float32: (length) => {
        rooms.push(length);
        return new Float32Array(length);
      },
      attend: (call) => {
        checkpoints.push(call.checkpoint);
        return reference.attend(call);
      },
    };
    const checkpoint = () => undefined;
    read(SMALL, { kernel, checkpoint }).carryOut();
    expect(rooms).toEqual([1, 2, 2]);
    expect(checkpoints).toEqual([checkpoint]);
  });
});

test('the model is attention, version 1', () => {
  expect(MODEL).toEqual({ name: 'attention', version: '1' });
  expect(() => read({ inputs: inputs(), model_name: 'another' })).toThrow('the one model is attention, version 1');
});
