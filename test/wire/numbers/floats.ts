import { random } from '../../engine/calls.ts';

/** Floats that are found nowhere in particular: every exponent is as likely as any other. */
export function anyFloats(kind: 'float32' | 'float64', count: number, seed: number): Float32Array | Float64Array {
  const next = random(seed);
  const words = kind === 'float32' ? count : 2 * count;
  const bits = Uint32Array.from({ length: words }, () => Math.floor(next() * 2 ** 32));
  return kind === 'float32' ? new Float32Array(bits.buffer) : new Float64Array(bits.buffer);
}

/** The neighbours of a number on both sides, and it. */
export function around(kind: 'float32' | 'float64', value: number): number[] {
  const single = kind === 'float32';
  const cell = single ? Float32Array.of(value) : Float64Array.of(value);
  const bits = single ? new Uint32Array(cell.buffer) : new BigUint64Array(cell.buffer);
  const here = bits[0] ?? 0;
  return [-1, 0, 1].map((step) => {
    if (typeof here === 'bigint') bits[0] = here + BigInt(step);
    else bits[0] = here + step;
    return cell[0] ?? 0;
  });
}
