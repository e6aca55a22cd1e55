import { Float, SINGLE, SIZE } from "./float";
import { madd } from "./arithmetic";

// The softmax runs in powers of 2: a logit times log2(e) is what exponentials, maxima and their differences are taken of.
// Where nothing stands between score and softmax the factor is part of the scale and costs nothing.
export const LOG2_OF_E: f64 = 1.4426950408889634;

// Where exp2() has reached 0; 2^x there is 5e-39 in f32, 9e-309 in f64.
export const EXP2_ZERO: Float = SINGLE ? <Float>-127.25 : <Float>-1023.25;

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

export function writeConstants(at: usize): void {
  store<Float>(at, EXP2_ZERO, ZERO);
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
  const f = v128.sub<Float>(x, v128.sub<Float>(shifted, rounder));
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

// @ts-ignore: decorator
@inline
export function exp2Scalar(x: Float, constants: usize): Float {
  return v128.extract_lane<Float>(exp2(v128.splat<Float>(x), constants), 0);
}

// Logits to powers of 2, in place; `bytes` is rounded up to 16.
export function toPowers(logits: usize, bytes: usize): void {
  const factor = v128.splat<Float>(<Float>LOG2_OF_E);
  for (let x = logits, stop = logits + bytes; x < stop; x += 16) v128.store(x, v128.mul<Float>(v128.load(x), factor));
}
