import { describe, expect, test } from 'vitest';
import type { Block } from '../../src/engine/block.ts';
import type { Call } from '../../src/engine/call.ts';
import { attendBySteps } from '../../src/engine/operator.ts';
import { project } from '../../src/engine/projection.ts';
import { STEPS, type Step } from '../../src/engine/steps.ts';
import { floats, type Precision } from '../../src/engine/tensor.ts';
import { dotTerms, firstColumnTerms, weightedTerms } from '../../src/engine/terms.ts';
import { randomCall } from './calls.ts';

const NAMES = ['dot', 'scale', 'softcap', 'bias', 'distance', 'exclude', 'softmax', 'weightedSum'];
const M = 5;
const N = 7;

/** Two heads that share their keys, with every step having something to do. */
function everyStep(precision: Precision, options: Partial<Call> = {}): Call {
  const numbers = randomCall({ H: 2, G: 1, M, N, D: 3, E: 4 }, precision, { seed: 9 });
  return {
    ...numbers,
    scale: 0.5,
    softcap: 1.5,
    bias: { data: floats(precision, N).map((_, j) => Math.sin(j)), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 },
    alibi: { slopes: floats(precision, 2).map((_, h) => 0.25 / (h + 1)), positions: Int32Array.from({ length: M }, (_, i) => i) },
    mask: { data: Uint8Array.from({ length: N }, (_, j) => (j === 2 ? 0 : 1)), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 },
    sink: floats(precision, 2).map((_, h) => h - 0.5),
    ...options,
  };
}

const without = (name: string): readonly Step[] => STEPS.filter((step) => step.name !== name);
const replaced = (name: string, run: Step['run']): readonly Step[] => STEPS.map((step) => (step.name === name ? { ...step, run } : step));

describe('attention step by step', () => {
  test('gives the same numbers, whatever was computed before and whatever a step of another’s making computes on its way', () => {
    const call = everyStep('float64', { want: new Set(['weights', 'context']) });
    const alone = attendBySteps(call);
    const other = everyStep('float64', { scale: 3 });
    attendBySteps(other);
    expect(attendBySteps(call)).toEqual(alone);
    const [first, ...rest] = STEPS;
    const meanwhile: Step = {
      ...first,
      run(of, block) {
        first.run(of, block);
        attendBySteps(other);
      },
    };
    expect(attendBySteps(call, [meanwhile, ...rest])).toEqual(alone);
  });

  test.each([1, 2, M])('gives the same numbers in blocks of %d rows', (rows) => {
    for (const precision of ['float32', 'float64'] as const) {
      const call = everyStep(precision);
      expect(attendBySteps(call, STEPS, undefined, rows)).toEqual(attendBySteps(call));
    }
  });

  test('shows the block after every step, in the order of the formula, head after head', () => {
    const seen: string[] = [];
    attendBySteps(everyStep('float32'), STEPS, ({ name }, { h, first, rows }) => seen.push(`${name} ${h} ${first} ${rows}`), 3);
    const blocks = [
      [0, 0, 3],
      [0, 3, 2],
      [1, 0, 3],
      [1, 3, 2],
    ];
    expect(seen).toEqual(blocks.flatMap((block) => NAMES.map((name) => [name, ...block].join(' '))));
  });

  test('gives what a block held after its step', () => {
    const call = everyStep('float64');
    const shown: Record<string, number[]> = {};
    const keep = (name: string, numbers: ArrayLike<number>) => {
      shown[name] = [...(shown[name] ?? []), ...Array.from(numbers)];
    };
    const recorder = ({ name }: Step, { logits, weights }: Block) => keep(name, name === 'softmax' ? weights : logits);
    const { scores, capped, logits, weights } = attendBySteps(call, STEPS, recorder, M);
    expect([shown['scale'], shown['softcap'], shown['exclude'], shown['softmax']]).toEqual(
      [scores, capped, logits, weights].map((numbers) => Array.from(numbers ?? [])),
    );
  });

  test('shows what softmax takes the exponentials of: each logit less the greatest, the sink’s too', () => {
    const call = everyStep('float32');
    const recorder = ({ name }: Step, { h, rows, logits, excluded, shifted, exponentials, sums }: Block) => {
      if (name !== 'softmax') return;
      for (let k = 0; k < rows * N; k++) {
        const { max = 0 } = sums[Math.floor(k / N)] ?? {};
        expect(shifted[k]).toBe(excluded[k] === 0 ? Math.fround((logits[k] ?? 0) - max) : Number.NEGATIVE_INFINITY);
        expect(exponentials[k]).toBe(Math.fround(Math.exp(shifted[k] ?? 0)));
      }
      for (const { max, sinkShifted, sinkExponential } of sums.slice(0, rows)) {
        expect(sinkShifted).toBe(Math.fround((call.sink?.[h] ?? 0) - max));
        expect(sinkExponential).toBe(Math.fround(Math.exp(sinkShifted)));
      }
      shown.push(rows);
    };
    const shown: number[] = [];
    attendBySteps(call, STEPS, recorder, M);
    expect(shown).toEqual([M, M]);
  });

  test('can do without a step', () => {
    const { mask: _, ...unmasked } = everyStep('float64');
    expect(attendBySteps(everyStep('float64'), without('exclude')).weights).toEqual(attendBySteps(unmasked).weights);
    expect(attendBySteps(everyStep('float64'), without('softcap')).weights).toEqual(
      attendBySteps(everyStep('float64', { softcap: undefined })).weights,
    );
  });

  test('can have a step moved', () => {
    const order = ['dot', 'scale', 'bias', 'softcap', 'distance', 'exclude', 'softmax', 'weightedSum'];
    const moved = order.flatMap((name) => STEPS.filter((step) => step.name === name));
    const call = everyStep('float64', { alibi: undefined, mask: undefined });
    const { scores, logits } = attendBySteps(call, moved);
    logits?.forEach((logit, k) => {
      expect(logit).toBeCloseTo(1.5 * Math.tanh(((scores?.[k] ?? 0) + Math.sin(k % N)) / 1.5), 14);
    });
  });

  test('can have a softmax over the wrong axis, since a block may hold every query row', () => {
    const call = everyStep('float64', { mask: undefined, sink: undefined });
    const overRows: Step['run'] = (_, { rows, logits, weights }) => {
      for (let j = 0; j < N; j++) {
        let sum = 0;
        for (let i = 0; i < rows; i++) sum += Math.exp(logits[i * N + j] ?? 0);
        for (let i = 0; i < rows; i++) weights[i * N + j] = Math.exp(logits[i * N + j] ?? 0) / sum;
      }
    };
    const { weights } = attendBySteps(call, replaced('softmax', overRows), undefined, M);
    for (let h = 0; h < 2; h++) {
      for (let j = 0; j < N; j++) {
        let sum = 0;
        for (let i = 0; i < M; i++) sum += weights?.[(h * M + i) * N + j] ?? 0;
        expect(sum).toBeCloseTo(1, 14);
      }
    }
  });

  test('calls the checkpoint before every block, which may stop it', () => {
    let calls = 0;
    const checkpoint = () => {
      calls++;
      if (calls === 3) throw new Error('enough');
    };
    expect(() => attendBySteps(everyStep('float32', { checkpoint }), STEPS, undefined, 2)).toThrow('enough');
  });

  test('keeps blocks small where rows are long, so that a checkpoint is never far', () => {
    const sizes: number[] = [];
    const call = randomCall({ M: 40, N: 3000, D: 2, E: 2 }, 'float32', { want: new Set(['lse']) });
    attendBySteps(call, STEPS, ({ name }, { rows }) => name === 'dot' && sizes.push(rows));
    expect(sizes).toEqual([5, 5, 5, 5, 5, 5, 5, 5]);
  });
});

describe('the terms of a step', () => {
  test.each(['float32', 'float64'] as const)('of a projection add up to the first number of its row, to the bit, in %s', (precision) => {
    const numbers = (length: number, phase: number) => floats(precision, length).map((_, k) => Math.sin(k + phase));
    const weight = { data: numbers(5 * 3, 1), rows: 5, columns: 3 };
    const x = numbers(5, 2);
    const total = floats(precision, 1);
    for (const term of firstColumnTerms(x, weight, floats(precision, 5))) total[0] = (total[0] ?? 0) + term;
    expect(total[0]).toBe(project({ data: x, rows: 1, columns: 5 }, { weight }, precision).data[0]);
  });

  test.each(['float32', 'float64'] as const)('add up to what the step gives, to the bit, in %s', (precision) => {
    const call = everyStep(precision, { scale: 1, softcap: undefined, mask: undefined });
    const { scores, weights, context } = attendBySteps(call);
    const total = floats(precision, 4);
    for (let h = 0; h < 2; h++) {
      for (let i = 0; i < M; i++) {
        total.fill(0);
        for (let j = 0; j < N; j++) {
          const k = (h * M + i) * N + j;
          const dot = floats(precision, 1);
          for (const term of dotTerms(call, 0, h, i, j, floats(precision, 3))) dot[0] = (dot[0] ?? 0) + term;
          expect(dot[0]).toBe(scores?.[k]);
          weightedTerms(call, 0, h, j, weights?.[k] ?? 0, floats(precision, 4)).forEach((term, e) => {
            total[e] = (total[e] ?? 0) + term;
          });
        }
        expect([...total]).toEqual([...(context?.subarray(i * 8 + h * 4, i * 8 + h * 4 + 4) ?? [])]);
      }
    }
  });

  test('are those of the query head’s own key head', () => {
    const call = randomCall({ B: 2, H: 4, G: 2, M: 2, N: 3, D: 2, E: 2 }, 'float64');
    const [q, k, v] = [call.query.data, call.key.data, call.value.data].map((data) => (at: number) => data[at] ?? Number.NaN);
    // Row 1 of head 3 of batch entry 1, and key 2 of its key head 1.
    const [query, key] = [((4 + 3) * 2 + 1) * 2, ((2 + 1) * 3 + 2) * 2];
    expect(dotTerms(call, 1, 3, 1, 2, new Float64Array(2))).toEqual(Float64Array.from([0, 1], (c) => (q?.(query + c) ?? 0) * (k?.(key + c) ?? 0)));
    expect(weightedTerms(call, 1, 3, 2, 0.5, new Float64Array(2))).toEqual(Float64Array.from([0, 1], (e) => 0.5 * (v?.(key + e) ?? 0)));
  });
});
