import { type Call, contextLayout, type Output } from '../call.ts';
import { type Broadcast, type Floats, floats, type Precision, type Rows } from '../tensor.ts';
import { DESCRIPTOR_BYTES, FLAG, type PairsView, type RowsView, TILE, WANT, writeDescriptor } from './descriptor.ts';
import type { Job } from './job.ts';
import type { KernelMemory } from './memory.ts';
import { type Plan, planOf, SIZE, type Tile } from './plan.ts';

const MATRICES = ['scores', 'capped', 'logits', 'weights'] as const satisfies readonly Output[];

/** A job, and where its results will stand. */
export interface Laid {
  readonly job: Job;
  readonly plan: Plan;
  /** Bits of FLAG for each row (b · H + h) · M + i. */
  readonly flags: Uint8Array;
  readonly statistics: number;
  readonly context: number;
  readonly matrices: Readonly<Record<(typeof MATRICES)[number], number>>;
}

/** Arrays for what was wanted, as the module left them. */
export type Written = { -readonly [K in Output]?: Floats };

/** Lays a call out: copies what is not in the memory yet, makes room for what is wanted. */
export function layOut(memory: KernelMemory, call: Call, tile: Tile, threads: number): Laid {
  const { axes, precision, want, scale, softcap } = call;
  const { B, H, G, M, N, D, E } = axes;
  const plan = planOf(
    axes,
    precision,
    MATRICES.some((output) => want.has(output)),
  );
  const { path, blockRows, blocks, chunks, chunkKeys, keyBlock, items } = plan;
  const size = SIZE[precision];
  const descriptor = memory.allocate(DESCRIPTOR_BYTES);
  const flags = memory.allocate(B * H * M);
  const room = (wanted: boolean, numbers: number) => (wanted ? memory.allocate(size * numbers) : 0);
  const context = room(want.has('context'), B * H * M * E);
  const perRow = want.has('lse') || want.has('entropy') || want.has('sink_weight');
  const statistics = room(perRow, 4 * B * H * M);
  const matrix = (output: Output) => room(want.has(output), B * H * M * N);
  const matrices = { scores: matrix('scores'), capped: matrix('capped'), logits: matrix('logits'), weights: matrix('weights') };
  const partials = plan.partialBytes > 0 ? memory.allocate(plan.partialBytes) : 0;
  const taken = memory.allocate(4 * B * G);
  const fields = {
    ...inputs(memory, call),
    ...matrices,
    items,
    rows: M,
    keys: N,
    depth: D,
    width: E,
    heads: H,
    keyHeads: G,
    blockRows,
    blocks,
    chunks,
    chunkKeys,
    keyBlock,
    path,
    tile: TILE[tile],
    want: (want.has('context') ? WANT.context : 0) | (perRow ? WANT.statistics : 0) | (want.has('entropy') ? WANT.moment : 0),
    context: contextView(call, context),
    statistics,
    flags,
    partials,
    taken,
    scale,
    softcap: softcap ?? 0,
  };
  const scratch = Array.from({ length: threads }, () => memory.allocate(plan.scratchBytes));
  // Views are made last: any allocation may grow the memory.
  writeDescriptor(memory.memory.buffer, descriptor, precision, fields);
  memory.integers(taken, B * G).fill(0);
  return {
    job: { precision, memory: memory.memory, descriptor, scratch },
    plan,
    flags: memory.bytesAt(flags, B * H * M).fill(0),
    statistics,
    context,
    matrices,
  };
}

/** The tensors of the call in memory. Keys and values are often the same tokens: what is placed once is not copied again. */
function inputs(memory: KernelMemory, { precision, query, key, value, keyRanges, mask, bias, alibi, sink }: Call) {
  const size = SIZE[precision];
  const placed = new Map<Floats, number>();
  const place = (data: Floats) => {
    const address = placed.get(data) ?? memory.place(ofPrecision(data, precision));
    placed.set(data, address);
    return address;
  };
  const rows = ({ data, offset, batchStride, headStride, rowStride }: Rows): RowsView => ({
    address: place(data) + size * offset,
    batchStride,
    headStride,
    rowStride,
  });
  const pairs = ({ data, ...strides }: Broadcast<Floats | Uint8Array>): PairsView => ({
    address: data instanceof Uint8Array ? memory.place(data) : place(data),
    ...strides,
  });
  return {
    query: rows(query),
    key: rows(key),
    value: rows(value),
    mask: mask && pairs(mask),
    bias: bias && pairs(bias),
    first: memory.place(keyRanges.first),
    end: memory.place(keyRanges.end),
    position: alibi ? memory.place(alibi.positions) : 0,
    slope: alibi ? place(alibi.slopes) : 0,
    sink: sink ? place(sink) : 0,
  };
}

function contextView(call: Call, address: number): RowsView {
  const { offset, ...strides } = contextLayout(call);
  return { address: address && address + SIZE[call.precision] * offset, ...strides };
}

/** A call holds numbers of its own precision; anything else is a defect of the caller. */
function ofPrecision(data: Floats, precision: Precision): Floats {
  if (data.BYTES_PER_ELEMENT === SIZE[precision]) return data;
  throw new TypeError(`a call in ${precision} was given numbers of ${data.BYTES_PER_ELEMENT} bytes`);
}

/** The rows that have every key excluded, ascending. */
export function emptyRows({ flags }: Laid): number[] {
  const rows: number[] = [];
  for (let r = 0; r < flags.length; r++) if ((flags[r]! & FLAG.empty) !== 0) rows.push(r);
  return rows;
}

/** What was wanted, as views into the memory and, for numbers of a row, arrays of their own. */
export function readResult(memory: KernelMemory, { axes, precision, want }: Call, { statistics, context, matrices }: Laid): Written {
  const { B, H, M, N, E } = axes;
  const cells = B * H * M;
  const result: Written = {};
  if (context !== 0) result.context = memory.numbers(precision, context, cells * E);
  for (const output of MATRICES) if (want.has(output)) result[output] = memory.numbers(precision, matrices[output], cells * N);
  for (const output of ['lse', 'entropy', 'sink_weight'] as const) if (want.has(output)) result[output] = floats(precision, cells);
  if (statistics !== 0) readStatistics(memory.numbers(precision, statistics, 4 * cells), result, cells);
  return result;
}

/** The module leaves logarithms to the platform's. */
function readStatistics(statistics: Floats, result: Written, cells: number): void {
  for (let n = 0; n < cells; n++) {
    const max = statistics[4 * n]!;
    const sum = statistics[4 * n + 1]!;
    const moment = statistics[4 * n + 2]!;
    if (result.lse) result.lse[n] = sum > 0 ? max + Math.log(sum) : Number.NEGATIVE_INFINITY;
    if (result.entropy) result.entropy[n] = sum > 0 ? Math.max(0, Math.log2(sum) - moment / sum) : 0;
    if (result.sink_weight) result.sink_weight[n] = statistics[4 * n + 3]!;
  }
}
