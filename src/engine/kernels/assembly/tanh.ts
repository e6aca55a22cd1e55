import { madd } from "./arithmetic";
import { exp2, LOG2_OF_E } from "./exp";

// tanh x, four lanes at once. Under 0.625 an odd polynomial (Cephes tanhf) keeps the relative error near 0;
// above, (1 - u) / (1 + u) with u = e^(-2|x|) <= 0.287 cancels nothing. NaN stays NaN.
// @ts-ignore: decorator
@inline
export function tanh(x: v128, constants: usize): v128 {
  const magnitude = f32x4.abs(x);
  const square = f32x4.mul(x, x);
  let p = madd(square, f32x4.splat(-5.70498872745e-3), f32x4.splat(2.06390887954e-2));
  p = madd(square, p, f32x4.splat(-5.37397155531e-2));
  p = madd(square, p, f32x4.splat(1.33314422036e-1));
  p = madd(square, p, f32x4.splat(-3.33332819422e-1));
  const near = madd(f32x4.mul(square, p), x, x);
  const one = f32x4.splat(1);
  const u = exp2(f32x4.mul(magnitude, f32x4.splat(<f32>(-2 * LOG2_OF_E))), constants);
  const far = f32x4.div(f32x4.sub(one, u), f32x4.add(one, u));
  const signed = v128.or(far, v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(near, signed, f32x4.lt(magnitude, f32x4.splat(0.625)));
}
