// Made by scripts/wasm.ts from scripts/kernel/tiles.ts: change it there.
import { Float, SIZE } from "./float";
import { madd } from "./arithmetic";

// Score tiles: [keys] x [rows] accumulators held in registers; the query panel is [depth][16], a key gives one splat a step.
// All stores come last and side by side: V8's revectoriser starts from pairs of neighbouring stores. The upper half goes first:
// where the lower does, V8 14.6 stores it twice, alone and in the pair.

// 4 keys, rows `stride` bytes apart, against 8 rows of the panel: scores to out [key][16].
export function score4x8(key: usize, stride: usize, query: usize, depth: i32, scale: Float, offset: usize, out: usize): void {
  let q = query, d = depth;
  let k0 = key, k1 = key + stride, k2 = key + 2 * stride, k3 = key + 3 * stride;
  let s00 = v128.splat<Float>(0), s01 = v128.splat<Float>(0);
  let s10 = v128.splat<Float>(0), s11 = v128.splat<Float>(0);
  let s20 = v128.splat<Float>(0), s21 = v128.splat<Float>(0);
  let s30 = v128.splat<Float>(0), s31 = v128.splat<Float>(0);
  for (; d >= 2; d -= 2) {
    {
      const b0 = v128.load(q, 0), b1 = v128.load(q, 16);
      const a0 = v128.load_splat<Float>(k0); s00 = madd(a0, b0, s00); s01 = madd(a0, b1, s01);
      const a1 = v128.load_splat<Float>(k1); s10 = madd(a1, b0, s10); s11 = madd(a1, b1, s11);
      const a2 = v128.load_splat<Float>(k2); s20 = madd(a2, b0, s20); s21 = madd(a2, b1, s21);
      const a3 = v128.load_splat<Float>(k3); s30 = madd(a3, b0, s30); s31 = madd(a3, b1, s31);
    }
    {
      const b0 = v128.load(q, 64), b1 = v128.load(q, 80);
      const a0 = v128.load_splat<Float>(k0, SIZE); s00 = madd(a0, b0, s00); s01 = madd(a0, b1, s01);
      const a1 = v128.load_splat<Float>(k1, SIZE); s10 = madd(a1, b0, s10); s11 = madd(a1, b1, s11);
      const a2 = v128.load_splat<Float>(k2, SIZE); s20 = madd(a2, b0, s20); s21 = madd(a2, b1, s21);
      const a3 = v128.load_splat<Float>(k3, SIZE); s30 = madd(a3, b0, s30); s31 = madd(a3, b1, s31);
    }
    k0 += 2 * SIZE; k1 += 2 * SIZE; k2 += 2 * SIZE; k3 += 2 * SIZE; q += 128;
  }
  for (; d > 0; d--) {
    const b0 = v128.load(q, 0), b1 = v128.load(q, 16);
    const a0 = v128.load_splat<Float>(k0); s00 = madd(a0, b0, s00); s01 = madd(a0, b1, s01);
    const a1 = v128.load_splat<Float>(k1); s10 = madd(a1, b0, s10); s11 = madd(a1, b1, s11);
    const a2 = v128.load_splat<Float>(k2); s20 = madd(a2, b0, s20); s21 = madd(a2, b1, s21);
    const a3 = v128.load_splat<Float>(k3); s30 = madd(a3, b0, s30); s31 = madd(a3, b1, s31);
    k0 += SIZE; k1 += SIZE; k2 += SIZE; k3 += SIZE; q += 64;
  }
  const scales = v128.splat<Float>(scale);
  const n0 = v128.load(offset), n1 = v128.load(offset, 16);
  v128.store(out, madd(s01, scales, n1), 16); v128.store(out, madd(s00, scales, n0), 0);
  v128.store(out, madd(s11, scales, n1), 80); v128.store(out, madd(s10, scales, n0), 64);
  v128.store(out, madd(s21, scales, n1), 144); v128.store(out, madd(s20, scales, n0), 128);
  v128.store(out, madd(s31, scales, n1), 208); v128.store(out, madd(s30, scales, n0), 192);
}

// 1 keys, rows `stride` bytes apart, against 16 rows of the panel: scores to out [key][16].
export function score1x16(key: usize, stride: usize, query: usize, depth: i32, scale: Float, offset: usize, out: usize): void {
  let q = query, d = depth;
  let k0 = key;
  let s00 = v128.splat<Float>(0), s01 = v128.splat<Float>(0), s02 = v128.splat<Float>(0), s03 = v128.splat<Float>(0);
  for (; d > 0; d--) {
    const b0 = v128.load(q, 0), b1 = v128.load(q, 16), b2 = v128.load(q, 32), b3 = v128.load(q, 48);
    const a0 = v128.load_splat<Float>(k0); s00 = madd(a0, b0, s00); s01 = madd(a0, b1, s01); s02 = madd(a0, b2, s02); s03 = madd(a0, b3, s03);
    k0 += SIZE; q += 64;
  }
  const scales = v128.splat<Float>(scale);
  const n0 = v128.load(offset), n1 = v128.load(offset, 16), n2 = v128.load(offset, 32), n3 = v128.load(offset, 48);
  v128.store(out, madd(s01, scales, n1), 16); v128.store(out, madd(s00, scales, n0), 0); v128.store(out, madd(s03, scales, n3), 48); v128.store(out, madd(s02, scales, n2), 32);
}

// 4 keys, rows `stride` bytes apart, against 16 rows of the panel: scores to out [key][16].
export function score4x16(key: usize, stride: usize, query: usize, depth: i32, scale: Float, offset: usize, out: usize): void {
  let q = query, d = depth;
  let k0 = key, k1 = key + stride, k2 = key + 2 * stride, k3 = key + 3 * stride;
  let s00 = v128.splat<Float>(0), s01 = v128.splat<Float>(0), s02 = v128.splat<Float>(0), s03 = v128.splat<Float>(0);
  let s10 = v128.splat<Float>(0), s11 = v128.splat<Float>(0), s12 = v128.splat<Float>(0), s13 = v128.splat<Float>(0);
  let s20 = v128.splat<Float>(0), s21 = v128.splat<Float>(0), s22 = v128.splat<Float>(0), s23 = v128.splat<Float>(0);
  let s30 = v128.splat<Float>(0), s31 = v128.splat<Float>(0), s32 = v128.splat<Float>(0), s33 = v128.splat<Float>(0);
  for (; d > 0; d--) {
    const b0 = v128.load(q, 0), b1 = v128.load(q, 16), b2 = v128.load(q, 32), b3 = v128.load(q, 48);
    const a0 = v128.load_splat<Float>(k0); s00 = madd(a0, b0, s00); s01 = madd(a0, b1, s01); s02 = madd(a0, b2, s02); s03 = madd(a0, b3, s03);
    const a1 = v128.load_splat<Float>(k1); s10 = madd(a1, b0, s10); s11 = madd(a1, b1, s11); s12 = madd(a1, b2, s12); s13 = madd(a1, b3, s13);
    const a2 = v128.load_splat<Float>(k2); s20 = madd(a2, b0, s20); s21 = madd(a2, b1, s21); s22 = madd(a2, b2, s22); s23 = madd(a2, b3, s23);
    const a3 = v128.load_splat<Float>(k3); s30 = madd(a3, b0, s30); s31 = madd(a3, b1, s31); s32 = madd(a3, b2, s32); s33 = madd(a3, b3, s33);
    k0 += SIZE; k1 += SIZE; k2 += SIZE; k3 += SIZE; q += 64;
  }
  const scales = v128.splat<Float>(scale);
  const n0 = v128.load(offset), n1 = v128.load(offset, 16), n2 = v128.load(offset, 32), n3 = v128.load(offset, 48);
  v128.store(out, madd(s01, scales, n1), 16); v128.store(out, madd(s00, scales, n0), 0); v128.store(out, madd(s03, scales, n3), 48); v128.store(out, madd(s02, scales, n2), 32);
  v128.store(out, madd(s11, scales, n1), 80); v128.store(out, madd(s10, scales, n0), 64); v128.store(out, madd(s13, scales, n3), 112); v128.store(out, madd(s12, scales, n2), 96);
  v128.store(out, madd(s21, scales, n1), 144); v128.store(out, madd(s20, scales, n0), 128); v128.store(out, madd(s23, scales, n3), 176); v128.store(out, madd(s22, scales, n2), 160);
  v128.store(out, madd(s31, scales, n1), 208); v128.store(out, madd(s30, scales, n0), 192); v128.store(out, madd(s33, scales, n3), 240); v128.store(out, madd(s32, scales, n2), 224);
}

// Groups of 6 keys, rows `stride` bytes apart, against 16 rows of the panel: scores to out [key][16].
export function score6x16(key: usize, stride: usize, groups: i32, query: usize, depth: i32, scale: Float, offset: usize, out: usize): void {
  for (let g = groups, from = key, to = out; g > 0; g--, from += 6 * stride, to += 384) {
    let q = query, d = depth;
    let k0 = from, k1 = from + stride, k2 = from + 2 * stride, k3 = from + 3 * stride, k4 = from + 4 * stride, k5 = from + 5 * stride;
    let s00 = v128.splat<Float>(0), s01 = v128.splat<Float>(0), s02 = v128.splat<Float>(0), s03 = v128.splat<Float>(0);
    let s10 = v128.splat<Float>(0), s11 = v128.splat<Float>(0), s12 = v128.splat<Float>(0), s13 = v128.splat<Float>(0);
    let s20 = v128.splat<Float>(0), s21 = v128.splat<Float>(0), s22 = v128.splat<Float>(0), s23 = v128.splat<Float>(0);
    let s30 = v128.splat<Float>(0), s31 = v128.splat<Float>(0), s32 = v128.splat<Float>(0), s33 = v128.splat<Float>(0);
    let s40 = v128.splat<Float>(0), s41 = v128.splat<Float>(0), s42 = v128.splat<Float>(0), s43 = v128.splat<Float>(0);
    let s50 = v128.splat<Float>(0), s51 = v128.splat<Float>(0), s52 = v128.splat<Float>(0), s53 = v128.splat<Float>(0);
    for (; d > 0; d--) {
      const b0 = v128.load(q, 0), b1 = v128.load(q, 16), b2 = v128.load(q, 32), b3 = v128.load(q, 48);
      const a0 = v128.load_splat<Float>(k0); s00 = madd(a0, b0, s00); s01 = madd(a0, b1, s01); s02 = madd(a0, b2, s02); s03 = madd(a0, b3, s03);
      const a1 = v128.load_splat<Float>(k1); s10 = madd(a1, b0, s10); s11 = madd(a1, b1, s11); s12 = madd(a1, b2, s12); s13 = madd(a1, b3, s13);
      const a2 = v128.load_splat<Float>(k2); s20 = madd(a2, b0, s20); s21 = madd(a2, b1, s21); s22 = madd(a2, b2, s22); s23 = madd(a2, b3, s23);
      const a3 = v128.load_splat<Float>(k3); s30 = madd(a3, b0, s30); s31 = madd(a3, b1, s31); s32 = madd(a3, b2, s32); s33 = madd(a3, b3, s33);
      const a4 = v128.load_splat<Float>(k4); s40 = madd(a4, b0, s40); s41 = madd(a4, b1, s41); s42 = madd(a4, b2, s42); s43 = madd(a4, b3, s43);
      const a5 = v128.load_splat<Float>(k5); s50 = madd(a5, b0, s50); s51 = madd(a5, b1, s51); s52 = madd(a5, b2, s52); s53 = madd(a5, b3, s53);
      k0 += SIZE; k1 += SIZE; k2 += SIZE; k3 += SIZE; k4 += SIZE; k5 += SIZE; q += 64;
    }
    const scales = v128.splat<Float>(scale);
    const n0 = v128.load(offset), n1 = v128.load(offset, 16), n2 = v128.load(offset, 32), n3 = v128.load(offset, 48);
    v128.store(to, madd(s01, scales, n1), 16); v128.store(to, madd(s00, scales, n0), 0); v128.store(to, madd(s03, scales, n3), 48); v128.store(to, madd(s02, scales, n2), 32);
    v128.store(to, madd(s11, scales, n1), 80); v128.store(to, madd(s10, scales, n0), 64); v128.store(to, madd(s13, scales, n3), 112); v128.store(to, madd(s12, scales, n2), 96);
    v128.store(to, madd(s21, scales, n1), 144); v128.store(to, madd(s20, scales, n0), 128); v128.store(to, madd(s23, scales, n3), 176); v128.store(to, madd(s22, scales, n2), 160);
    v128.store(to, madd(s31, scales, n1), 208); v128.store(to, madd(s30, scales, n0), 192); v128.store(to, madd(s33, scales, n3), 240); v128.store(to, madd(s32, scales, n2), 224);
    v128.store(to, madd(s41, scales, n1), 272); v128.store(to, madd(s40, scales, n0), 256); v128.store(to, madd(s43, scales, n3), 304); v128.store(to, madd(s42, scales, n2), 288);
    v128.store(to, madd(s51, scales, n1), 336); v128.store(to, madd(s50, scales, n0), 320); v128.store(to, madd(s53, scales, n3), 368); v128.store(to, madd(s52, scales, n2), 352);
  }
}

// Groups of 6 keys, rows `stride` bytes apart, against 8 rows of the panel: scores to out [key][16].
export function score6x8(key: usize, stride: usize, groups: i32, query: usize, depth: i32, scale: Float, offset: usize, out: usize): void {
  for (let g = groups, from = key, to = out; g > 0; g--, from += 6 * stride, to += 384) {
    let q = query, d = depth;
    let k0 = from, k1 = from + stride, k2 = from + 2 * stride, k3 = from + 3 * stride, k4 = from + 4 * stride, k5 = from + 5 * stride;
    let s00 = v128.splat<Float>(0), s01 = v128.splat<Float>(0);
    let s10 = v128.splat<Float>(0), s11 = v128.splat<Float>(0);
    let s20 = v128.splat<Float>(0), s21 = v128.splat<Float>(0);
    let s30 = v128.splat<Float>(0), s31 = v128.splat<Float>(0);
    let s40 = v128.splat<Float>(0), s41 = v128.splat<Float>(0);
    let s50 = v128.splat<Float>(0), s51 = v128.splat<Float>(0);
    for (; d > 0; d--) {
      const b0 = v128.load(q, 0), b1 = v128.load(q, 16);
      const a0 = v128.load_splat<Float>(k0); s00 = madd(a0, b0, s00); s01 = madd(a0, b1, s01);
      const a1 = v128.load_splat<Float>(k1); s10 = madd(a1, b0, s10); s11 = madd(a1, b1, s11);
      const a2 = v128.load_splat<Float>(k2); s20 = madd(a2, b0, s20); s21 = madd(a2, b1, s21);
      const a3 = v128.load_splat<Float>(k3); s30 = madd(a3, b0, s30); s31 = madd(a3, b1, s31);
      const a4 = v128.load_splat<Float>(k4); s40 = madd(a4, b0, s40); s41 = madd(a4, b1, s41);
      const a5 = v128.load_splat<Float>(k5); s50 = madd(a5, b0, s50); s51 = madd(a5, b1, s51);
      k0 += SIZE; k1 += SIZE; k2 += SIZE; k3 += SIZE; k4 += SIZE; k5 += SIZE; q += 64;
    }
    const scales = v128.splat<Float>(scale);
    const n0 = v128.load(offset), n1 = v128.load(offset, 16);
    v128.store(to, madd(s01, scales, n1), 16); v128.store(to, madd(s00, scales, n0), 0);
    v128.store(to, madd(s11, scales, n1), 80); v128.store(to, madd(s10, scales, n0), 64);
    v128.store(to, madd(s21, scales, n1), 144); v128.store(to, madd(s20, scales, n0), 128);
    v128.store(to, madd(s31, scales, n1), 208); v128.store(to, madd(s30, scales, n0), 192);
    v128.store(to, madd(s41, scales, n1), 272); v128.store(to, madd(s40, scales, n0), 256);
    v128.store(to, madd(s51, scales, n1), 336); v128.store(to, madd(s50, scales, n0), 320);
  }
}
