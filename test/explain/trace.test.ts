import { describe, expect, test } from 'vitest';
import { type Json, useService } from '../http/service.ts';
import { MASKED_HEADS, NOTHING, SEED, TOKENS } from './lessons.ts';

const service = useService();

describe('the trace', () => {
  test('has every number of the arithmetic', async () => {
    const { json } = await service.ask({ ...SEED, decimals: 4, include: ['trace', 'weights'] });
    expect(Object.keys(json)).toEqual(['weights', 'trace']);
    expect(json.trace).toEqual({
      products: [
        [0.08, 0.08, 0.1],
        [0.36, 0.08, 0.06],
        [0.16, 0.64, 0.04],
      ],
      dot: [0.26, 0.5, 0.84],
      scaled: [0.26, 0.5, 0.84],
      capped: [0.26, 0.5, 0.84],
      biased: [0.26, 0.5, 0.84],
      excluded: [false, false, false],
      max: 0.84,
      exponentials: [0.5599, 0.7118, 1],
      sum: 2.2717,
      contributions: [
        [0.0493, 0.0246, 0.1232],
        [0.282, 0.0313, 0.094],
        [0.1761, 0.3522, 0.088],
      ],
    });
  });

  test('prints the shortest digits of a float32, −0 as 0, and stands last but for fully_masked', async () => {
    const { text } = await service.ask({ tokens: [[0.1], [-0]], queries: [[0.1]], mask: [false, false], include: ['trace', 'lse'] });
    expect(text).toBe(
      '{"lse":[null],"trace":[{"products":[[0.010000001],[0]],"dot":[0.010000001,0],"scaled":[0.010000001,0],"capped":[0.010000001,0],"biased":[0.010000001,0],"excluded":[true,true],"max":null,"exponentials":[0,0],"sum":0,"contributions":[[0],[0]]}],"fully_masked":[0]}',
    );
  });

  test.each([
    [{ query: 2 }, [], []],
    [{ queries: [1, 0, 0] }, [], []],
    [{ query: [2] }, [1], []],
    [{ query: undefined }, [3], []],
    [{ query: 2, heads: 1 }, [], [1]],
    [{ query: [0, 1], heads: 3 }, [2], [3]],
  ])('has the axes of the other outputs: %o', async (options, rows, heads) => {
    const { json } = await service.ask({ tokens: TOKENS, include: ['trace'], ...options });
    expect(shapeOf(json.trace)).toEqual([...heads, ...rows]);
  });

  test.each(['float32', 'float64'])('agrees with the reply in every head and row, with every option, in %s', async (dtype) => {
    const body = {
      ...MASKED_HEADS,
      softcap: 1,
      bias: [0.5, -0.5, 1],
      sink: 0.2,
      position: { type: 'alibi' },
      dtype,
      include: ['scores', 'logits', 'weights', 'context', 'trace'],
    };
    const digits = dtype === 'float64' ? 12 : 5;
    const { json } = await service.ask(body);
    expect(shapeOf(json.trace)).toEqual([2, 2]);
    for (const [h, head] of json.trace.entries()) {
      for (const [i, row] of head.entries()) {
        for (let j = 0; j < 3; j++) {
          expect(row.scaled[j]).toBeCloseTo(json.scores[h][i][j], digits);
          expect(row.exponentials[j] / row.sum).toBeCloseTo(json.weights[h][i][j], digits);
          expect(row.excluded[j]).toBe(json.logits[h][i][j] === null);
          if (row.excluded[j]) expect([row.exponentials[j], row.contributions[j]]).toEqual([0, [0, 0]]);
          else expect(row.biased[j]).toBeCloseTo(json.logits[h][i][j], digits);
        }
        for (let e = 0; e < 2; e++) {
          const sum = row.contributions.reduce((total: number, one: number[]) => total + (one[e] ?? 0), 0);
          expect(sum).toBeCloseTo(json.context[i][h * 2 + e], digits);
        }
      }
    }
  });

  test('says null for the greatest of nothing', async () => {
    const { json } = await service.ask({ ...NOTHING, include: ['trace'] });
    expect(json.trace[1]).toMatchObject({ excluded: [true, true], max: null, sum: 0, exponentials: [0, 0] });
    expect(json.fully_masked).toEqual([1]);
  });

  test('says null for what is not finite at an excluded key', async () => {
    const { json } = await service.ask({ tokens: [[1e30], [1]], queries: [1e30], mask: [false, true], include: ['trace'] });
    expect(json.trace).toMatchObject({
      products: [[null], [1e30]],
      dot: [null, 1e30],
      biased: [null, 1e30],
      exponentials: [0, 1],
      contributions: [[0], [1]],
    });
  });
});

describe('what is not finite where it is attended', () => {
  test.each(['application/json', 'text/markdown', 'image/svg+xml'])('is an overflow that says where: %s', async (accept) => {
    const { status, json, headers } = await service.ask({ tokens: [[1e30], [1]], include: ['trace'] }, { headers: { accept } });
    expect([status, json.type]).toEqual([422, '/problems/arithmetic-overflow']);
    expect(json.detail).toContain('of query row 0');
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });
});

function shapeOf(trace: Json): number[] {
  return Array.isArray(trace) ? [trace.length, ...shapeOf(trace[0])] : [];
}
