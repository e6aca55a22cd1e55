import type { Floats, Matrix } from '../engine/tensor.ts';
import { count, type Faults } from './faults.ts';
import type { Field } from './fields.ts';
import type { AttentionMembers, ReadObject, ShapedPerPair } from './members.ts';
import type { Parsed } from './readers.ts';

type Given = AttentionMembers & { readonly tokens: Matrix };

/** Holds the shapes of the fields that are there against each other; a fault names both figures, at the member that would be mended. */
export function checkShapes(members: Given, parsed: Parsed, given: readonly Field[], faults: Faults): void {
  const widthsKnown = wereRead(members, parsed, given);
  checkPerToken(given, members, rowsOf(members, parsed), widthsKnown, faults);
  if (!widthsKnown) return;
  const { heads, kv_heads } = members;
  if (heads !== undefined && kv_heads !== undefined && heads % kv_heads !== 0) {
    faults.add('/kv_heads', `is ${kv_heads}, which does not divide ${count(heads, 'head')}; each key head serves equally many query heads`);
  } else checkWidths(members, faults);
  checkPerHead(given, members, heads ?? 1, '', faults);
}

/** How many query rows there are, where that is known. */
function rowsOf({ tokens, query, queries }: Given, parsed: Parsed): number | undefined {
  if (parsed['query'] === undefined && parsed['queries'] === undefined) return tokens.rows;
  return query?.positions.length ?? queries?.matrix.rows;
}

/** Whether every member that gives a width was read: where one is at fault, widths can't be held against each other. */
function wereRead(members: ReadObject, parsed: Parsed, given: readonly Field[]): boolean {
  if (parsed['kv_heads'] !== undefined && parsed['heads'] === undefined) return false;
  return given.every((field) => !givesWidth(field) || members[field.name] !== undefined);
}

function givesWidth({ name, kind: { kind } }: Field): boolean {
  return kind === 'vector' || kind === 'matrix' || kind === 'matrix-or-vector' || name === 'heads' || name === 'kv_heads';
}

/** Q is heads·d_k wide, K kv_heads·d_k, V kv_heads·d_v, after projection. */
function checkWidths(members: Given, faults: Faults): void {
  const { tokens, queries, values, position } = members;
  const h = members.heads ?? 1;
  const g = members.kv_heads ?? h;
  const query = projected('query', queries ? 'queries' : 'tokens', queries?.matrix ?? tokens, members, faults);
  const key = projected('key', 'tokens', tokens, members, faults);
  const value = projected('value', values ? 'values' : 'tokens', values ?? tokens, members, faults);
  if (query % h !== 0 || key % g !== 0 || value % g !== 0) addUneven({ query, key, value }, members, faults);
  if (query % h === 0 && key % g === 0 && query / h !== key / g) {
    const where = members.w_key ? '/w_key' : members.w_query ? '/w_query' : queries ? '/queries' : '/kv_heads';
    faults.add(where, `gives queries ${wide(query, h)} and keys ${wide(key, g)}; a query and a key must be equally wide in each head`);
  }
  if (position?.type === 'rope' && query % h === 0 && (query / h) % 2 !== 0) {
    faults.add('/position', `is rope, which turns pairs of numbers, but a query is ${query / h} wide in each head; d_k must be even`);
  }
  if (value % g === 0) projected('output', 'context', { columns: (value / g) * h }, members, faults);
}

/** Faults where heads can't split a width evenly: one for all that the same rule refuses at the same place. */
function addUneven({ query, key, value }: { readonly [Of in 'query' | 'key' | 'value']: number }, members: Given, faults: Faults): void {
  const h = members.heads ?? 1;
  const g = members.kv_heads ?? h;
  const uneven = new Map<string, string[]>();
  const split = (what: string, width: number, parts: number, where: string) => {
    if (width % parts === 0) return;
    const rule = `${width} wide, which ${count(parts, parts === h ? 'head' : 'key head')} can’t split evenly`;
    uneven.set(`${where} ${rule}`, [...(uneven.get(`${where} ${rule}`) ?? []), what]);
  };
  const kvHeads = g === h ? 'heads' : 'kv_heads';
  split('queries', query, h, at(members, 'query', 'heads'));
  split('keys', key, g, at(members, 'key', kvHeads));
  split('values', value, g, at(members, 'value', members.values ? 'values' : kvHeads));
  for (const [place, what] of uneven) {
    const [where = '', ...rule] = place.split(' ');
    faults.add(where, `makes ${what.join(', ')} ${rule.join(' ')}`);
  }
}

/** The names of a projection's members: put together for each request they would take longer than the rest of the check. */
const NAMES = {
  query: { weight: 'w_query', bias: 'b_query' },
  key: { weight: 'w_key', bias: 'b_key' },
  value: { weight: 'w_value', bias: 'b_value' },
  output: { weight: 'w_output', bias: 'b_output' },
} as const;

/** The width after a projection, with a fault where matrix or bias do not fit. */
function projected(
  of: 'query' | 'key' | 'value' | 'output',
  what: string,
  input: { readonly columns: number },
  members: Given,
  faults: Faults,
): number {
  const names = NAMES[of];
  const weight = members[names.weight];
  const bias = members[names.bias];
  if (weight && weight.rows !== input.columns) {
    faults.add(
      `/${names.weight}`,
      `has ${count(weight.rows, 'row')}, but ${what === 'context' ? 'the context, heads side by side, is' : `${what} are`} ${input.columns} wide; x · W needs as many rows as x is wide`,
    );
  }
  const columns = weight?.columns ?? input.columns;
  if (bias && bias.length !== columns)
    faults.add(`/${names.bias}`, `has ${count(bias.length, 'number')}, but is added to rows that are ${columns} wide`);
  return columns;
}

/** Where a width that can't be split is best mended: at the matrix that made it, or else at `otherwise`. */
function at(members: Given, of: 'query' | 'key' | 'value', otherwise: string): string {
  return members[NAMES[of].weight] ? `/${NAMES[of].weight}` : `/${otherwise}`;
}

function wide(width: number, heads: number): string {
  return heads === 1 ? `${width} wide` : `${width / heads} wide (${width} in ${heads} heads)`;
}

/** What has one row, one label or one axis for the tokens. */
function checkPerToken(given: readonly Field[], members: Given, m: number | undefined, headsKnown: boolean, faults: Faults): void {
  const n = members.tokens.rows;
  for (const { name, kind } of given) {
    const value = (members as ReadObject)[name];
    if (value === undefined) continue;
    if (kind.kind === 'per-pair') checkPerPair(name, (value as ShapedPerPair<unknown>).shape, members, m, headsKnown, faults);
    else if (kind.onePer === 'token') {
      const [length, noun] = kind.kind === 'matrix' ? [(value as Matrix).rows, 'row'] : [(value as readonly string[]).length, 'label'];
      if (length !== n) faults.add(`/${name}`, `has ${count(length, noun)}, but there are ${count(n, 'token')}; one ${noun} a token is required`);
    }
  }
}

/** What has one number a head, in the objects within too; a single number is every head's. */
function checkPerHead(given: readonly Field[], members: ReadObject, heads: number, pointer: string, faults: Faults): void {
  for (const { name, kind, variants } of given) {
    const value = members[name];
    if (kind.onePer === 'head' && value !== undefined && typeof value !== 'number') {
      const { length } = value as Floats;
      if (length !== heads)
        faults.add(
          `${pointer}/${name}`,
          `has ${count(length, 'number')}, but there ${heads === 1 ? 'is 1 head' : `are ${heads} heads`}; one a head is required`,
        );
    }
    if (variants && value !== undefined) {
      const object = value as ReadObject;
      const variant = variants.get(String(object['type']));
      if (variant) checkPerHead(variant.members, object, heads, `${pointer}/${name}`, faults);
    }
  }
}

function checkPerPair(
  field: string,
  shape: readonly number[],
  { tokens, heads }: Given,
  m: number | undefined,
  headsKnown: boolean,
  faults: Faults,
): void {
  const n = tokens.rows;
  const keys = shape.at(-1) ?? 0;
  const rows = shape.at(-2);
  const perHead = shape.at(-3);
  if (keys !== n) faults.add(`/${field}`, `covers ${count(keys, 'key')}, but there are ${count(n, 'token')}; its last axis must be ${n} long`);
  if (rows !== undefined && m !== undefined && rows !== m)
    faults.add(
      `/${field}`,
      `has ${count(rows, 'row')}, but there ${m === 1 ? 'is' : 'are'} ${count(m, 'query row')}; row r belongs to the r-th query row`,
    );
  if (perHead === undefined || !headsKnown) return;
  if (heads === undefined) faults.add(`/${field}`, 'has an axis of heads, [h, m, n], which needs `heads`');
  else if (perHead !== heads) faults.add(`/${field}`, `is for ${count(perHead, 'head')}, but \`heads\` is ${heads}`);
}
