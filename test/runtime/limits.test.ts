import { describe, expect, test } from 'vitest';
import { type OnnxShapes, onnxLayout } from '../../src/engine/onnx.ts';
import { tokenSizes } from '../../src/engine/token-attention.ts';
import {
  axesOf,
  numbersIn,
  refuseAxes,
  refuseCall,
  refuseMarks,
  refuseReply,
  refuseShown,
  refuseTooMuch,
  refuseWork,
  traceNumbersOf,
} from '../../src/runtime/limits.ts';
import { attentionOf, EVERY_AXIS, rows } from './asked.ts';

const refusal = (message: string) => expect.objectContaining({ code: 'work-too-large', message });
const limits = (work: number, replyNumbers: number) => ({ work, replyNumbers });
const FREE = limits(1e9, 1e9);

describe('attention over tokens', () => {
  test('counts every head, query row and key, and each projection of its own rows', () => {
    const work = 4 * 3 * 5 * (2 + 3) + 3 * 7 * 8 + 5 * 6 * 4 + 5 * 9 * 6 + 3 * 12 * 10;
    expect(refuseTooMuch(attentionOf(EVERY_AXIS), FREE).work).toBe(work);
    expect(refuseTooMuch(attentionOf(EVERY_AXIS), limits(work, 1e9)).work).toBe(work);
    expect(() => refuseTooMuch(attentionOf(EVERY_AXIS), limits(work - 1, 1e9))).toThrow(
      refusal(
        `the request asks for ${work} multiply-adds (h·m·n·(d_k + d_v) = 4·3·5·(2 + 3), and the projections); MAX_WORK is ${work - 1}. Ask with fewer rows, or send fewer tokens.`,
      ),
    );
  });

  test('without projections is the operator alone', () => {
    expect(refuseTooMuch(attentionOf({ tokens: rows(5, 6), query: [0, 1] }), FREE).work).toBe(2 * 5 * (6 + 6));
  });

  test.each([
    ['scores', 4 * 3 * 5],
    ['logits', 4 * 3 * 5],
    ['weights', 4 * 3 * 5],
    ['context', 3 * 10],
    ['lse', 4 * 3],
    ['entropy', 4 * 3],
    ['sink_weight', 4 * 3],
    ['queries', 4 * 3 * 2],
    ['keys', 2 * 5 * 2],
    ['values', 2 * 5 * 3],
  ])('%s is so many numbers of the reply', (output, numbers) => {
    expect(refuseTooMuch(attentionOf({ ...EVERY_AXIS, sink: [0, 0, 0, 0], include: [output] }), FREE).numbers).toBe(numbers);
  });

  test('adds up what it prints, and a trace, and refuses what is more than a reply may hold', () => {
    const asked = attentionOf({ ...EVERY_AXIS, include: ['scores', 'lse', 'keys'] });
    expect(refuseTooMuch(asked, limits(1e9, 60 + 12 + 20)).numbers).toBe(92);
    expect(refuseTooMuch(asked, FREE, 8).numbers).toBe(100);
    expect(() => refuseTooMuch(asked, limits(1e9, 99), 8)).toThrow(
      refusal('the reply would hold 100 numbers; MAX_REPLY_NUMBERS is 99. Ask for less in `include`, or with fewer rows.'),
    );
  });

  test.each([
    ['queries', { tokens: rows(1, 1), query: [0, 0], w_query: rows(1, 26), w_key: rows(1, 26) }],
    ['keys', { tokens: rows(2, 1), query: 0, w_query: rows(1, 26), w_key: rows(1, 26) }],
    ['values', { tokens: rows(2, 1), query: 0, w_value: rows(1, 26) }],
    ['context', { tokens: rows(1, 1), query: [0, 0], w_value: rows(1, 26), w_output: rows(26, 1) }],
    ['context', { tokens: rows(1, 2), heads: 2, kv_heads: 1, w_key: rows(2, 1), w_value: rows(2, 26), w_output: rows(52, 1) }],
    ['context', { tokens: rows(1, 1), w_output: rows(1, 52) }],
  ])('holds at most four replies of %s, whatever is included', (what, request) => {
    const asked = attentionOf({ ...request, include: ['lse'] });
    expect(refuseTooMuch(asked, limits(1e9, 13)).numbers).toBeLessThanOrEqual(2);
    expect(() => refuseTooMuch(asked, limits(1e9, 12))).toThrow(
      refusal(`the ${what} would be 52 numbers; at most 48 are held (4 times MAX_REPLY_NUMBERS). Ask with fewer rows, or smaller projections.`),
    );
  });

  test('says its axes by the engine’s letters', () => {
    expect(axesOf(tokenSizes(attentionOf(EVERY_AXIS)))).toEqual({ B: 1, H: 4, G: 2, M: 3, N: 5, D: 2, E: 3 });
  });

  test('its trace has dot products, products with values and six numbers for each pair, and two for each row', () => {
    expect(traceNumbersOf(tokenSizes(attentionOf(EVERY_AXIS)))).toBe(4 * 3 * (5 * (2 + 3 + 6) + 2));
  });
});

describe('axes of tensors', () => {
  const longest = 2 ** 31 - 1;

  test('may be as long as any array, in empty tensors too, and absent', () => {
    refuseAxes({ Q: [longest, 0], K: [1, longest], V: [] });
  });

  test('are refused beyond that, before they are multiplied', () => {
    expect(() => refuseAxes({ Q: [1], K: [0, longest + 1, 7], V: [1] })).toThrow(
      refusal('an axis is at most 2147483647 long; K has one of 2147483648, in the shape [0, 2147483648, 7]'),
    );
  });
});

describe('a call of the operator', () => {
  const SHAPES: OnnxShapes = { Q: [2, 4, 3, 2], K: [2, 2, 5, 2], V: [2, 2, 5, 6] };
  const layout = (shapes: OnnxShapes) => onnxLayout(shapes, {}, ['Y']);
  const work = 2 * 4 * 3 * 5 * (2 + 6);

  test('has rows over all heads, multiply-adds, and the numbers of what it gives', () => {
    expect(refuseCall(layout(SHAPES), ['lse', 'Y'], FREE)).toEqual({ work, rows: 24, numbers: 2 * 4 * 3 + 2 * 4 * 3 * 6 });
    expect(refuseCall(layout(SHAPES), [], limits(work, 24))).toEqual({ work, rows: 24, numbers: 0 });
    expect(refuseCall(layout(SHAPES), ['lse', 'Y'], limits(work, 168)).numbers).toBe(168);
  });

  test('is refused over a limit, with the axes that make it so', () => {
    expect(() => refuseCall(layout(SHAPES), [], limits(work, 23))).toThrow(
      refusal('the request has 24 queries (batch·heads·queries = 2·4·3); MAX_REPLY_NUMBERS is 23'),
    );
    expect(() => refuseCall(layout(SHAPES), [], limits(work - 1, 24))).toThrow(
      refusal(
        'the request asks for 960 multiply-adds (batch·heads·queries·keys·(d_k + d_v) = 2·4·3·5·(2 + 6)); MAX_WORK is 959. Ask with fewer rows, or send fewer tokens.',
      ),
    );
    expect(() => refuseCall(layout(SHAPES), ['lse', 'Y'], limits(work, 167))).toThrow(
      refusal(expect.stringMatching(/^the reply would hold 168 numbers/)),
    );
  });

  test('counts an empty axis as 1, since the others may be of any size', () => {
    expect(refuseCall(layout({ ...SHAPES, Q: [2, 4, 0, 2] }), ['lse'], FREE)).toEqual({ work: work / 3, rows: 8, numbers: 0 });
    expect(refuseCall(layout({ ...SHAPES, K: [2, 2, 0, 2], V: [2, 2, 0, 6] }), ['lse'], FREE)).toEqual({ work: work / 5, rows: 24, numbers: 24 });
  });

  test('is refused where what it could give has an axis that no array has', () => {
    const packed = { Q: [1, 1, 2 ** 30], K: [1, 1, 2 ** 29], V: [1, 1, 2 ** 31 - 1] };
    expect(() => refuseCall(onnxLayout(packed, { q_num_heads: 2, kv_num_heads: 1 }, ['Y']), ['Y'], limits(1e15, 1e15))).toThrow(
      refusal('an axis is at most 2147483647 long; Y has one of 4294967294, in the shape [1, 1, 4294967294]'),
    );
  });

  test('a shape has the product of its axes as numbers, and one where it has no axis', () => {
    expect(numbersIn([2, 3, 5])).toBe(30);
    expect(numbersIn([7, 0])).toBe(0);
    expect(numbersIn([])).toBe(1);
  });
});

describe('what is shown to people', () => {
  const sizes = tokenSizes(attentionOf(EVERY_AXIS));

  test('has at most so many query rows and keys', () => {
    refuseShown(sizes, { rows: 3, keys: 5 }, 'the picture');
    for (const most of [
      { rows: 2, keys: 5 },
      { rows: 3, keys: 4 },
    ])
      expect(() => refuseShown(sizes, most, 'the picture')).toThrow(
        refusal(`the picture shows at most ${most.rows} query rows × ${most.keys} keys; the request has 3 × 5`),
      );
  });

  test('has at most so many marks', () => {
    refuseMarks(80, 80, sizes);
    expect(() => refuseMarks(81, 80, sizes)).toThrow(
      refusal('the heatmap draws at most 80 cells and labels; 4 heads of 3 × 5 have 81. Ask with fewer rows or heads.'),
    );
  });
});

test('a limit itself is within the limit', () => {
  refuseWork(10, limits(10, 1), 'a formula');
  refuseReply(10, limits(1, 10));
  expect(() => refuseWork(11, limits(10, 1), 'a formula')).toThrow('(a formula)');
  expect(() => refuseReply(11, limits(1, 10))).toThrow('11 numbers');
});
