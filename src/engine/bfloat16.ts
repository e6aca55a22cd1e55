/*
 * bfloat16: the upper half of a float32. There is no typed array for it, so its 16 bits travel in a Uint16Array.
 */

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);
const QUIET_NAN = 0x7fc0;

/**
 * The bits of the bfloat16 nearest to a double, ties to even; beyond the range, those of ±Infinity.
 *
 * Rounding to float32 first and to bfloat16 then would round twice, which is wrong next to a tie. So the float32 on the way
 * is rounded to odd: cut off, with the last bit set where anything was lost. That bit keeps the second rounding right
 * (Boldo and Melquiond 2008, Emulation of FMA and correctly rounded sums).
 */
function bfloat16Bits(value: number): number {
  if (Number.isNaN(value)) return QUIET_NAN;
  const nearest = Math.fround(value);
  single[0] = nearest;
  let word = bits[0] ?? 0;
  if (nearest !== value) {
    if (Math.abs(nearest) > Math.abs(value)) word -= 1;
    word |= 1;
  }
  return nearestUpperHalf(word >>> 0);
}

/** The bfloat16 nearest to a double, ties to even, as a number. */
export function roundToBfloat16(value: number): number {
  bits[0] = bfloat16Bits(value) << 16;
  return single[0] ?? 0;
}

/** Numbers as bits of bfloat16, each rounded once. */
export function toBfloat16(data: Float32Array | Float64Array): Uint16Array {
  const halves = new Uint16Array(data.length);
  if (data instanceof Float64Array) {
    for (let i = 0; i < data.length; i++) halves[i] = bfloat16Bits(data[i] ?? 0);
    return halves;
  }
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < data.length; i++) halves[i] = Number.isNaN(data[i]) ? QUIET_NAN : nearestUpperHalf(words[i] ?? 0);
  return halves;
}

/** Writes what the bits of bfloat16 stand for, which a float32 holds exactly. */
export function fromBfloat16(halves: Uint16Array, target: Float32Array): void {
  const words = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < halves.length; i++) words[i] = (halves[i] ?? 0) << 16;
}

/** Adding half of the last kept place, less one where that place is even, rounds to nearest, ties to even. */
function nearestUpperHalf(word: number): number {
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}
