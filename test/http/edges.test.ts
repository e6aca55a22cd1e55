import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CaseTensor, infer } from './inference-client.ts';
import { type Json, useService } from './service.ts';

const service = useService();

const ones = (n: number, d: number, value = 1) => Array.from({ length: n }, () => Array(d).fill(value));
const lesson = async (body: object): Promise<Json> => {
  const { status, json } = await service.ask(body);
  expect(status, JSON.stringify(json)).toBe(200);
  return json;
};

describe('a finite logit, however low, does not exclude', () => {
  const lowest = { tokens: ones(32, 16), query: 0, bias: Array(32).fill(-3e38), include: ['weights', 'context', 'lse'] };

  test('in a lesson: all as low', async () => {
    const { weights, context, lse, fully_masked } = await lesson(lowest);
    expect(weights).toEqual(Array(32).fill(1 / 32));
    expect(context).toEqual(Array(16).fill(1));
    expect([lse, fully_masked]).toEqual([-3e38, undefined]);
  });

  test('in a lesson: the greatest of them takes all', async () => {
    const { weights } = await lesson({ ...lowest, bias: [-2.4e38, ...Array(31).fill(-3e38)] });
    expect(weights).toEqual([1, ...Array(31).fill(0)]);
  });

  test('in lines, and in parts that are merged', async () => {
    const lines = await service.ask(`${JSON.stringify(lowest)}\n${JSON.stringify({ ...lowest, include: ['lse'] })}\n`, {
      headers: { 'content-type': 'application/x-ndjson' },
    });
    const [first, second] = lines.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first.weights).toEqual(Array(32).fill(1 / 32));
    expect(second).toEqual({ lse: -3e38 });
    const parts = [];
    for (const value of [1, 3]) parts.push(await lesson({ ...lowest, values: ones(32, 16, value), include: ['context', 'lse'] }));
    const merged = await service.ask({ parts }, { path: '/attention/merge' });
    expect(merged.json).toEqual({ context: Array(16).fill(2), lse: -3e38 });
  });

  test.each([
    ['FP32', -3.4028234663852886e38],
    ['FP64', -1.7976931348623157e308],
    ['BF16', -3.3895313892515355e38],
  ] as const)('in a left-padded causal batch with the least %s as mask', async (datatype, least) => {
    const [B, S, D, pad] = [2, 40, 8, 5];
    const tensor = (salt: number): CaseTensor => ({
      datatype,
      shape: [B, 1, S, D],
      data: Array.from({ length: B * S * D }, (_, i) => Math.round(8 * Math.sin(i * 0.37 + salt)) / 8),
    });
    // Of the second of the batch, the first keys are padding: their own rows see nothing else.
    const mask = Array.from({ length: B * S * S }, (_, at) => {
      const [b, i, j] = [Math.floor(at / S / S), Math.floor(at / S) % S, at % S];
      return j > i || (b === 1 && j < pad) ? least : 0;
    });
    const inputs = { Q: tensor(1), K: tensor(2), V: tensor(3), attn_mask: { datatype, shape: [B, 1, S, S], data: mask } };
    for (const wire of ['json', 'binary'] as const) {
      const { tensors } = await infer(service, { inputs, outputs: ['Y'] }, wire);
      const Y = (tensors['Y']?.data ?? []).map(Number);
      // A padded row has every key at the least number or near it: rounding there makes the weights even.
      const even = (e: number) => Array.from({ length: S }, (_, j) => Number(inputs.V.data[(S + j) * D + e])).reduce((sum, x) => sum + x / S, 0);
      for (let e = 0; e < D; e++) expect(Y[S * D + e]).toBeCloseTo(even(e), datatype === 'BF16' ? 2 : 5);
      // The first row sees itself alone.
      for (let e = 0; e < D; e++) expect(Y[e]).toBe(Number(inputs.V.data[e]));
    }
  });
});

describe('a softcap of which one word is 0 in float64', () => {
  test('caps where no matrix is asked for', async () => {
    const capped = { tokens: ones(64, 4), queries: ones(3, 4, 0.5), dtype: 'float64', softcap: 2 };
    for (const include of [['lse'], ['lse', 'scores']])
      for (const lse of (await lesson({ ...capped, include })).lse) expect(lse).toBeCloseTo(2 * Math.tanh(1) + Math.log(64), 12);
  });

  test('caps on /v2, as JSON and as bytes', async () => {
    const tensor = (data: readonly number[], rows: number): CaseTensor => ({ datatype: 'FP64', shape: [1, 1, rows, 16], data });
    const keys = tensor(
      Array.from({ length: 8 * 16 }, (_, i) => (i < 16 ? 1 : 0)),
      8,
    );
    const inputs = { Q: tensor(Array(64).fill(0.125), 4), K: keys, V: keys };
    for (const wire of ['json', 'binary'] as const) {
      const { tensors } = await infer(service, { inputs, parameters: { scale: 1, softcap: 2 }, outputs: ['Y'] }, wire);
      expect(Number(tensors['Y']?.data[0])).toBeCloseTo(0.395866, 6);
    }
  });
});

test('what is asked for does not depend on what else is', async () => {
  const OUTPUTS = ['scores', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight'] as const;
  const options = fc.record(
    {
      softcap: fc.constantFrom(2, 0.5, 0.7, 30),
      causal: fc.boolean(),
      bias: fc.constantFrom(
        [-3e38, ...Array(39).fill(0)],
        Array(40).fill(-3e38),
        Array.from({ length: 40 }, (_, j) => Math.sin(j)),
      ),
      sink: fc.constantFrom(0, -3e38, 2.5),
      dtype: fc.constantFrom('float32', 'float64'),
      heads: fc.constantFrom(2),
    },
    { requiredKeys: [] },
  );
  const asked = fc.tuple(options, fc.constantFrom(1, 4, 5, 40), fc.subarray([...OUTPUTS], { minLength: 1 }));
  for (const [given, rows, include] of fc.sample(asked, { seed: 3, numRuns: 60 })) {
    const tokens = Array.from({ length: 40 }, (_, i) => Array.from({ length: 6 }, (_, c) => Math.sin(i * 6 + c)));
    const body = { tokens, query: Array.from({ length: rows }, (_, i) => i), ...given };
    const all = await lesson({ ...body, include: OUTPUTS });
    const line = await service.ask(JSON.stringify({ ...body, include }), { headers: { 'content-type': 'application/x-ndjson' } });
    for (const some of [await lesson({ ...body, include }), JSON.parse(line.text)]) {
      for (const output of include)
        expectNear(some[output], all[output], given.dtype === 'float64' ? 1e-12 : 2e-5, `${output} of ${JSON.stringify(given)}`);
      expect(some.fully_masked).toEqual(all.fully_masked);
    }
  }
});

function expectNear(got: Json, wanted: Json, bound: number, what: string): void {
  if (Array.isArray(wanted)) {
    expect(got?.length, what).toBe(wanted.length);
    wanted.forEach((one, i) => {
      expectNear(got[i], one, bound, what);
    });
  } else if (typeof wanted !== 'number') expect(got, what).toBe(wanted);
  else expect(Math.abs(got - wanted), what).toBeLessThanOrEqual(bound * Math.max(1, Math.abs(wanted)));
}

describe('what is not finite', () => {
  test('in a lesson is answered by its first row', async () => {
    const { status, json } = await service.ask({ tokens: ones(3000, 64, 1e19), include: ['lse'] });
    expect([status, json.type]).toEqual([422, expect.stringContaining('arithmetic-overflow')]);
    expect(json.detail).toContain('query row 0 ');
  });

  test('on /v2 is redone where that is little, and refused where it is much', async () => {
    const [S, D] = [3000, 64];
    const tensor: CaseTensor = { datatype: 'FP32', shape: [1, 1, S, D], data: Array(S * D).fill(0.5) };
    const poisoned = { ...tensor, data: tensor.data.map((x, i) => (i === 0 ? 'NaN' : x)) };
    const row = await infer(service, { inputs: { Q: poisoned, K: tensor, V: tensor }, outputs: ['lse'] }, 'binary');
    expect(row.tensors['lse']?.data.filter(Number.isNaN)).toHaveLength(1);
    const { answer } = await infer(strict, { inputs: { Q: tensor, K: poisoned, V: tensor }, outputs: ['lse'] }, 'binary');
    expect(answer.status).toBe(413);
    expect(answer.json.error).toMatch(/NaN.*redo.*MAX_WORK/);
  });
});

const strict = useService({ MAX_WORK: '2000000000' });
