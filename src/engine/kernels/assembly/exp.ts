import { madd } from "./arithmetic";

// The softmax runs in powers of 2: a logit times log2(e) is what exponentials, maxima and their differences are taken of.
// Where nothing stands between score and softmax the factor is part of the scale and costs nothing.
export const LOG2_OF_E: f64 = 1.4426950408889634;

// Where exp2() has reached 0; 2^x there is 5e-39.
export const EXP2_ZERO: f32 = -127.25;

// The constants stand in memory, in each thread's scratch area: as literals V8 builds each one anew at every use
// (three instructions, half the cost of the function); a splat load is one.
export const ZERO: usize = 0;
export const ROUNDER: usize = 4;
export const C6: usize = 8;
export const C5: usize = 12;
export const C4: usize = 16;
export const C3: usize = 20;
export const C2: usize = 24;
export const C1: usize = 28;
export const ONE: usize = 32;

export function writeConstants(at: usize): void {
  store<f32>(at, EXP2_ZERO, ZERO);
  store<f32>(at, 12583039, ROUNDER); // 1.5 * 2^23 + 127
  store<f32>(at, 0.00015327803, C6);
  store<f32>(at, 0.0013390997, C5);
  store<f32>(at, 0.009618503, C4);
  store<f32>(at, 0.055503596, C3);
  store<f32>(at, 0.24022648, C2);
  store<f32>(at, 0.6931472, C1);
  store<f32>(at, 1, ONE);
}

// 2^x for x <= 0, four lanes at once: x = n + f, |f| <= 1/2 and exact, then a degree-6 minimax polynomial in f (relative
// error 3.0e-9) whose first coefficient is 1, so 2^0 is exactly 1. NaN stays NaN; -Infinity gives 0.
// Adding ROUNDER rounds to n (V8's revectoriser knows no rounding instruction) and leaves n + 127, the biased exponent,
// in the low bits. n = -127 makes a power of 0: under -126.5 the result is 0, and subnormal from there to -126.
// test/engine/kernels/simd.test.ts measures the error in ULPs over 400,000 numbers from -126 to 0.
// @ts-ignore: decorator
@inline
export function exp2(x: v128, constants: usize): v128 {
  return exp2With(
    x, v128.load32_splat(constants, ZERO), v128.load32_splat(constants, ROUNDER), v128.load32_splat(constants, C6),
    v128.load32_splat(constants, C5), v128.load32_splat(constants, C4), v128.load32_splat(constants, C3),
    v128.load32_splat(constants, C2), v128.load32_splat(constants, C1), v128.load32_splat(constants, ONE),
  );
}

// The same with the constants already in registers: a loop loads them once.
// @ts-ignore: decorator
@inline
export function exp2With(
  x: v128, zero: v128, rounder: v128, c6: v128, c5: v128, c4: v128, c3: v128, c2: v128, c1: v128, one: v128,
): v128 {
  return exp2Within(f32x4.pmax(x, zero), rounder, c6, c5, c4, c3, c2, c1, one);
}

// The same where x is known to be from -126 to 127.
// @ts-ignore: decorator
@inline
export function exp2Within(x: v128, rounder: v128, c6: v128, c5: v128, c4: v128, c3: v128, c2: v128, c1: v128, one: v128): v128 {
  const shifted = f32x4.add(x, rounder);
  const f = f32x4.sub(x, f32x4.sub(shifted, rounder));
  const high = madd(f, madd(f, madd(f, c6, c5), c4), c3);
  const p = madd(f, madd(f, madd(f, high, c2), c1), one);
  return f32x4.mul(p, i32x4.shl(shifted, 23));
}

// @ts-ignore: decorator
@inline
export function exp2Scalar(x: f32, constants: usize): f32 {
  return f32x4.extract_lane(exp2(f32x4.splat(x), constants), 0);
}

// Logits to powers of 2, in place; `bytes` is rounded up to 16.
export function toPowers(logits: usize, bytes: usize): void {
  const factor = f32x4.splat(<f32>LOG2_OF_E);
  for (let x = logits, stop = logits + bytes; x < stop; x += 16) v128.store(x, f32x4.mul(v128.load(x), factor));
}
