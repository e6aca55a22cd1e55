import type { Shot } from './open-loop.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

export function json(body: string): Shot {
  return { path: '/attention', headers: JSON_TYPE, body: Buffer.from(body) };
}

/** One request, over and over, as lines. */
export function lines(line: string, count: number): Shot {
  return { path: '/attention', headers: { 'content-type': 'application/x-ndjson' }, body: Buffer.from(`${line}\n`.repeat(count)) };
}

/** So many rows of numbers with six digits. */
export function rows(n: number, d: number): number[][] {
  return Array.from({ length: n }, (_, i) => Array.from({ length: d }, (_, c) => Math.round(1e6 * Math.sin(i * d + c)) / 1e6));
}

/** Q, K and V as bytes, and Y as bytes back. */
export function tensors(heads: number, n: number, d: number): Shot {
  const bytes = Buffer.from(Float32Array.from({ length: heads * n * d }, (_, i) => Math.sin(i)).buffer);
  const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [1, heads, n, d], parameters: { binary_data_size: bytes.length } });
  const head = Buffer.from(JSON.stringify({ inputs: ['Q', 'K', 'V'].map(tensor), outputs: [{ name: 'Y', parameters: { binary_data: true } }] }));
  return {
    path: '/v2/models/attention/infer',
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': `${head.length}` },
    body: Buffer.concat([head, bytes, bytes, bytes]),
  };
}
