import type { TokenAttention } from '../engine/token-attention.ts';
import { tokenSizes } from '../engine/token-attention.ts';
import type { TokenSizes } from '../engine/token-outputs.ts';
import { DiagnoseMembers, DiagnoseRequest } from '../schemas/diagnose.ts';
import { understand } from './attention-request.ts';
import { Faults, invalidRequest } from './faults.ts';
import { fieldsOf } from './fields.ts';
import type { AttentionOrder, NestedNumbers, Printing } from './members.ts';
import { readMembers, readObject } from './readers.ts';

const NAMES = fieldsOf(DiagnoseRequest).names;
const FIELDS = fieldsOf(DiagnoseMembers);
const OUTPUTS = ['scores', 'weights', 'context', 'lse'] as const;

/** One output that was observed: its numbers as [heads, m, perRow], and the axes that they came with. */
export interface ObservedOutput {
  readonly output: (typeof OUTPUTS)[number];
  readonly data: Float64Array;
  readonly shape: readonly number[];
  readonly heads: number;
  readonly perRow: number;
}

/** What is to be diagnosed. */
export interface DiagnoseOrder {
  readonly order: AttentionOrder;
  /** The request in double precision, its numbers as they were written. */
  readonly attention: TokenAttention;
  readonly observed: readonly ObservedOutput[];
  readonly tolerance: { readonly absolute: number; readonly relative: number };
}

const TOLERANCES = { float32: { absolute: 1e-5, relative: 1e-4 }, float64: { absolute: 1e-9, relative: 1e-7 } } as const;

/** @throws Failure `invalid-request` with all faults found, up to 20 */
export function readDiagnoseRequest(body: unknown): DiagnoseOrder {
  const faults = new Faults();
  const parsed = readObject(body, NAMES, '', faults);
  if (!parsed) throw invalidRequest(faults.list);
  const asked = understand(parsed, faults);
  const { observed, tolerance } = readMembers(parsed, FIELDS, 'float64', '', faults);
  // Its range was held against its dtype; now it is read without rounding.
  const exact = asked && understand({ ...parsed, dtype: 'float64' }, faults);
  const shaped =
    exact && OUTPUTS.flatMap((output) => shapedOutput(output, observed?.[output], tokenSizes(exact.attention), exact.printing, faults) ?? []);
  if (!asked || !exact || !shaped || !faults.none) throw invalidRequest(faults.list);
  return { order: asked, attention: exact.attention, observed: shaped, tolerance: tolerance ?? TOLERANCES[asked.attention.precision] };
}

/** An output whose shape is that of the reply; weights may lack the axis of heads, and are their mean then. */
function shapedOutput(
  output: ObservedOutput['output'],
  numbers: NestedNumbers | undefined,
  { h, m, n, width }: TokenSizes,
  { oneRow, headAxis }: Printing,
  faults: Faults,
): ObservedOutput | undefined {
  if (!numbers) return undefined;
  const { data, shape } = numbers;
  const perRow = { scores: n, weights: n, context: width, lse: 1 }[output];
  const heads = headAxis && output !== 'context' ? [h] : [];
  const inner = [...(oneRow ? [] : [m]), ...(output === 'lse' ? [] : [perRow])];
  const wanted = [[...heads, ...inner], ...(output === 'weights' && headAxis ? [inner] : [])];
  const found = wanted.find((one) => one.length === shape.length && one.every((size, axis) => size === shape[axis]));
  if (found) return { output, data, shape, heads: found.length > inner.length ? h : 1, perRow };
  const described = (one: readonly number[]) => (one.length === 0 ? 'one number' : `[${one.join(', ')}]`);
  return faults.add(
    `/observed/${output}`,
    `has the shape ${described(shape)}, but this request’s ${output} have ${wanted.map(described).join(' or ')}`,
  );
}
