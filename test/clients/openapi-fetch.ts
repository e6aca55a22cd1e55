import createClient from 'openapi-fetch';
import type { components, paths } from './generated/openapi-typescript.ts';

/** A program that somebody wrote over what openapi-typescript made of the document: it compiles, and its calls are answered. */
export async function ask(baseUrl: string) {
  const { POST, GET } = createClient<paths>({ baseUrl });
  const tokens = [
    [0.2, 0.1, 0.5],
    [0.9, 0.1, 0.3],
    [0.4, 0.8, 0.2],
  ];
  const plain = await POST('/attention', { body: { tokens, query: 2, decimals: 4 } });
  const rope: components['schemas']['Rope'] = { type: 'rope' };
  const many = await POST('/attention', { body: { tokens: [[1, 0]], position: rope, window: { left: 1 }, include: ['weights', 'trace'] } });
  const refused = await POST('/attention', { body: { tokens: [[1, 0], [0]] } });
  const pointer: string | undefined = refused.error && 'errors' in refused.error ? refused.error.errors?.[0]?.pointer : undefined;
  const merged = await POST('/attention/merge', { body: { parts: [{ context: [1, 2], lse: 0.5 }] } });
  const inferred = await POST('/v2/models/attention/infer', {
    body: {
      inputs: [
        { name: 'Q', shape: [1, 1, 1, 1], datatype: 'FP32', data: [1] },
        { name: 'K', shape: [1, 1, 1, 1], datatype: 'FP32', data: [1] },
        { name: 'V', shape: [1, 1, 1, 1], datatype: 'FP32', data: [7] },
      ],
    },
  });
  const alive = await GET('/livez');
  return {
    weights: json(plain.data)?.weights,
    excluded: first(json(many.data)?.trace)?.excluded,
    pointer,
    context: merged.data?.context,
    y: json(inferred.data)?.outputs[0]?.data,
    status: alive.data?.status,
  };
}

/** The reply as JSON: an operation that can also answer with text or bytes has them in its type. */
function json<Reply>(data: Reply | undefined): Exclude<Reply, string> | undefined {
  return typeof data === 'string' ? undefined : (data as Exclude<Reply, string> | undefined);
}

/** With one row for each token and no heads, the trace is a list of rows. */
function first(trace: components['schemas']['Trace'] | undefined): components['schemas']['RowTrace'] | undefined {
  const row = Array.isArray(trace) ? trace[0] : trace;
  return Array.isArray(row) ? row[0] : row;
}

/** What the service would refuse does not compile. */
export const REFUSED: components['schemas']['AttentionRequest'][] = [
  // @ts-expect-error: there is no such similarity
  { tokens: [[1]], similarity: 'manhattan' },
  // @ts-expect-error: tokens are required
  { query: 0 },
  // @ts-expect-error: a field that is not there
  { tokens: [[1]], scael: 1 },
  // @ts-expect-error: a string for a number
  { tokens: [['1']] },
  // @ts-expect-error: no output has this name
  { tokens: [[1]], include: ['probabilities'] },
  // @ts-expect-error: alibi has no base
  { tokens: [[1]], position: { type: 'alibi', base: 10 } },
];
