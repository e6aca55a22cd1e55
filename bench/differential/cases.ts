import type { Dense, OnnxAttributes, OnnxInputs } from '../../src/engine/onnx.ts';
import { fill } from '../load/numbers.ts';

/** A call of the operator within opset 23, which ONNX Runtime has. */
export interface Case {
  readonly inputs: OnnxInputs;
  readonly attributes: OnnxAttributes;
}

/** A call with every option chosen at random, its numbers too; `next` gives numbers from 0 to 1. */
export function randomCase(next: () => number): Case {
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  const one = <T>(...choices: readonly T[]): T => choices[whole(0, choices.length - 1)] as T;
  const chance = (share: number) => next() < share;

  const packed = chance(0.35);
  const B = whole(1, 3);
  const G = whole(1, 3);
  const H = G * whole(1, 3);
  const M = chance(0.2) ? 1 : whole(2, 40);
  const L = chance(0.5) ? M : whole(1, 70);
  const P = chance(0.35) ? whole(1, 30) : 0;
  const N = P + L;
  const D = whole(1, 40);
  const E = chance(0.5) ? D : whole(1, 40);
  const tensor = (...shape: number[]): Dense => ({ data: fill(new Float32Array(count(shape)), next), shape });
  const inputs: OnnxInputs = {
    Q: packed ? tensor(B, M, H * D) : tensor(B, H, M, D),
    K: packed ? tensor(B, L, G * D) : tensor(B, G, L, D),
    V: packed ? tensor(B, L, G * E) : tensor(B, G, L, E),
    ...(chance(0.55) ? { attn_mask: mask() } : {}),
    ...(P > 0 ? { past_key: tensor(B, G, P, D), past_value: tensor(B, G, P, E) } : {}),
  };
  const attributes: OnnxAttributes = {
    ...(packed ? { q_num_heads: H, kv_num_heads: G } : {}),
    ...(chance(0.3) ? { scale: one(0.1, 0.5, 1, 2) } : {}),
    ...(chance(0.4) ? { softcap: one(0.3, 1, 2, 20) } : {}),
    ...(chance(0.45) ? { is_causal: true } : {}),
    qk_matmul_output_mode: one(0, 1, 2, 3),
  };
  return { inputs, attributes };

  /** Rank 2 to 4, axes of 1 now and then; booleans, or numbers of which some are −∞; now and then a whole row excluded. */
  function mask(): NonNullable<OnnxInputs['attn_mask']> {
    const rank = whole(2, 4);
    const axis = (size: number) => (chance(0.3) ? 1 : size);
    const shape = [axis(B), axis(H), chance(0.05) ? 1 : M, N].slice(4 - rank);
    const emptyRows = chance(0.3) ? 0.2 : 0;
    const open = new Uint8Array(count(shape));
    for (let row = 0; row < open.length / N; row++) {
      const empty = chance(emptyRows);
      for (let j = 0; j < N; j++) open[row * N + j] = !empty && chance(0.8) ? 1 : 0;
      if (!empty && open.subarray(row * N, (row + 1) * N).every((flag) => flag === 0)) open[row * N] = 1;
    }
    if (chance(0.5)) return { data: open, shape };
    const excludes = chance(0.6);
    return { data: Float32Array.from(open, (flag) => (flag === 0 && excludes ? Number.NEGATIVE_INFINITY : 4 * next() - 2)), shape };
  }
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
