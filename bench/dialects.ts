import { readFileSync } from 'node:fs';
import { reference } from '../src/engine/kernels/reference.ts';
import { type Dense, type OnnxAttributes, type OnnxInputs, type OnnxShapes, onnxLayout } from '../src/engine/onnx.ts';
import { attendTokens } from '../src/engine/token-attention.ts';
import { readAttentionRequest } from '../src/wire/attention-request.ts';
import { peerOutputs } from './differential/peer.ts';
import { heading, table } from './report/markdown.ts';

/*
 * The rows of docs/DIALECTS.md about ONNX, each request asked of the service's operator and, as a call of the operator
 * Attention, of ONNX Runtime. What ONNX does by default is left out of its call: the scale.
 */
const TOLERANCE = 1e-6;

interface Request {
  readonly tokens: number[][];
  readonly queries?: number[][];
  readonly queries_start?: number;
  readonly heads?: number;
  readonly kv_heads?: number;
  readonly causal?: boolean;
  readonly softcap?: number;
  readonly mask?: boolean[][];
  readonly bias?: number[][];
}

const dialects = readFileSync(new URL('../docs/DIALECTS.md', import.meta.url), 'utf8');
const [, onnx = ''] = dialects.split('## ONNX');
const rows = [...onnx.matchAll(/^\| (.*?) \|.*`(\{"tokens".*?\})` \|$/gm)].map(([, habit = '', request = '']) => ({ habit, request }));
if (rows.length === 0) throw new Error('docs/DIALECTS.md has no rows about ONNX');

const compared = await Promise.all(
  rows.map(async ({ habit, request }) => {
    const asked: unknown = JSON.parse(request);
    const { tensors } = attendTokens(readAttentionRequest(asked).attention, reference);
    const ours = tensors.get('context')?.data ?? [];
    const theirs = await peerContext(asked as Request);
    return [habit, theirs instanceof Error ? theirs.message : greatest(ours, theirs)] as const;
  }),
);
console.log(heading('The habits of ONNX in docs/DIALECTS.md, beside ONNX Runtime 1.30.0', 'node dialects.ts'));
console.log(
  table(
    ['habit', 'largest difference'],
    compared.map(([habit, apart]) => [habit, typeof apart === 'number' ? apart.toExponential(1) : apart]),
  ),
);
if (compared.some(([, apart]) => !(typeof apart === 'number' && apart <= TOLERANCE))) process.exitCode = 1;

/** Y of the operator for a request over tokens; those before the first query are past keys where it is causal. */
async function peerContext({
  tokens,
  queries = tokens,
  queries_start,
  heads = 1,
  kv_heads = heads,
  ...options
}: Request): Promise<Float32Array | Error> {
  const past = options.causal ? (queries_start ?? 0) : 0;
  const width = (tokens[0]?.length ?? 0) / kv_heads;
  const cached = dense([1, kv_heads, past, width], byHead(tokens.slice(0, past), kv_heads));
  const inputs: OnnxInputs = {
    Q: dense([1, queries.length, heads * width], queries.flat()),
    K: dense([1, tokens.length - past, kv_heads * width], tokens.slice(past).flat()),
    V: dense([1, tokens.length - past, kv_heads * width], tokens.slice(past).flat()),
    ...maskOf(options, queries.length, tokens.length),
    ...(past > 0 && { past_key: cached, past_value: cached }),
  };
  const attributes: OnnxAttributes = {
    q_num_heads: heads,
    kv_num_heads: kv_heads,
    ...(options.causal && { is_causal: true }),
    ...(options.softcap !== undefined && { softcap: options.softcap }),
    qk_matmul_output_mode: 0,
  };
  const shapes = Object.fromEntries(Object.entries(inputs).flatMap(([name, of]) => (of ? [[name, of.shape]] : []))) as unknown as OnnxShapes;
  const names = ['Y', 'qk_matmul_output', ...(past > 0 ? (['present_key', 'present_value'] as const) : [])] as const;
  const outputs = await peerOutputs({ inputs, attributes }, onnxLayout(shapes, attributes, names).outputs);
  return outputs instanceof Error ? outputs : (outputs.get('Y') ?? new Error('there is no Y'));
}

/** A boolean mask alone is one; beside a bias it is −∞ in the numbers. */
function maskOf({ mask, bias }: Pick<Request, 'mask' | 'bias'>, m: number, n: number): { readonly attn_mask?: Dense<Float32Array | Uint8Array> } {
  if (bias)
    return {
      attn_mask: dense(
        [m, n],
        bias.flatMap((row, i) => row.map((value, j) => (mask?.[i]?.[j] === false ? Number.NEGATIVE_INFINITY : value))),
      ),
    };
  return mask ? { attn_mask: { shape: [m, n], data: Uint8Array.from(mask.flat(), Number) } } : {};
}

/** Rows of heads side by side as [heads, rows, width]. */
function byHead(rows: readonly number[][], heads: number): number[] {
  return Array.from({ length: heads }, (_, h) => rows.flatMap((row) => row.slice((h * row.length) / heads, ((h + 1) * row.length) / heads))).flat();
}

function dense(shape: readonly number[], numbers: readonly number[]): Dense<Float32Array> {
  return { shape, data: Float32Array.from(numbers) };
}

/** The largest difference; infinite where the lengths differ, or one is NaN. */
function greatest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const apart = Array.from(a, (value, k) => Math.abs(value - (b[k] ?? Number.NaN)));
  return a.length === b.length && apart.every((one) => !Number.isNaN(one)) ? Math.max(...apart) : Number.POSITIVE_INFINITY;
}
