import { Float, SINGLE, SIZE } from "./float";
import { madd } from "./arithmetic";

// e^x is 2^(x log2(e)). The softmax subtracts a row's maximum first and multiplies by log2(e) after: a logit beyond
// 2.36e38 (1.25e308 of f64) would leave the format if it were multiplied first. Only steady rows, whose scores are known
// to be small, take the factor into the scale.
export const LOG2_OF_E: f64 = 1.4426950408889634;

// Where exp2() has reached 0; 2^x there is 5e-39 in f32, 9e-309 in f64.
const EXP2_ZERO: Float = SINGLE ? <Float>-127.25 : <Float>-1023.25;
// Where exponential() has: -127 and -1023 times ln 2.
export const EXP_ZERO: Float = SINGLE ? <Float>-88.02969 : <Float>-709.0895657128241;

// The constants stand in memory, in each thread's scratch area: as literals V8 builds each one anew at every use
// (three instructions, half the cost of the function); a splat load is one.
export const ZERO: usize = 0;
export const ROUNDER: usize = SIZE;
export const C1: usize = 2 * SIZE;
export const C2: usize = 3 * SIZE;
export const C3: usize = 4 * SIZE;
export const C4: usize = 5 * SIZE;
export const C5: usize = 6 * SIZE;
export const C6: usize = 7 * SIZE;
export const ONE: usize = 8 * SIZE;
const C7: usize = 9 * SIZE; // from here on of f64 alone
const C8: usize = 10 * SIZE;
const C9: usize = 11 * SIZE;
const C10: usize = 12 * SIZE;
const C11: usize = 13 * SIZE;
export const LOWEST: usize = 14 * SIZE;
export const FACTOR: usize = 15 * SIZE;

export function writeConstants(at: usize): void {
  store<Float>(at, EXP2_ZERO, ZERO);
  store<Float>(at, EXP_ZERO, LOWEST);
  store<Float>(at, <Float>LOG2_OF_E, FACTOR);
  store<Float>(at, 1, ONE);
  if (SINGLE) {
    store<Float>(at, 12583039, ROUNDER); // 1.5 * 2^23 + 127
    store<Float>(at, 0.00015327803, C6);
    store<Float>(at, 0.0013390997, C5);
    store<Float>(at, 0.009618503, C4);
    store<Float>(at, 0.055503596, C3);
    store<Float>(at, 0.24022648, C2);
    store<Float>(at, 0.6931472, C1);
  } else {
    store<Float>(at, 6755399441056767, ROUNDER); // 1.5 * 2^52 + 1023
    store<Float>(at, 4.4549605982122434e-10, C11);
    store<Float>(at, 7.072585949269223e-9, C10);
    store<Float>(at, 1.0178062445845596e-7, C9);
    store<Float>(at, 1.321544258792169e-6, C8);
    store<Float>(at, 1.525273382983612e-5, C7);
    store<Float>(at, 0.0001540353044173605, C6);
    store<Float>(at, 0.0013333558146416936, C5);
    store<Float>(at, 0.009618129107606888, C4);
    store<Float>(at, 0.0555041086648216, C3);
    store<Float>(at, 0.24022650695910097, C2);
    store<Float>(at, 0.6931471805599453, C1);
  }
}

// 2^x for x <= 0, a vector at once: x = n + f, |f| <= 1/2 and exact, then a polynomial in f whose first coefficient is 1, so
// 2^0 is exactly 1: of f32 a minimax of degree 6 (relative error 3.0e-9), of f64 one of degree 11 through Chebyshev's nodes
// (8.4e-18). NaN stays NaN; -Infinity gives 0.
// Adding ROUNDER rounds to n (V8's revectoriser knows no rounding instruction) and leaves n + 127, the biased exponent,
// in the low bits (n + 1023 of f64). n = -127 makes a power of 0: under -126.5 the result is 0, and subnormal from there to
// -126 (of f64 -1022.5 and -1022).
// test/engine/kernels/simd.test.ts measures the error in ULPs over 400,000 numbers of that range.
// @ts-ignore: decorator
@inline
export function exp2(x: v128, constants: usize): v128 {
  return exp2Within(
    v128.pmax<Float>(x, v128.load_splat<Float>(constants, ZERO)), v128.load_splat<Float>(constants, ROUNDER), v128.load_splat<Float>(constants, C6),
    v128.load_splat<Float>(constants, C5), v128.load_splat<Float>(constants, C4), v128.load_splat<Float>(constants, C3),
    v128.load_splat<Float>(constants, C2), v128.load_splat<Float>(constants, C1), v128.load_splat<Float>(constants, ONE), constants,
  );
}

// The same with the constants already in registers, which a loop loads once, and x known to be from EXP2_ZERO to 127.
// @ts-ignore: decorator
@inline
export function exp2Within(
  x: v128, rounder: v128, c6: v128, c5: v128, c4: v128, c3: v128, c2: v128, c1: v128, one: v128, constants: usize,
): v128 {
  const shifted = v128.add<Float>(x, rounder);
  return power(shifted, v128.sub<Float>(x, v128.sub<Float>(shifted, rounder)), c6, c5, c4, c3, c2, c1, one, constants);
}

// e^x for x from EXP_ZERO to 0. Where the machine has FMA the factor costs no operation more than exp2Within() has.
// @ts-ignore: decorator
@inline
export function exponentialWithin(
  x: v128, factor: v128, rounder: v128, c6: v128, c5: v128, c4: v128, c3: v128, c2: v128, c1: v128, one: v128, constants: usize,
): v128 {
  if (!ASC_FEATURE_RELAXED_SIMD) return exp2Within(v128.mul<Float>(x, factor), rounder, c6, c5, c4, c3, c2, c1, one, constants);
  const shifted = madd(x, factor, rounder);
  return power(shifted, madd(x, factor, v128.sub<Float>(rounder, shifted)), c6, c5, c4, c3, c2, c1, one, constants);
}

// 2^n times 2^f: n in the low bits of `shifted` as above.
// @ts-ignore: decorator
@inline
function power(shifted: v128, f: v128, c6: v128, c5: v128, c4: v128, c3: v128, c2: v128, c1: v128, one: v128, constants: usize): v128 {
  let top = c6;
  if (!SINGLE) {
    const c11 = v128.load_splat<Float>(constants, C11), c10 = v128.load_splat<Float>(constants, C10), c9 = v128.load_splat<Float>(constants, C9);
    const c8 = v128.load_splat<Float>(constants, C8), c7 = v128.load_splat<Float>(constants, C7);
    top = madd(f, madd(f, madd(f, madd(f, madd(f, c11, c10), c9), c8), c7), c6);
  }
  const high = madd(f, madd(f, madd(f, top, c5), c4), c3);
  const p = madd(f, madd(f, madd(f, high, c2), c1), one);
  return v128.mul<Float>(p, SINGLE ? i32x4.shl(shifted, 23) : i64x2.shl(shifted, 52));
}

// e^x for x <= 0, a vector at once, as exp2().
// @ts-ignore: decorator
@inline
export function exponential(x: v128, constants: usize): v128 {
  return exponentialWithin(
    v128.pmax<Float>(x, v128.load_splat<Float>(constants, LOWEST)), v128.load_splat<Float>(constants, FACTOR), v128.load_splat<Float>(constants, ROUNDER),
    v128.load_splat<Float>(constants, C6), v128.load_splat<Float>(constants, C5), v128.load_splat<Float>(constants, C4),
    v128.load_splat<Float>(constants, C3), v128.load_splat<Float>(constants, C2), v128.load_splat<Float>(constants, C1),
    v128.load_splat<Float>(constants, ONE), constants,
  );
}

// @ts-ignore: decorator
@inline
export function exponentialScalar(x: Float, constants: usize): Float {
  return v128.extract_lane<Float>(exponential(v128.splat<Float>(x), constants), 0);
}

// x <= 0 in bits, for the moment of the entropy; clamped where its exponential is 0, so that 0 * -Infinity is never met.
// @ts-ignore: decorator
@inline
export function bitsOf(x: v128, constants: usize): v128 {
  return v128.mul<Float>(v128.pmax<Float>(x, v128.load_splat<Float>(constants, LOWEST)), v128.load_splat<Float>(constants, FACTOR));
}

// @ts-ignore: decorator
@inline
export function bitsOfScalar(x: Float): Float {
  return max(x, EXP_ZERO) * <Float>LOG2_OF_E;
}
