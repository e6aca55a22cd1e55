// The arithmetic that a build computes in. scripts/wasm.ts builds each module twice from the same text, once with f64 here.
export type Float = f32;

export const SIZE: usize = sizeof<Float>(); // bytes
export const SHIFT: usize = alignof<Float>(); // its logarithm
export const VECTOR: i32 = 16 / sizeof<Float>(); // numbers of one v128
export const SINGLE: bool = sizeof<Float>() == 4;
