// Made by scripts/wasm.ts from scripts/kernel/tiles.ts: change it there.
import { Float, SIZE } from "./float";
import { madd } from "./arithmetic";

// Value tiles: [columns] x [rows] accumulators held in registers; weights are [key][16], values rows `stride` bytes apart,
// context [column][16]. The sum over this block of keys starts at 0 and joins the context once (two-level summation).
// In each row all loads come before all stores: V8's revectoriser packs no stores that have a load between them.

// 4 context columns of 8 rows: context = context * alpha + sum over keys of value * weight.
export function value4x8(value: usize, stride: usize, weight: usize, keys: i32, alpha: usize, out: usize): void {
  let v = value, w = weight, n = keys;
  let c00 = v128.splat<Float>(0), c01 = v128.splat<Float>(0);
  let c10 = v128.splat<Float>(0), c11 = v128.splat<Float>(0);
  let c20 = v128.splat<Float>(0), c21 = v128.splat<Float>(0);
  let c30 = v128.splat<Float>(0), c31 = v128.splat<Float>(0);
  for (; n > 0; n--) {
    const b0 = v128.load(w, 0), b1 = v128.load(w, 16);
    const a0 = v128.load_splat<Float>(v); c00 = madd(a0, b0, c00); c01 = madd(a0, b1, c01);
    const a1 = v128.load_splat<Float>(v, SIZE); c10 = madd(a1, b0, c10); c11 = madd(a1, b1, c11);
    const a2 = v128.load_splat<Float>(v, 2 * SIZE); c20 = madd(a2, b0, c20); c21 = madd(a2, b1, c21);
    const a3 = v128.load_splat<Float>(v, 3 * SIZE); c30 = madd(a3, b0, c30); c31 = madd(a3, b1, c31);
    v += stride; w += 64;
  }
  const f0 = v128.load(alpha, 0), f1 = v128.load(alpha, 16);
  {
    const o0 = madd(v128.load(out, 0), f0, c00), o1 = madd(v128.load(out, 16), f1, c01);
    v128.store(out, o1, 16); v128.store(out, o0, 0);
  }
  {
    const o0 = madd(v128.load(out, 64), f0, c10), o1 = madd(v128.load(out, 80), f1, c11);
    v128.store(out, o1, 80); v128.store(out, o0, 64);
  }
  {
    const o0 = madd(v128.load(out, 128), f0, c20), o1 = madd(v128.load(out, 144), f1, c21);
    v128.store(out, o1, 144); v128.store(out, o0, 128);
  }
  {
    const o0 = madd(v128.load(out, 192), f0, c30), o1 = madd(v128.load(out, 208), f1, c31);
    v128.store(out, o1, 208); v128.store(out, o0, 192);
  }
}

// 1 context columns of 16 rows: context = context * alpha + sum over keys of value * weight.
export function value1x16(value: usize, stride: usize, weight: usize, keys: i32, alpha: usize, out: usize): void {
  let v = value, w = weight, n = keys;
  let c00 = v128.splat<Float>(0), c01 = v128.splat<Float>(0), c02 = v128.splat<Float>(0), c03 = v128.splat<Float>(0);
  for (; n > 0; n--) {
    const b0 = v128.load(w, 0), b1 = v128.load(w, 16), b2 = v128.load(w, 32), b3 = v128.load(w, 48);
    const a0 = v128.load_splat<Float>(v); c00 = madd(a0, b0, c00); c01 = madd(a0, b1, c01); c02 = madd(a0, b2, c02); c03 = madd(a0, b3, c03);
    v += stride; w += 64;
  }
  const f0 = v128.load(alpha, 0), f1 = v128.load(alpha, 16), f2 = v128.load(alpha, 32), f3 = v128.load(alpha, 48);
  {
    const o0 = madd(v128.load(out, 0), f0, c00), o1 = madd(v128.load(out, 16), f1, c01), o2 = madd(v128.load(out, 32), f2, c02), o3 = madd(v128.load(out, 48), f3, c03);
    v128.store(out, o1, 16); v128.store(out, o0, 0); v128.store(out, o3, 48); v128.store(out, o2, 32);
  }
}

// 4 context columns of 16 rows: context = context * alpha + sum over keys of value * weight.
export function value4x16(value: usize, stride: usize, weight: usize, keys: i32, alpha: usize, out: usize): void {
  let v = value, w = weight, n = keys;
  let c00 = v128.splat<Float>(0), c01 = v128.splat<Float>(0), c02 = v128.splat<Float>(0), c03 = v128.splat<Float>(0);
  let c10 = v128.splat<Float>(0), c11 = v128.splat<Float>(0), c12 = v128.splat<Float>(0), c13 = v128.splat<Float>(0);
  let c20 = v128.splat<Float>(0), c21 = v128.splat<Float>(0), c22 = v128.splat<Float>(0), c23 = v128.splat<Float>(0);
  let c30 = v128.splat<Float>(0), c31 = v128.splat<Float>(0), c32 = v128.splat<Float>(0), c33 = v128.splat<Float>(0);
  for (; n > 0; n--) {
    const b0 = v128.load(w, 0), b1 = v128.load(w, 16), b2 = v128.load(w, 32), b3 = v128.load(w, 48);
    const a0 = v128.load_splat<Float>(v); c00 = madd(a0, b0, c00); c01 = madd(a0, b1, c01); c02 = madd(a0, b2, c02); c03 = madd(a0, b3, c03);
    const a1 = v128.load_splat<Float>(v, SIZE); c10 = madd(a1, b0, c10); c11 = madd(a1, b1, c11); c12 = madd(a1, b2, c12); c13 = madd(a1, b3, c13);
    const a2 = v128.load_splat<Float>(v, 2 * SIZE); c20 = madd(a2, b0, c20); c21 = madd(a2, b1, c21); c22 = madd(a2, b2, c22); c23 = madd(a2, b3, c23);
    const a3 = v128.load_splat<Float>(v, 3 * SIZE); c30 = madd(a3, b0, c30); c31 = madd(a3, b1, c31); c32 = madd(a3, b2, c32); c33 = madd(a3, b3, c33);
    v += stride; w += 64;
  }
  const f0 = v128.load(alpha, 0), f1 = v128.load(alpha, 16), f2 = v128.load(alpha, 32), f3 = v128.load(alpha, 48);
  {
    const o0 = madd(v128.load(out, 0), f0, c00), o1 = madd(v128.load(out, 16), f1, c01), o2 = madd(v128.load(out, 32), f2, c02), o3 = madd(v128.load(out, 48), f3, c03);
    v128.store(out, o1, 16); v128.store(out, o0, 0); v128.store(out, o3, 48); v128.store(out, o2, 32);
  }
  {
    const o0 = madd(v128.load(out, 64), f0, c10), o1 = madd(v128.load(out, 80), f1, c11), o2 = madd(v128.load(out, 96), f2, c12), o3 = madd(v128.load(out, 112), f3, c13);
    v128.store(out, o1, 80); v128.store(out, o0, 64); v128.store(out, o3, 112); v128.store(out, o2, 96);
  }
  {
    const o0 = madd(v128.load(out, 128), f0, c20), o1 = madd(v128.load(out, 144), f1, c21), o2 = madd(v128.load(out, 160), f2, c22), o3 = madd(v128.load(out, 176), f3, c23);
    v128.store(out, o1, 144); v128.store(out, o0, 128); v128.store(out, o3, 176); v128.store(out, o2, 160);
  }
  {
    const o0 = madd(v128.load(out, 192), f0, c30), o1 = madd(v128.load(out, 208), f1, c31), o2 = madd(v128.load(out, 224), f2, c32), o3 = madd(v128.load(out, 240), f3, c33);
    v128.store(out, o1, 208); v128.store(out, o0, 192); v128.store(out, o3, 240); v128.store(out, o2, 224);
  }
}

// 6 context columns of 16 rows: context = context * alpha + sum over keys of value * weight.
export function value6x16(value: usize, stride: usize, weight: usize, keys: i32, alpha: usize, out: usize): void {
  let v = value, w = weight, n = keys;
  let c00 = v128.splat<Float>(0), c01 = v128.splat<Float>(0), c02 = v128.splat<Float>(0), c03 = v128.splat<Float>(0);
  let c10 = v128.splat<Float>(0), c11 = v128.splat<Float>(0), c12 = v128.splat<Float>(0), c13 = v128.splat<Float>(0);
  let c20 = v128.splat<Float>(0), c21 = v128.splat<Float>(0), c22 = v128.splat<Float>(0), c23 = v128.splat<Float>(0);
  let c30 = v128.splat<Float>(0), c31 = v128.splat<Float>(0), c32 = v128.splat<Float>(0), c33 = v128.splat<Float>(0);
  let c40 = v128.splat<Float>(0), c41 = v128.splat<Float>(0), c42 = v128.splat<Float>(0), c43 = v128.splat<Float>(0);
  let c50 = v128.splat<Float>(0), c51 = v128.splat<Float>(0), c52 = v128.splat<Float>(0), c53 = v128.splat<Float>(0);
  for (; n > 0; n--) {
    const b0 = v128.load(w, 0), b1 = v128.load(w, 16), b2 = v128.load(w, 32), b3 = v128.load(w, 48);
    const a0 = v128.load_splat<Float>(v); c00 = madd(a0, b0, c00); c01 = madd(a0, b1, c01); c02 = madd(a0, b2, c02); c03 = madd(a0, b3, c03);
    const a1 = v128.load_splat<Float>(v, SIZE); c10 = madd(a1, b0, c10); c11 = madd(a1, b1, c11); c12 = madd(a1, b2, c12); c13 = madd(a1, b3, c13);
    const a2 = v128.load_splat<Float>(v, 2 * SIZE); c20 = madd(a2, b0, c20); c21 = madd(a2, b1, c21); c22 = madd(a2, b2, c22); c23 = madd(a2, b3, c23);
    const a3 = v128.load_splat<Float>(v, 3 * SIZE); c30 = madd(a3, b0, c30); c31 = madd(a3, b1, c31); c32 = madd(a3, b2, c32); c33 = madd(a3, b3, c33);
    const a4 = v128.load_splat<Float>(v, 4 * SIZE); c40 = madd(a4, b0, c40); c41 = madd(a4, b1, c41); c42 = madd(a4, b2, c42); c43 = madd(a4, b3, c43);
    const a5 = v128.load_splat<Float>(v, 5 * SIZE); c50 = madd(a5, b0, c50); c51 = madd(a5, b1, c51); c52 = madd(a5, b2, c52); c53 = madd(a5, b3, c53);
    v += stride; w += 64;
  }
  const f0 = v128.load(alpha, 0), f1 = v128.load(alpha, 16), f2 = v128.load(alpha, 32), f3 = v128.load(alpha, 48);
  {
    const o0 = madd(v128.load(out, 0), f0, c00), o1 = madd(v128.load(out, 16), f1, c01), o2 = madd(v128.load(out, 32), f2, c02), o3 = madd(v128.load(out, 48), f3, c03);
    v128.store(out, o1, 16); v128.store(out, o0, 0); v128.store(out, o3, 48); v128.store(out, o2, 32);
  }
  {
    const o0 = madd(v128.load(out, 64), f0, c10), o1 = madd(v128.load(out, 80), f1, c11), o2 = madd(v128.load(out, 96), f2, c12), o3 = madd(v128.load(out, 112), f3, c13);
    v128.store(out, o1, 80); v128.store(out, o0, 64); v128.store(out, o3, 112); v128.store(out, o2, 96);
  }
  {
    const o0 = madd(v128.load(out, 128), f0, c20), o1 = madd(v128.load(out, 144), f1, c21), o2 = madd(v128.load(out, 160), f2, c22), o3 = madd(v128.load(out, 176), f3, c23);
    v128.store(out, o1, 144); v128.store(out, o0, 128); v128.store(out, o3, 176); v128.store(out, o2, 160);
  }
  {
    const o0 = madd(v128.load(out, 192), f0, c30), o1 = madd(v128.load(out, 208), f1, c31), o2 = madd(v128.load(out, 224), f2, c32), o3 = madd(v128.load(out, 240), f3, c33);
    v128.store(out, o1, 208); v128.store(out, o0, 192); v128.store(out, o3, 240); v128.store(out, o2, 224);
  }
  {
    const o0 = madd(v128.load(out, 256), f0, c40), o1 = madd(v128.load(out, 272), f1, c41), o2 = madd(v128.load(out, 288), f2, c42), o3 = madd(v128.load(out, 304), f3, c43);
    v128.store(out, o1, 272); v128.store(out, o0, 256); v128.store(out, o3, 304); v128.store(out, o2, 288);
  }
  {
    const o0 = madd(v128.load(out, 320), f0, c50), o1 = madd(v128.load(out, 336), f1, c51), o2 = madd(v128.load(out, 352), f2, c52), o3 = madd(v128.load(out, 368), f3, c53);
    v128.store(out, o1, 336); v128.store(out, o0, 320); v128.store(out, o3, 368); v128.store(out, o2, 352);
  }
}

// 6 context columns of 8 rows: context = context * alpha + sum over keys of value * weight.
export function value6x8(value: usize, stride: usize, weight: usize, keys: i32, alpha: usize, out: usize): void {
  let v = value, w = weight, n = keys;
  let c00 = v128.splat<Float>(0), c01 = v128.splat<Float>(0);
  let c10 = v128.splat<Float>(0), c11 = v128.splat<Float>(0);
  let c20 = v128.splat<Float>(0), c21 = v128.splat<Float>(0);
  let c30 = v128.splat<Float>(0), c31 = v128.splat<Float>(0);
  let c40 = v128.splat<Float>(0), c41 = v128.splat<Float>(0);
  let c50 = v128.splat<Float>(0), c51 = v128.splat<Float>(0);
  for (; n > 0; n--) {
    const b0 = v128.load(w, 0), b1 = v128.load(w, 16);
    const a0 = v128.load_splat<Float>(v); c00 = madd(a0, b0, c00); c01 = madd(a0, b1, c01);
    const a1 = v128.load_splat<Float>(v, SIZE); c10 = madd(a1, b0, c10); c11 = madd(a1, b1, c11);
    const a2 = v128.load_splat<Float>(v, 2 * SIZE); c20 = madd(a2, b0, c20); c21 = madd(a2, b1, c21);
    const a3 = v128.load_splat<Float>(v, 3 * SIZE); c30 = madd(a3, b0, c30); c31 = madd(a3, b1, c31);
    const a4 = v128.load_splat<Float>(v, 4 * SIZE); c40 = madd(a4, b0, c40); c41 = madd(a4, b1, c41);
    const a5 = v128.load_splat<Float>(v, 5 * SIZE); c50 = madd(a5, b0, c50); c51 = madd(a5, b1, c51);
    v += stride; w += 64;
  }
  const f0 = v128.load(alpha, 0), f1 = v128.load(alpha, 16);
  {
    const o0 = madd(v128.load(out, 0), f0, c00), o1 = madd(v128.load(out, 16), f1, c01);
    v128.store(out, o1, 16); v128.store(out, o0, 0);
  }
  {
    const o0 = madd(v128.load(out, 64), f0, c10), o1 = madd(v128.load(out, 80), f1, c11);
    v128.store(out, o1, 80); v128.store(out, o0, 64);
  }
  {
    const o0 = madd(v128.load(out, 128), f0, c20), o1 = madd(v128.load(out, 144), f1, c21);
    v128.store(out, o1, 144); v128.store(out, o0, 128);
  }
  {
    const o0 = madd(v128.load(out, 192), f0, c30), o1 = madd(v128.load(out, 208), f1, c31);
    v128.store(out, o1, 208); v128.store(out, o0, 192);
  }
  {
    const o0 = madd(v128.load(out, 256), f0, c40), o1 = madd(v128.load(out, 272), f1, c41);
    v128.store(out, o1, 272); v128.store(out, o0, 256);
  }
  {
    const o0 = madd(v128.load(out, 320), f0, c50), o1 = madd(v128.load(out, 336), f1, c51);
    v128.store(out, o1, 336); v128.store(out, o0, 320);
  }
}
