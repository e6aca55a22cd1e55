import { Float, SINGLE } from "./float";
import { madd } from "./arithmetic";
import { exp2, LOG2_OF_E } from "./exp";

// tanh x, a vector at once. Under 0.625 an odd function (Cephes tanhf, tanh) keeps the relative error near 0;
// above, (1 - u) / (1 + u) with u = e^(-2|x|) <= 0.287 cancels nothing. NaN stays NaN.
// @ts-ignore: decorator
@inline
export function tanh(x: v128, constants: usize): v128 {
  const magnitude = v128.abs<Float>(x);
  const square = v128.mul<Float>(x, x);
  let p: v128;
  if (SINGLE) {
    p = madd(square, v128.splat<Float>(-5.70498872745e-3), v128.splat<Float>(2.06390887954e-2));
    p = madd(square, p, v128.splat<Float>(-5.37397155531e-2));
    p = madd(square, p, v128.splat<Float>(1.33314422036e-1));
    p = madd(square, p, v128.splat<Float>(-3.33332819422e-1));
  } else {
    p = madd(square, v128.splat<Float>(-9.64399179425052238628e-1), v128.splat<Float>(-9.92877231001918586564e1));
    p = madd(square, p, v128.splat<Float>(-1.61468768441708447952e3));
    let q = v128.add<Float>(square, v128.splat<Float>(1.12811678491632931402e2));
    q = madd(square, q, v128.splat<Float>(2.23548839060100448583e3));
    q = madd(square, q, v128.splat<Float>(4.84406305325125486048e3));
    p = v128.div<Float>(p, q);
  }
  const near = madd(v128.mul<Float>(square, p), x, x);
  const one = v128.splat<Float>(1);
  const u = exp2(v128.mul<Float>(magnitude, v128.splat<Float>(<Float>(-2 * LOG2_OF_E))), constants);
  const far = v128.div<Float>(v128.sub<Float>(one, u), v128.add<Float>(one, u));
  const signed = v128.or(far, v128.and(x, v128.splat<Float>(-0.0)));
  return v128.bitselect(near, signed, v128.lt<Float>(magnitude, v128.splat<Float>(0.625)));
}
