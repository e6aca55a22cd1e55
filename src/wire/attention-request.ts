import { type Floats, floats, type Matrix, type Precision, positionsOf } from '../engine/tensor.ts';
import type { TokenOutput } from '../engine/token-outputs.ts';
import type { QueryRows } from '../engine/way-in.ts';
import { AttentionRequest } from '../schemas/attention.ts';
import { DEFAULT_INCLUDE, DTYPE, type Include } from '../schemas/options.ts';
import { checkShapes } from './attention-shapes.ts';
import { checkCompany } from './company.ts';
import { Faults, invalidRequest } from './faults.ts';
import { type Field, fieldsIn, fieldsOf } from './fields.ts';
import type { AttentionMembers, AttentionOrder } from './members.ts';
import { fillDefaults, type Parsed, readMembers, readObject } from './readers.ts';
import { readWord } from './scalars.ts';

const FIELDS = fieldsOf(AttentionRequest);
const DEFAULT_OUTPUTS = outputsOf(DEFAULT_INCLUDE);

/** What a body says whose numbers are float64. */
export const DOUBLES = ['float64'] as const;

/**
 * What a parsed body asks for. Every member is read first, by the kind that its schema says, then the members are held
 * against each other.
 * @throws Failure `invalid-request` with all faults found, up to 20
 */
export function readAttentionRequest(body: unknown): AttentionOrder {
  const faults = new Faults();
  const parsed = readObject(body, FIELDS.names, '', faults);
  if (!parsed) throw invalidRequest(faults.list);
  const order = understand(parsed, faults);
  if (!order) throw invalidRequest(faults.list);
  return order;
}

/** What these members ask for; undefined, with faults, where something is at fault. */
export function understand(parsed: Parsed, faults: Faults): AttentionOrder | undefined {
  const given = fieldsIn(parsed, FIELDS);
  const { members, precision } = readInPrecision(parsed, given, faults);
  checkCompany(given, parsed, members, faults);
  if (hasTokens(members)) checkShapes(members, parsed, given, faults);
  if (!faults.none) return undefined;

  const outputs = members.include ? outputsOf(members.include) : DEFAULT_OUTPUTS;
  const options = fillDefaults(members, FIELDS);
  const { tokens, query, queries, heads = 1, sink, include } = options;
  const queryRows: QueryRows = queries
    ? { from: 'queries', vectors: queries.matrix, start: options.queries_start }
    : { from: 'tokens', positions: query?.positions ?? positionsOf(tokens) };
  return {
    attention: {
      precision,
      tokens,
      queries: queryRows,
      values: options.values,
      similarity: options.similarity,
      scale: options.scale,
      projections: {
        query: { weight: options.w_query, bias: options.b_query },
        key: { weight: options.w_key, bias: options.b_key },
        value: { weight: options.w_value, bias: options.b_value },
        output: { weight: options.w_output, bias: options.b_output },
      },
      heads,
      kvHeads: options.kv_heads ?? heads,
      causal: options.causal,
      window: options.window,
      mask: options.mask,
      bias: options.bias,
      softcap: options.softcap,
      sink: sink === undefined ? undefined : forEachHead(sink, heads, precision),
      position: options.position,
      include: outputs,
    },
    printing: {
      include,
      decimals: options.decimals,
      oneRow: query?.oneRow ?? queries?.oneRow ?? false,
      headAxis: options.heads !== undefined,
    },
    labels: options.labels,
  };
}

function hasTokens(members: AttentionMembers): members is AttentionMembers & { readonly tokens: Matrix } {
  return members.tokens !== undefined;
}

/** The members, their numbers held against the precision that `dtype` says. */
function readInPrecision(
  parsed: Parsed,
  given: readonly Field[],
  faults: Faults,
): { readonly members: AttentionMembers; readonly precision: Precision } {
  const word = parsed['dtype'];
  const dtype = word === undefined ? undefined : readWord(word, DTYPE, '/dtype', faults);
  // With a dtype that is refused they are held against the wider one, so that they get no fault of their own.
  const precision = dtype ?? (word === undefined ? 'float32' : 'float64');
  return { members: readMembers(parsed, FIELDS, precision, '', faults, { dtype }, given), precision };
}

function outputsOf(include: readonly Include[]): ReadonlySet<TokenOutput> {
  return new Set(include.filter((output) => output !== 'trace'));
}

function forEachHead(sink: number | Floats, heads: number, precision: Precision): Floats {
  return typeof sink === 'number' ? floats(precision, heads).fill(sink) : sink;
}
