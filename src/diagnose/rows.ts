import { startOf } from '../engine/block.ts';
import type { Call } from '../engine/call.ts';
import type { Broadcast } from '../engine/tensor.ts';

/** The call for some of its query rows alone; batches are one. */
export function takeRowsOfCall(call: Call, rows: readonly number[]): Call {
  const { H, D } = call.axes;
  const axes = { ...call.axes, M: rows.length };
  const query = new Float64Array(H * rows.length * D);
  rows.forEach((row, r) => {
    for (let h = 0; h < H; h++) {
      const from = startOf(call.query, 0, h, row);
      query.set(call.query.data.subarray(from, from + D), (h * rows.length + r) * D);
    }
  });
  const pick = (of: Int32Array) => Int32Array.from(rows, (row) => of[row] ?? 0);
  const { keyRanges, mask, bias, alibi } = call;
  return {
    ...call,
    axes,
    query: { data: query, offset: 0, batchStride: 0, headStride: rows.length * D, rowStride: D },
    keyRanges: { first: pick(keyRanges.first), end: pick(keyRanges.end) },
    mask: mask && pickRows(mask, axes, rows, (length) => new Uint8Array(length)),
    bias: bias && pickRows(bias, axes, rows, (length) => new Float64Array(length)),
    alibi: alibi && { ...alibi, positions: pick(alibi.positions) },
  };
}

function pickRows<Data extends Uint8Array | Float64Array | Float32Array>(
  of: Broadcast<Data>,
  { H, N }: Call['axes'],
  rows: readonly number[],
  zeros: (length: number) => Data,
): Broadcast<Data> {
  if (of.rowStride === 0) return of;
  const heads = of.headStride === 0 ? 1 : H;
  const data = zeros(heads * rows.length * N);
  rows.forEach((row, r) => {
    for (let h = 0; h < heads; h++) {
      const from = h * of.headStride + row * of.rowStride;
      for (let j = 0; j < N; j++) data[(h * rows.length + r) * N + j] = of.data[from + j * of.keyStride] ?? 0;
    }
  });
  return { data, batchStride: 0, headStride: heads === 1 ? 0 : rows.length * N, rowStride: N, keyStride: 1 };
}
