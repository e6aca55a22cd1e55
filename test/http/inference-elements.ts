/*
 * Elements to bytes and back, written apart from the service's own code, so that the two can disagree.
 */

export type Datatype = 'BOOL' | 'UINT8' | 'INT8' | 'INT16' | 'INT32' | 'INT64' | 'FP16' | 'BF16' | 'FP32' | 'FP64';

const WIDTH: Record<Datatype, number> = { BOOL: 1, UINT8: 1, INT8: 1, INT16: 2, INT32: 4, INT64: 8, FP16: 2, BF16: 2, FP32: 4, FP64: 8 };

export function fromNumbers(data: readonly (number | boolean | string)[], datatype: Datatype): Buffer {
  const bytes = Buffer.alloc(data.length * WIDTH[datatype]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  data.forEach((element, i) => {
    const value = Number(element);
    const at = i * WIDTH[datatype];
    if (datatype === 'FP16') view.setFloat16(at, value, true);
    else if (datatype === 'FP32') view.setFloat32(at, value, true);
    else if (datatype === 'FP64') view.setFloat64(at, value, true);
    else if (datatype === 'BF16') bytes.set(bfloat16(value), at);
    else if (datatype === 'INT64') view.setBigInt64(at, BigInt(value), true);
    else if (datatype === 'INT32') view.setInt32(at, value, true);
    else if (datatype === 'INT16') view.setInt16(at, value, true);
    else view.setInt8(at, value);
  });
  return bytes;
}

export function toNumbers(bytes: Buffer, datatype: Datatype): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / WIDTH[datatype] }, (_, i) => {
    const at = i * WIDTH[datatype];
    if (datatype === 'FP16') return view.getFloat16(at, true);
    if (datatype === 'FP32') return view.getFloat32(at, true);
    if (datatype === 'FP64') return view.getFloat64(at, true);
    if (datatype === 'BF16') return new DataView(Uint8Array.of(0, 0, bytes[at] ?? 0, bytes[at + 1] ?? 0).buffer).getFloat32(0, true);
    throw new Error(`no output has the datatype ${datatype}`);
  });
}

/** The upper two bytes of the nearest bfloat16, found by trying both neighbours. */
function bfloat16(value: number): Uint8Array {
  const single = new Uint8Array(Float32Array.of(value).buffer);
  const down = Uint8Array.of(0, 0, single[2] ?? 0, single[3] ?? 0);
  const up = down.slice();
  new DataView(up.buffer).setUint16(2, new DataView(down.buffer).getUint16(2, true) + 1, true);
  const float = (bytes: Uint8Array) => new DataView(bytes.buffer).getFloat32(0, true);
  const [below, above] = [Math.abs(float(down) - value), Math.abs(float(up) - value)];
  const odd = (down[2] ?? 0) & 1;
  return (below < above || (below === above && !odd) || Number.isNaN(above) ? down : up).subarray(2);
}
