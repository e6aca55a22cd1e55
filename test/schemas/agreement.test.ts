import { isDeepStrictEqual } from 'node:util';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Failure, type Fault } from '../../src/engine/failure.ts';
import { AttentionRequest } from '../../src/schemas/attention.ts';
import { attentionExamples, inferenceExamples, mergeExamples } from '../../src/schemas/examples.ts';
import { InferenceParameters, InferenceRequest, WITHOUT_EFFECT } from '../../src/schemas/inference.ts';
import { MergeRequest } from '../../src/schemas/merge.ts';
import { readAttentionRequest } from '../../src/wire/attention-request.ts';
import { Chunks } from '../../src/wire/chunks.ts';
import { readInferenceRequest } from '../../src/wire/inference-request.ts';
import { readMergeRequest } from '../../src/wire/merge-request.ts';
import { INVALID } from '../http/invalid-requests.ts';
import { type Json, useService } from '../http/service.ts';

/*
 * The published document and the readers give one verdict. Where the reader refuses more than JSON Schema can say, each
 * of its faults must be one of those that are listed here with the reason; where it takes more, that is null for an
 * optional member, which the document says in words, since generators of clients would make each member nullable.
 */

/** What a reader says of a body that the schema takes, and why the schema can't say it. */
const BEYOND_SCHEMA: readonly [reason: string, says: RegExp][] = [
  ['JSON Schema can’t make the rows of a matrix equally long', /every row must be equally wide/],
  ['nor two matrices in an array', /every head must have the same shape/],
  ['what a float32 can hold depends on `dtype`', /outside the range of float32|greater than 0 as a float32/],
  ['infinity is no number of JSON: a literal as 1e999 becomes it when it is parsed', /outside the range of float64|got -?Infinity$/],
  ['the greatest position depends on how many tokens there are', /must be the 0-based position of a token/],
  ['rows and labels are counted against the tokens', /one (row|label) a token is required/],
  ['a mask or bias is held against tokens, query rows and heads', /^covers|row r belongs to|needs `heads`|^is for .* `heads` is/],
  ['numbers are counted against the heads', /one a head is required/],
  [
    'widths are held against each other',
    /x · W needs|is added to rows|can’t split evenly|equally wide in each head|d_k must be even|does not divide/,
  ],
  [
    'options exclude or need each other, which `not` and `dependentRequired` would hide from a reader',
    /can’t be given together|there are none|needs `queries_start`/,
  ],
  [
    'a log-sum-exp is held against its context',
    /^is for .* can’t split a context|but the context has|must be an array with at least one log-sum-exp|log-sum-exp or null|must be an array of .* or null|must be a finite number, or null/,
  ],
  ['parts are held against the first', /but that of \/parts\/0/],
  ['which of the inputs must be there is said of each in words', /^input [QKV] is required/],
  ['an output is known by its name alone, and `uniqueItems` looks at its parameters too', /is asked for twice/],
  ['the merged context’s width is held against the projection', /but the context is/],
];

const service = useService();
let document: Json;
beforeAll(async () => {
  document = (await service.get('/openapi.json')).json;
});

const Q = { name: 'Q', shape: [1, 1, 1, 2], datatype: 'FP32', data: [1, 0] };
const K = { name: 'K', shape: [1, 1, 2, 2], datatype: 'FP32', data: [1, 0, 0, 1] };
const V = { name: 'V', shape: [1, 1, 2, 1], datatype: 'FP32', data: [1, 2] };

/** Reads an inference request as it comes: its text, and no bytes after it. */
function readInference(body: unknown): void {
  const text = Buffer.from(JSON.stringify(body));
  readInferenceRequest(new Chunks([text]), undefined, { name: 'attention', version: '1' }).readInputs();
}

const ROUTES = {
  InferenceRequest: { read: readInference, schema: InferenceRequest, least: { inputs: [Q, K, V] } },
  AttentionRequest: { read: readAttentionRequest, schema: AttentionRequest, least: { tokens: [[1]] } },
  MergeRequest: { read: readMergeRequest, schema: MergeRequest, least: { parts: [{ context: [1], lse: 0 }] } },
};
type Name = keyof typeof ROUTES;

const validators = new Map<Name, ValidateFunction>();
function schemaTakes(name: Name, body: unknown): boolean {
  const known = validators.get(name);
  const valid = known ?? new Ajv2020({ strict: false }).compile({ $ref: `#/components/schemas/${name}`, components: document.components });
  validators.set(name, valid);
  return valid(body);
}

function faultsOf(name: Name, body: unknown): readonly Fault[] {
  try {
    ROUTES[name].read(body);
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.faults ?? [{ pointer: '', detail: error.message }];
  }
}

/** Optional members, at any depth, for which null is as good as nothing. */
const OPTIONAL: Readonly<Record<Name, ReadonlySet<string>>> = {
  AttentionRequest: new Set([...Object.keys(AttentionRequest.properties), 'left', 'right', 'base', 'interleaved', 'slopes']),
  MergeRequest: new Set(Object.keys(MergeRequest.properties)),
  InferenceRequest: new Set([...Object.keys(InferenceRequest.properties), ...Object.keys(InferenceParameters.properties), ...WITHOUT_EFFECT]),
};

/** The body without such members that are null; parameters that are [] are none, as some languages print an empty map. */
function withoutNull(value: unknown, optional: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((element) => withoutNull(element, optional));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, member]) => member !== null || !optional.has(name))
      .map(([name, member]) => [name, name === 'parameters' && Array.isArray(member) && member.length === 0 ? {} : withoutNull(member, optional)]),
  );
}

/** The reasons of BEYOND_SCHEMA that a body met, after the two verdicts were held against each other. */
function agree(name: Name, body: unknown): readonly string[] {
  const takes = schemaTakes(name, withoutNull(body, OPTIONAL[name]));
  const faults = faultsOf(name, body);
  if (!takes) {
    expect(faults, `the schema of ${name} refuses, the reader takes ${JSON.stringify(body)}`).not.toEqual([]);
    return [];
  }
  const reasons = faults.map(({ detail }) => BEYOND_SCHEMA.find(([, says]) => says.test(detail))?.[0] ?? `unlisted: ${detail}`);
  const unlisted = reasons.filter((reason) => reason.startsWith('unlisted'));
  expect(unlisted, `the schema of ${name} takes, the reader refuses ${JSON.stringify(body)}`).toEqual([]);
  return reasons;
}

describe('the document and the readers agree', () => {
  test('on every example', () => {
    for (const { value } of Object.values(attentionExamples))
      expect([schemaTakes('AttentionRequest', value), faultsOf('AttentionRequest', value)]).toEqual([true, []]);
    for (const { value } of Object.values(mergeExamples))
      expect([schemaTakes('MergeRequest', value), faultsOf('MergeRequest', value)]).toEqual([true, []]);
    for (const { value } of Object.values(inferenceExamples))
      expect([schemaTakes('InferenceRequest', value), faultsOf('InferenceRequest', value)]).toEqual([true, []]);
  });

  test.each(INVALID)('on the refusal of %s', (_name, body) => {
    agree('AttentionRequest', typeof body === 'string' ? JSON.parse(body) : body);
  });

  test('on random bodies, and each reason to differ is met', () => {
    const met = new Set<string>();
    const verdicts = { both: 0, schemaRefuses: 0, readerAlone: 0 };
    const look = (name: Name) => (body: unknown) => {
      const reasons = agree(name, body);
      for (const reason of reasons) met.add(reason);
      if (reasons.length > 0) verdicts.readerAlone++;
      else if (faultsOf(name, body).length > 0) verdicts.schemaRefuses++;
      else verdicts.both++;
    };
    fc.assert(fc.property(attentionBody, look('AttentionRequest')), { seed: 12, numRuns: 6000 });
    fc.assert(fc.property(mergeBody, look('MergeRequest')), { seed: 12, numRuns: 3000 });
    fc.assert(fc.property(inferenceBody, look('InferenceRequest')), { seed: 12, numRuns: 3000 });
    // Otherwise the bodies say little.
    for (const count of Object.values(verdicts)) expect(count, JSON.stringify(verdicts)).toBeGreaterThan(400);
    expect(BEYOND_SCHEMA.map(([reason]) => reason).filter((reason) => !met.has(reason))).toEqual([]);
  });

  test('on null, which is as good as absent for what is optional, and for nothing else', () => {
    for (const [name, { schema, least }] of Object.entries(ROUTES) as [Name, (typeof ROUTES)[Name]][]) {
      for (const member of Object.keys(schema.properties)) {
        const body = { ...least, [member]: null };
        expect(schemaTakes(name, body), member).toBe(false);
        expect(faultsOf(name, body).length > 0, member).toBe(member in least);
      }
    }
  });
});

const number = fc.constantFrom(0, 1, -1, 0.5, 2, 3, 1e-60, 4);
const size = fc.integer({ min: 1, max: 3 });
const vector = size.chain((n) => fc.array(number, { minLength: n, maxLength: n }));
const matrixOf = <Element>(element: fc.Arbitrary<Element>) =>
  fc
    .tuple(size, size)
    .chain(([rows, columns]) => fc.array(fc.array(element, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }));
const matrix = matrixOf(number);
const perPair = <Element>(element: fc.Arbitrary<Element>) =>
  fc.oneof(fc.array(element, { minLength: 1, maxLength: 3 }), matrixOf(element), fc.array(matrixOf(element), { minLength: 1, maxLength: 2 }));
const odd = fc.constantFrom<unknown>(
  null,
  true,
  false,
  -1,
  0,
  0.5,
  1e39,
  Number.POSITIVE_INFINITY,
  2 ** 60,
  'x',
  '',
  [],
  [null],
  [[]],
  [['x']],
  [[1], [1, 2]],
  [true],
  {},
  { x: 1 },
  [[[1]]],
  [[1, 2], [3]],
  [Number.POSITIVE_INFINITY],
  [[1e39]],
  'dot',
  '1/sqrt(d_k)',
  ['lse', 'lse'],
  ['lse', null],
  'float64',
  { type: 'x' },
  { left: -1 },
  { left: null },
  { left: 2 ** 60 },
  { left: 1, up: null },
  { type: 'rope', base: 0 },
  { type: 'rope', base: null },
  { type: 'rope', slopes: [1] },
  { type: 'alibi', slopes: [] },
  { type: null },
  [['a', 'b']],
);
const MEMBERS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  tokens: matrix,
  query: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 })),
  queries: fc.oneof(vector, matrix),
  queries_start: fc.integer({ min: -3, max: 3 }),
  values: matrix,
  labels: fc.array(fc.string({ maxLength: 2 }), { minLength: 1, maxLength: 3 }),
  similarity: fc.constantFrom('dot', 'cosine'),
  scale: fc.constantFrom(1, 2, 1e39, '1/sqrt(d_k)'),
  w_query: matrix,
  b_query: vector,
  w_key: matrix,
  b_key: vector,
  w_value: matrix,
  b_value: vector,
  w_output: matrix,
  b_output: vector,
  heads: size,
  kv_heads: size,
  causal: fc.boolean(),
  window: fc.constantFrom({ left: 1 }, { right: 0, left: 2 }),
  mask: perPair(fc.boolean()),
  bias: perPair(number),
  softcap: fc.constantFrom(1, 30, 1e-60),
  sink: fc.oneof(number, vector),
  position: fc.oneof(
    fc.constantFrom({ type: 'rope' }, { type: 'rope', base: 5, interleaved: true }, { type: 'alibi' }, { type: 'sinusoidal' }),
    vector.map((slopes) => ({ type: 'alibi', slopes })),
  ),
  dtype: fc.constantFrom('float32', 'float64'),
  include: fc.constantFrom(['lse'], ['weights', 'lse'], ['lse', 'trace', 'scores']),
  decimals: fc.integer({ min: 0, max: 16 }),
};

/** A body with `required`, and some of the others; now and then one is what it must not be. */
function bodyOf(members: Readonly<Record<string, fc.Arbitrary<unknown>>>, required: string): fc.Arbitrary<unknown> {
  const names = Object.keys(members);
  return fc.tuple(fc.subarray(names, { maxLength: 4 }), fc.option(fc.constantFrom(...names, 'odd'), { freq: 2 })).chain(([chosen, wrong]) => {
    const picked = new Set([required, ...chosen]);
    const fine = [...picked].filter((name) => name !== wrong).map((name) => [name, members[name] ?? odd]);
    return fc.record(Object.fromEntries(wrong === null ? fine : [...fine, [wrong, odd]]));
  });
}
const attentionBody = bodyOf(MEMBERS, 'tokens');

const logit = fc.option(number, { freq: 4 });
const part = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      context: fc.oneof(vector, matrix),
      lse: fc.oneof(logit, fc.array(logit, { minLength: 1, maxLength: 3 }), matrixOf(logit)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ context: odd, lse: logit }) },
  { weight: 1, arbitrary: fc.record({ context: vector, lse: odd }) },
  { weight: 1, arbitrary: odd },
);
const mergeBody = bodyOf(
  { parts: fc.array(part, { minLength: 1, maxLength: 3 }), w_output: matrix, b_output: vector, decimals: fc.integer({ min: 0, max: 16 }) },
  'parts',
);

/** What a text can say: infinity is none. */
const text = odd.filter((value) => isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value));
const parameter = fc.constantFrom<unknown>(...[null, true, false, -2, -1, 0, 0.5, 1, 2, 3, 4, 10, 11, 16, 1e39, 2 ** 31, 2 ** 60, 'x', [], {}]);
const parameterNames = [...Object.keys(InferenceParameters.properties), ...WITHOUT_EFFECT, 'odd', 'shared_memory_region'];
const parameters = fc
  .subarray(parameterNames, { maxLength: 3 })
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, parameter]))));
const output = fc.oneof(
  { weight: 4, arbitrary: fc.record({ name: fc.constantFrom('Y', 'lse', 'present_key', 'Z') }) },
  { weight: 1, arbitrary: text },
);
const inferenceBody = fc.record(
  {
    inputs: fc.oneof({ weight: 8, arbitrary: fc.constant([Q, K, V]) }, { weight: 1, arbitrary: text }),
    id: fc.oneof(fc.string({ maxLength: 3 }), text),
    parameters: fc.oneof({ weight: 8, arbitrary: parameters }, { weight: 1, arbitrary: text }),
    outputs: fc.array(output, { maxLength: 2 }),
  },
  { requiredKeys: ['inputs'] },
);
