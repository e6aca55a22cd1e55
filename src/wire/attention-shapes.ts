import type { Matrix } from '../engine/tensor.ts';
import type { AskedMembers } from './attention-request.ts';
import { count, type Faults } from './faults.ts';

/** `m`: how many ask, where that is known. */
type Asked = AskedMembers & { readonly tokens: Matrix; readonly m: number | undefined };

/** Holds the shapes of all members against each other; a fault names both figures, at the member that would be mended. */
export function checkShapes(asked: Asked, widthsKnown: boolean, faults: Faults): void {
  const { tokens, values, labels, heads, kvHeads } = asked;
  const n = tokens.rows;
  if (values && values.rows !== n)
    faults.add('/values', `has ${count(values.rows, 'row')}, but there are ${count(n, 'token')}; one row a token is required`);
  if (labels && labels.length !== n)
    faults.add('/labels', `has ${count(labels.length, 'label')}, but there are ${count(n, 'token')}; one label a token is required`);
  if (asked.mask) checkPerPair('mask', asked.mask.shape, asked, widthsKnown, faults);
  if (asked.bias) checkPerPair('bias', asked.bias.shape, asked, widthsKnown, faults);
  if (!widthsKnown) return;
  if (heads !== undefined && kvHeads !== undefined && heads % kvHeads !== 0) {
    faults.add('/kv_heads', `is ${kvHeads}, which does not divide ${count(heads, 'head')}; each key head serves equally many query heads`);
  } else checkWidths(asked, faults);
  checkPerHead(asked, faults);
}

/** Q is heads·d_k wide, K kv_heads·d_k, V kv_heads·d_v, after projection. */
function checkWidths(asked: Asked, faults: Faults): void {
  const { tokens, queries, values, projections, position } = asked;
  const h = asked.heads ?? 1;
  const g = asked.kvHeads ?? h;
  const query = projected('query', queries ? 'queries' : 'tokens', queries?.vectors ?? tokens, asked, faults);
  const key = projected('key', 'tokens', tokens, asked, faults);
  const value = projected('value', values ? 'values' : 'tokens', values ?? tokens, asked, faults);
  const uneven = new Map<string, string[]>();
  const split = (what: string, width: number, parts: number, where: string) => {
    if (width % parts === 0) return;
    const rule = `${width} wide, which ${count(parts, parts === h ? 'head' : 'key head')} can’t split evenly`;
    uneven.set(`${where} ${rule}`, [...(uneven.get(`${where} ${rule}`) ?? []), what]);
  };
  const kvHeads = g === h ? 'heads' : 'kv_heads';
  split('queries', query, h, at(asked, 'query', 'heads'));
  split('keys', key, g, at(asked, 'key', kvHeads));
  split('values', value, g, at(asked, 'value', values ? 'values' : kvHeads));
  for (const [place, what] of uneven) {
    const [where = '', ...rule] = place.split(' ');
    faults.add(where, `makes ${what.join(', ')} ${rule.join(' ')}`);
  }
  if (query % h === 0 && key % g === 0 && query / h !== key / g) {
    const where = projections.key.weight ? '/w_key' : projections.query.weight ? '/w_query' : queries ? '/queries' : '/kv_heads';
    faults.add(where, `gives queries ${wide(query, h)} and keys ${wide(key, g)}; a query and a key must be equally wide in each head`);
  }
  if (position?.type === 'rope' && query % h === 0 && (query / h) % 2 !== 0) {
    faults.add('/position', `is rope, which turns pairs of numbers, but a query is ${query / h} wide in each head; d_k must be even`);
  }
  if (value % g === 0) projected('output', 'context', { columns: (value / g) * h }, asked, faults);
}

/** The width after a projection, with a fault where matrix or bias do not fit. */
function projected(
  of: 'query' | 'key' | 'value' | 'output',
  what: string,
  input: { readonly columns: number },
  { projections }: Asked,
  faults: Faults,
): number {
  const { weight, bias } = projections[of];
  if (weight && weight.rows !== input.columns) {
    faults.add(
      `/w_${of}`,
      `has ${count(weight.rows, 'row')}, but ${what === 'context' ? 'the context, heads side by side, is' : `${what} are`} ${input.columns} wide; x · W needs as many rows as x is wide`,
    );
  }
  const columns = weight?.columns ?? input.columns;
  if (bias && bias.length !== columns) faults.add(`/b_${of}`, `has ${count(bias.length, 'number')}, but is added to rows that are ${columns} wide`);
  return columns;
}

/** Where a width that can't be split is best mended: at the matrix that made it, or else at `otherwise`. */
function at({ projections }: Asked, of: 'query' | 'key' | 'value', otherwise: string): string {
  return projections[of].weight ? `/w_${of}` : `/${otherwise}`;
}

function wide(width: number, heads: number): string {
  return heads === 1 ? `${width} wide` : `${width / heads} wide (${width} in ${heads} heads)`;
}

function checkPerHead({ heads, sink, position }: Asked, faults: Faults): void {
  const h = heads ?? 1;
  const slopes = position?.type === 'alibi' ? position.slopes : undefined;
  if (sink !== undefined && typeof sink !== 'number' && sink.length !== h)
    faults.add('/sink', `has ${count(sink.length, 'number')}, but there ${h === 1 ? 'is 1 head' : `are ${h} heads`}; one a head is required`);
  if (slopes && slopes.length !== h)
    faults.add(
      '/position/slopes',
      `has ${count(slopes.length, 'number')}, but there ${h === 1 ? 'is 1 head' : `are ${h} heads`}; one a head is required`,
    );
}

function checkPerPair(field: string, shape: readonly number[], { tokens, m, heads }: Asked, headsKnown: boolean, faults: Faults): void {
  const n = tokens.rows;
  const keys = shape.at(-1) ?? 0;
  const rows = shape.at(-2);
  const perHead = shape.at(-3);
  if (keys !== n) faults.add(`/${field}`, `covers ${count(keys, 'key')}, but there are ${count(n, 'token')}; its last axis must be ${n} long`);
  if (rows !== undefined && m !== undefined && rows !== m)
    faults.add(
      `/${field}`,
      `has ${count(rows, 'row')}, but there ${m === 1 ? 'is' : 'are'} ${count(m, 'asking row')}; row r belongs to the r-th asking row`,
    );
  if (perHead === undefined || !headsKnown) return;
  if (heads === undefined) faults.add(`/${field}`, 'has an axis of heads, [h, m, n], which needs `heads`');
  else if (perHead !== heads) faults.add(`/${field}`, `is for ${count(perHead, 'head')}, but \`heads\` is ${heads}`);
}
