import { Float, SINGLE } from "./float";

// The one multiply-add every file uses. With relaxed SIMD it is fused (one rounding) where the machine has FMA;
// without, it rounds twice. Every bound stated in this folder holds for both.

// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<Float>(a, b, c);
  return v128.add<Float>(v128.mul<Float>(a, b), c);
}

// @ts-ignore: decorator
@inline
export function sumLanes(x: v128): Float {
  const two = v128.extract_lane<Float>(x, 0) + v128.extract_lane<Float>(x, 1);
  return SINGLE ? two + (v128.extract_lane<Float>(x, 2) + v128.extract_lane<Float>(x, 3)) : two;
}
