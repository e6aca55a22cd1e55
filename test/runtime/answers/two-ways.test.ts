import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../../../src/engine/failure.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { beginAnswer } from '../../../src/runtime/answers.ts';
import { chooseCodec, codecOf } from '../../../src/runtime/codec.ts';
import type { Kind, Question } from '../../../src/runtime/question.ts';
import { attentionExamples, diagnoseExamples, inferenceExamples, mergeExamples } from '../../../src/schemas/examples.ts';
import type { Codec } from '../../../src/wire/numbers/codec.ts';
import type { NumberReader } from '../../../src/wire/numbers/number-reader.ts';
import { random } from '../../engine/calls.ts';
import { INVALID } from '../../http/invalid-requests.ts';
import { slow } from '../../slow.ts';

const limits = { work: 1e9, replyNumbers: 1e6 };
const portable = codecOf(chooseCodec('portable'));
const auto = codecOf(chooseCodec('auto'));

/** What the reader of numbers gives, so that no test can pass where it reads nothing. */
const reading = vi.spyOn(auto.reader as NumberReader, 'read');
const readings = (): number => reading.mock.results.filter(({ value }) => value !== undefined).length;

beforeEach(() => {
  reading.mockClear();
});

/** What comes of a question: the reply, or the failure. */
type Read = Exclude<Kind, 'shown' | 'vectors'>;

function outcome(kind: Read, body: string, codec: Codec): unknown {
  const question: Question = { kind, body: [Buffer.from(body, 'latin1')] };
  try {
    return beginAnswer(question, { kernel: reference, codec, limits }).finish('inline').answer.body.toString();
  } catch (error) {
    if (error instanceof Failure) return error.toPlain();
    throw error;
  }
}

function agree(kind: Read, body: string): void {
  const expected = outcome(kind, body, portable);
  const got = outcome(kind, body, auto);
  if (JSON.stringify(got) !== JSON.stringify(expected)) expect.soft(got, body).toEqual(expected);
}

/** Printed so wide that its arrays are worth reading, and as bytes that are characters. */
function wide(value: unknown): string {
  const text = typeof value === 'string' ? value : Buffer.from(JSON.stringify(value, null, 10)).toString('latin1');
  return text.padStart(1100);
}

const examples = [
  ...Object.entries(attentionExamples).map(([name, { value }]) => ['attention', name, value] as const),
  ...Object.entries(diagnoseExamples).map(([name, { value }]) => ['diagnose', name, value] as const),
  ...Object.entries(mergeExamples).map(([name, { value }]) => ['merge', name, value] as const),
  ...Object.entries(inferenceExamples).map(([name, { value }]) => ['inference', name, value] as const),
];

const numbers = (count: number) => Array.from({ length: count }, (_, i) => Math.sin(i));
const rows = (count: number, columns: number) => Array.from({ length: count }, (_, r) => numbers(columns).map((x) => x * (r + 1)));
const tensor = (name: string, datatype: string, shape: number[], data: unknown) => ({ name, datatype, shape, data });
const qkv = (datatype: string, data: unknown = numbers(1000)) => ['Q', 'K', 'V'].map((name) => tensor(name, datatype, [1, 2, 10, 50], data));
const MASK = Array.from({ length: 20 }, (_, i) => Array.from({ length: 20 }, (_, j) => i >= j));
const PAIRS = [rows(8, 8), rows(8, 8)];

/** Requests with long arrays of each kind. */
const long = [
  ['attention', 'float64', { tokens: rows(20, 20), dtype: 'float64' }],
  ['attention', 'a dtype in other letters', wide({ tokens: rows(20, 20), dtype: 'float64' }).replace('float64', 'float\\u0036\\u0034')],
  ['attention', 'a label that is a dtype', { tokens: rows(3, 20), labels: ['float64', 'float32', ''] }],
  ['attention', 'numbers that float32 has no room for', { tokens: [...rows(3, 20), numbers(20).map((x) => 1e39 * x)] }],
  ['attention', 'the same beside the word', { tokens: [...rows(3, 20), numbers(20).map((x) => 1e39 * x)], labels: ['float64', 'b', 'c', 'd'] }],
  ['attention', 'vectors', { tokens: rows(4, 800), queries: numbers(800), b_query: numbers(800), b_output: numbers(800) }],
  ['attention', 'positions', { tokens: rows(4, 20), query: Array.from({ length: 3000 }, (_, i) => i % 4) }],
  ['attention', 'positions that are no integers', { tokens: rows(4, 20), query: Array.from({ length: 3000 }, () => 1.00000001) }],
  ['attention', 'one sink a head', { tokens: rows(2, 2000), heads: 1000, sink: numbers(1000) }],
  ['attention', 'a mask and a bias', { tokens: rows(20, 20), mask: MASK, bias: rows(20, 20) }],
  ['attention', 'a mask and a bias a head', { tokens: rows(20, 20), heads: 2, mask: [MASK, MASK], bias: [rows(20, 20), rows(20, 20)] }],
  ['attention', 'a mask and a bias a key', { tokens: rows(2000, 3), query: 1, mask: numbers(2000).map((x) => x > 0), bias: numbers(2000) }],
  ['attention', 'numbers for a mask and booleans for a bias', { tokens: rows(20, 20), mask: rows(20, 20), bias: MASK }],
  ['attention', 'a vector for a matrix and a matrix for a vector', { tokens: numbers(2000), b_query: rows(20, 20), heads: rows(5, 20) }],
  ['attention', 'arrays for what is none', { tokens: rows(20, 20), scale: rows(9, 9), dtype: rows(9, 9), window: rows(9, 9), position: rows(9, 9) }],
  ['attention', 'arrays within what is none', { tokens: rows(20, 20), window: { left: rows(9, 9) }, position: { type: rows(9, 9) } }],
  ['attention', 'arrays among words', { tokens: rows(2, 20), include: ['scores', rows(9, 9)], labels: [rows(9, 9), 'b'] }],
  ['attention', 'nulls', { tokens: [...rows(20, 20), Array(20).fill(null)], bias: [Array(50).fill(null)] }],
  ['attention', 'an array', rows(20, 20)],
  [
    'diagnose',
    'all that can be observed',
    { tokens: rows(8, 8), heads: 2, observed: { scores: PAIRS, weights: PAIRS, context: rows(8, 8), lse: rows(2, 8) } },
  ],
  ['diagnose', 'nulls', { tokens: rows(8, 8), observed: { weights: rows(8, 8).map((row) => row.map((x) => (x > 0 ? x : null))) } }],
  ['diagnose', 'another shape', { tokens: rows(8, 8), heads: 2, observed: { weights: rows(9, 8), context: PAIRS } }],
  ['diagnose', 'too many axes', { tokens: rows(8, 8), observed: { weights: [[PAIRS]], lse: MASK } }],
  ['diagnose', 'rows that are not equally long', { tokens: rows(8, 8), observed: { context: [...rows(7, 8), numbers(7)] } }],
  ['diagnose', 'numbers that float32 has no room for', { tokens: [...rows(3, 20), numbers(20).map((x) => 1e39 * x)], observed: { lse: numbers(4) } }],
  ['merge', 'parts', { parts: [0, 1].map(() => ({ context: rows(20, 20), lse: rows(4, 20) })), w_output: rows(20, 5), b_output: numbers(5) }],
  ['merge', 'parts without keys', { parts: [0, 1].map(() => ({ context: rows(900, 2), lse: Array(900).fill(null) })) }],
  [
    'merge',
    'parts with heads, some without keys',
    { parts: [0, 1].map((p) => ({ context: rows(20, 20), lse: rows(4, 20).map((row) => row.map((x) => (x > 0.9 - p ? x : null))) })) },
  ],
  ['merge', 'one row of many heads', { parts: [0, 1].map(() => ({ context: numbers(800), lse: numbers(800) })) }],
  ['merge', 'logarithms for another number of rows', { parts: [0, 1].map(() => ({ context: rows(20, 20), lse: rows(4, 19) })) }],
  ['merge', 'logarithms with three axes', { parts: [0, 1].map(() => ({ context: rows(20, 20), lse: [rows(4, 20)] })) }],
  ['merge', 'logarithms that are none', { parts: [0, 1].map(() => ({ context: rows(20, 20), lse: MASK })) }],
  ['merge', 'parts that are none', { parts: rows(20, 20) }],
  ...['FP32', 'FP64', 'FP16', 'BF16'].map((datatype) => ['inference', datatype, { inputs: qkv(datatype) }] as const),
  ...['BOOL', 'UINT8', 'INT32', 'INT64', 'FP32'].map((datatype) => {
    const mask = MASK.slice(10).map((row) => row.slice(10).map((may) => (datatype === 'BOOL' ? may : Number(may))));
    return ['inference', `a mask of ${datatype}`, { inputs: [...qkv('FP32'), tensor('attn_mask', datatype, [10, 10], mask)] }] as const;
  }),
  ['inference', 'nested', { inputs: qkv('FP32', [[rows(10, 50), rows(10, 50)]]) }],
  ['inference', 'nested otherwise than it says', { inputs: qkv('FP32', [[rows(10, 50)], [rows(10, 50)]]) }],
  ['inference', 'nested deeper than it says', { inputs: qkv('FP32', [[[rows(10, 50), rows(10, 50)]]]) }],
  ['inference', 'too few', { inputs: qkv('FP32', numbers(999)) }],
  ['inference', 'words for numbers', { inputs: qkv('FP32', [...numbers(999), 'NaN']) }],
  ['inference', 'nulls', { inputs: qkv('FP32', [...numbers(999), null]) }],
  [
    'inference',
    'numbers out of range',
    {
      inputs: qkv(
        'FP16',
        numbers(1000).map((x) => x * 1e5),
      ),
    },
  ],
  ['inference', 'fractions for integers', { inputs: [...qkv('FP32'), tensor('attn_mask', 'INT32', [10, 10], rows(10, 10))] }],
  [
    'inference',
    'booleans for numbers',
    {
      inputs: qkv(
        'FP32',
        numbers(1000).map((x) => x > 0),
      ),
    },
  ],
  ['inference', 'data beside bytes', { inputs: qkv('FP32').map((input) => ({ ...input, parameters: { binary_data_size: 4000 } })) }],
] as const;

describe('with the reader of numbers and without it', () => {
  test.each(examples)('%s, the example %s: the reply is the same', (kind, _, value) => {
    agree(kind, wide(value));
    expect(readings()).toBe(1);
  });

  test.each(long)('%s, %s: the same comes of it', (kind, _, value) => {
    agree(kind, wide(value));
  });

  test.each(INVALID)('a refusal is the same: %s', (_, body) => {
    agree('attention', wide(body));
  });
});

const FRAGMENTS = ['[', ']', '{', '}', ',', ':', '"', '\\', '-', '+', '.', 'e', '0', '1', ' ', '\n', '\t', '\xff', '"":', '],[', 'NaN'];
const VALUES = ['0', '-0', '1e39', '1e999', '1e-400', '12345678901234567890123', 'null', 'true', '"x"', '""', '[1,2]', '[]', '{}', '0.1', '3'];

/** The text with a value in the place of another, or with a few of its characters left out, doubled, or replaced. */
function mutated(text: string, next: () => number): string {
  const integer = (bound: number): number => Math.floor(((next() + 1) / 2) * bound);
  const one = (list: readonly string[]): string => list[integer(list.length)] ?? '';
  const at = integer(text.length);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  if (integer(3) > 0) return before + after.replace(/-?\d[\d.e+-]*|true|false|null|"[^"]*"/, one(VALUES));
  return before + (integer(3) === 0 ? after.slice(0, integer(200)) : one(FRAGMENTS)) + after.slice(integer(3));
}

function agreeOnMutants(seed: number, each: number): void {
  const next = random(seed);
  for (const [kind, , value] of [...examples, ...long.filter(([, name]) => name !== 'one sink a head')]) {
    const text = wide(value).trimStart().padStart(1100);
    // A diagnosis takes long; its reading is what is tried here.
    for (let i = 0; i < (kind === 'diagnose' ? Math.min(each, 5) : each); i++) agree(kind, mutated(text, next));
  }
}

test('mutated bodies are accepted or refused alike, in the same words', () => {
  agreeOnMutants(1, 5);
  expect(readings()).toBeGreaterThan(50);
});

slow('so are many more of them', () => {
  agreeOnMutants(2, 30);
});
