// Made by scripts/wasm.ts from scripts/kernel/descriptor.ts: change it there.
import { Float } from "./float";

// A call, as TypeScript lays it out. Strides are in elements; an absent tensor has the address 0.
export const NEXT_HEAD: usize = 0; // i32, by atomics alone: the first head that nobody has begun
export const STOP: usize = 4; // i32, by atomics alone: not 0: take no further item
// @ts-ignore: decorator
@inline
export function items(descriptor: usize): i32 { // work items
  return load<i32>(descriptor, 8);
}
// @ts-ignore: decorator
@inline
export function rows(descriptor: usize): i32 { // M
  return load<i32>(descriptor, 12);
}
// @ts-ignore: decorator
@inline
export function keys(descriptor: usize): i32 { // N
  return load<i32>(descriptor, 16);
}
// @ts-ignore: decorator
@inline
export function depth(descriptor: usize): i32 { // D
  return load<i32>(descriptor, 20);
}
// @ts-ignore: decorator
@inline
export function width(descriptor: usize): i32 { // E
  return load<i32>(descriptor, 24);
}
// @ts-ignore: decorator
@inline
export function heads(descriptor: usize): i32 { // H
  return load<i32>(descriptor, 28);
}
// @ts-ignore: decorator
@inline
export function keyHeads(descriptor: usize): i32 { // G
  return load<i32>(descriptor, 32);
}
// @ts-ignore: decorator
@inline
export function blockRows(descriptor: usize): i32 { // rows of an item, at most MAX_BLOCK_ROWS
  return load<i32>(descriptor, 36);
}
// @ts-ignore: decorator
@inline
export function blocks(descriptor: usize): i32 { // row blocks of one key head: ceil(M * H/G / blockRows)
  return load<i32>(descriptor, 40);
}
// @ts-ignore: decorator
@inline
export function chunks(descriptor: usize): i32 { // parts the keys are cut into; 1: no partial results
  return load<i32>(descriptor, 44);
}
// @ts-ignore: decorator
@inline
export function chunkKeys(descriptor: usize): i32 { // keys of a part
  return load<i32>(descriptor, 48);
}
// @ts-ignore: decorator
@inline
export function keyBlock(descriptor: usize): i32 { // keys between two rescalings
  return load<i32>(descriptor, 52);
}
// @ts-ignore: decorator
@inline
export function tile(descriptor: usize): i32 { // TILE_*
  return load<i32>(descriptor, 56);
}
// @ts-ignore: decorator
@inline
export function want(descriptor: usize): i32 { // bits of WANT_*
  return load<i32>(descriptor, 60);
}
export const QUERY: usize = 64; // Float [B,H,M,D], by the functions of views below
export const KEY: usize = 80; // Float [B,G,N,D], by the functions of views below
export const VALUE: usize = 96; // Float [B,G,N,E], by the functions of views below
export const CONTEXT: usize = 112; // Float [B,H,M,E], by the functions of views below
export const MASK: usize = 128; // u8 [B,H,M,N], 1: may attend, by the functions of views below
export const BIAS: usize = 148; // Float [B,H,M,N], by the functions of views below
// @ts-ignore: decorator
@inline
export function first(descriptor: usize): usize { // i32 [B,M]: the first key of each row
  return load<usize>(descriptor, 168);
}
// @ts-ignore: decorator
@inline
export function end(descriptor: usize): usize { // i32 [B,M]: past its last
  return load<usize>(descriptor, 172);
}
// @ts-ignore: decorator
@inline
export function position(descriptor: usize): usize { // i32 [B,M]; wanted by slope
  return load<usize>(descriptor, 176);
}
// @ts-ignore: decorator
@inline
export function slope(descriptor: usize): usize { // Float [H]
  return load<usize>(descriptor, 180);
}
// @ts-ignore: decorator
@inline
export function sink(descriptor: usize): usize { // Float [H]
  return load<usize>(descriptor, 184);
}
// @ts-ignore: decorator
@inline
export function statistics(descriptor: usize): usize { // Float [B,H,M,4]: maximum of the logits, sum, moment in bits, sink weight
  return load<usize>(descriptor, 188);
}
// @ts-ignore: decorator
@inline
export function scores(descriptor: usize): usize { // Float [B,H,M,N], as the three below
  return load<usize>(descriptor, 192);
}
// @ts-ignore: decorator
@inline
export function capped(descriptor: usize): usize {
  return load<usize>(descriptor, 196);
}
// @ts-ignore: decorator
@inline
export function logits(descriptor: usize): usize {
  return load<usize>(descriptor, 200);
}
// @ts-ignore: decorator
@inline
export function weights(descriptor: usize): usize {
  return load<usize>(descriptor, 204);
}
// @ts-ignore: decorator
@inline
export function flags(descriptor: usize): usize { // u8 [B,H,M]: bits of FLAG_*
  return load<usize>(descriptor, 208);
}
// @ts-ignore: decorator
@inline
export function partials(descriptor: usize): usize { // Float [items / chunks][chunks][blockRows][4 + E]
  return load<usize>(descriptor, 212);
}
// @ts-ignore: decorator
@inline
export function path(descriptor: usize): i32 { // 0: panels of rows, 1: single rows
  return load<i32>(descriptor, 216);
}
// @ts-ignore: decorator
@inline
export function taken(descriptor: usize): usize { // i32 [B,G], by atomics alone: how many items of each head have been taken
  return load<usize>(descriptor, 220);
}
// @ts-ignore: decorator
@inline
export function scale(descriptor: usize): Float { // multiplies every dot product
  return load<Float>(descriptor, 224);
}
// @ts-ignore: decorator
@inline
export function softcap(descriptor: usize): Float { // 0: none
  return load<Float>(descriptor, 232);
}

// A view is `descriptor` + the offset of a tensor.
// @ts-ignore: decorator
@inline
export function address(view: usize): usize {
  return load<usize>(view);
}
// @ts-ignore: decorator
@inline
export function batchStride(view: usize): u32 {
  return load<u32>(view, 4);
}
// @ts-ignore: decorator
@inline
export function headStride(view: usize): u32 {
  return load<u32>(view, 8);
}
// @ts-ignore: decorator
@inline
export function rowStride(view: usize): u32 {
  return load<u32>(view, 12);
}
// @ts-ignore: decorator
@inline
export function keyStride(view: usize): u32 {
  return load<u32>(view, 16);
}

// The register tiles, named after their keys or columns and their rows of float32.
export const TILE_6X8: i32 = 0;
export const TILE_4X16: i32 = 1;
export const TILE_6X16: i32 = 2;

// Bits: the context; maximum and sum of each row; Σ e^(x − max) · (x − max) · log2(e), for the entropy.
export const WANT_CONTEXT: u32 = 1;
export const WANT_STATISTICS: u32 = 2;
export const WANT_MOMENT: u32 = 4;

// Bits of a row: a NaN or an infinity took part, so it is not to be trusted; every key was excluded.
export const FLAG_UNSOUND: u8 = 1;
export const FLAG_EMPTY: u8 = 2;

// Bytes of a thread's scratch area before its panels: rows, states and constants.
export const SCRATCH_PANELS: usize = 4800;
