/** One kind of request: what is sent, and what it is called in the tables. */
export interface Kind {
  readonly name: string;
  readonly what: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly connections: number;
}

const JSON_BODY = { 'content-type': 'application/json' };

/** What docs/OPERATIONS.md measures: from a few numbers to millions, as JSON and as bytes. */
export function kinds(): Kind[] {
  return [
    json(
      'seed',
      'three tokens of width 3, one asks',
      {
        tokens: [
          [0.2, 0.1, 0.5],
          [0.9, 0.1, 0.3],
          [0.4, 0.8, 0.2],
        ],
        query: 2,
        decimals: 4,
      },
      10,
    ),
    json('search', '1024×768, one asks', { tokens: matrix(1024, 768), query: 1023, scale: '1/sqrt(d_k)' }),
    json('all', '512×64, all ask', { tokens: matrix(512, 64), scale: '1/sqrt(d_k)' }),
    json('context', '512×64, all ask, context alone', { tokens: matrix(512, 64), scale: '1/sqrt(d_k)', include: ['context'] }),
    tensors('tensors', '/v2, 1×8×512×64 as bytes', [1, 8, 512, 64]),
  ];
}

function json(name: string, what: string, body: object, connections = 2): Kind {
  return { name, what, path: '/attention', headers: JSON_BODY, body: Buffer.from(JSON.stringify(body)), connections };
}

function tensors(name: string, what: string, shape: readonly number[]): Kind {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const values = Buffer.from(Float32Array.from({ length: 3 * size }, (_, index) => Math.sin(index)).buffer);
  const inputs = ['Q', 'K', 'V'].map((input) => ({ name: input, shape, datatype: 'FP32', parameters: { binary_data_size: 4 * size } }));
  const head = Buffer.from(JSON.stringify({ inputs, outputs: [{ name: 'Y', parameters: { binary_data: true } }] }));
  const headers = { 'content-type': 'application/octet-stream', 'inference-header-content-length': `${head.length}` };
  return { name, what, path: '/v2/models/attention/infer', headers, body: Buffer.concat([head, values]), connections: 2 };
}

/** Numbers between −1 and 1 with nine digits, as many as a float32 needs. */
function matrix(rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (__, j) => Number(Math.sin(i * columns + j).toPrecision(9))));
}
