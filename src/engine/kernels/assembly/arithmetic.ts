// The one multiply-add every file uses. With relaxed SIMD it is fused (one rounding) where the machine has FMA;
// without, it rounds twice. Every bound stated in this folder holds for both.

// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
