import type { SoftmaxPrecision } from '../engine/call.ts';
import type { Kernel } from '../engine/kernels/kernel.ts';
import type { Projection } from '../engine/projection.ts';
import type { Precision } from '../engine/tensor.ts';
import { type TokenAttention, tokenSizes } from '../engine/token-attention.ts';
import type { CodecName } from '../wire/numbers/codec.ts';
import type { Cost, Limits } from './question.ts';

/** Who computes: the tiled kernel or the reference, in either precision. */
type Pace = `tiled ${Precision}` | Precision;

/**
 * What one unit takes, in milliseconds, measured on one core of an AMD EPYC with Node 26.10 (`npm run bench`, see
 * bench/README.md). They need not be right, only never far too low: they say what is too much for the event loop.
 */
const MULTIPLY_ADD: Readonly<Record<Pace, number>> = {
  'tiled float32': 1 / 20_000_000,
  'tiled float64': 1 / 10_000_000,
  float32: 1 / 300_000,
  float64: 1 / 400_000,
};
const PAIR: Readonly<Record<Pace, number>> = {
  'tiled float32': 1 / 1_000_000,
  'tiled float64': 1 / 500_000,
  float32: 1 / 8_000,
  float64: 1 / 10_000,
};
/** What one unit of everything else takes, in nanoseconds (`npm --prefix bench run paces`, see bench/README.md). */
const UNIT = {
  /** A query row in one head: its range of keys, whether it has any, its statistics. */
  row: 100,
  /** A (head, query row, key) under a mask or a bias, where the row's first key is searched for. */
  masked: 8,
  /** A multiply-add of a projection. */
  projected: 1,
  /** A number of a projected row on the way in: its row of the matrix is added up. */
  projectedIn: 8,
  /** A number of a projected row on the way out: fresh memory, and the bias. */
  projectedOut: 10,
  /** A sine and a cosine, of rotary or of sinusoidal positions. */
  sine: 45,
  /** A pair of numbers that is rotated. */
  rotated: 5,
  /** A number that cosine similarity divides, and a block of them. */
  unitNumber: 25,
  unitBlock: 50,
  /** A row that is copied from one place to another, on its own. */
  movedRow: 40,
  /** A number that is laid out for the kernel, stored, or looked at for what is not finite. */
  moved: 4,
  /** A number of a tensor that is no float32 or float64. */
  converted: 8,
  /** A number of a part that is merged. */
  merged: 12,
  /** A number that leaves as bytes. */
  copied: 4,
} as const;

/** A number that is printed, and what `decimals` adds, in nanoseconds. */
const PRINTING: Readonly<Record<CodecName, { readonly printed: number; readonly rounded: number }>> = {
  wasm: { printed: 40, rounded: 30 },
  portable: { printed: 125, rounded: 100 },
};

/** How much of each kind of work a task is: multiply-adds and pairs of the operator, and units of everything else. */
export type Load = { readonly work: number; readonly pairs: number } & { readonly [Unit in keyof typeof UNIT | 'printed' | 'rounded']?: number };

/**
 * What a load takes, where `codec` prints its numbers; words and pictures are printed by JavaScript alone. The sum is written out, since every
 * request is priced, and a loop over names takes longer than answering a small one.
 */
export function costOf(load: Load, pace: Pace, codec: CodecName = 'portable'): Cost {
  const { row = 0, masked = 0, projected = 0, projectedIn = 0, projectedOut = 0, sine = 0, rotated = 0, unitNumber = 0, unitBlock = 0 } = load;
  const { movedRow = 0, moved = 0, converted = 0, merged = 0, printed = 0, rounded = 0, copied = 0 } = load;
  const projecting = projected * UNIT.projected + projectedIn * UNIT.projectedIn + projectedOut * UNIT.projectedOut;
  const positioning = sine * UNIT.sine + rotated * UNIT.rotated + unitNumber * UNIT.unitNumber + unitBlock * UNIT.unitBlock;
  const moving = movedRow * UNIT.movedRow + moved * UNIT.moved + converted * UNIT.converted + copied * UNIT.copied;
  const printing = printed * PRINTING[codec].printed + rounded * PRINTING[codec].rounded;
  const others = row * UNIT.row + masked * UNIT.masked + merged * UNIT.merged;
  return load.work * MULTIPLY_ADD[pace] + load.pairs * PAIR[pace] + (projecting + positioning + moving + printing + others) / 1e6;
}

/** What attention over tokens takes that prints so many numbers. */
export function tokenLoad(attention: TokenAttention, printed: number, decimals?: number): Load {
  const { queries, similarity, position, heads, kvHeads, include, tokens, values } = attention;
  const { query, key, value, output } = attention.projections;
  const { m, n, h, d_k, d_v, width } = tokenSizes(attention);
  const queryColumns = queries.from === 'tokens' ? tokens.columns : queries.vectors.columns;
  const valueColumns = (values ?? tokens).columns;
  const positioned = m * queryColumns + n * tokens.columns;
  const inDots = (m * h + n * kvHeads) * d_k;
  const headRows = (include.has('queries') ? h * m : 0) + (include.has('keys') ? kvHeads * n : 0) + (include.has('values') ? kvHeads * n : 0);
  return {
    work: h * m * n * (d_k + d_v),
    pairs: h * m * n,
    row: h * m,
    masked: attention.mask || attention.bias ? h * m * n : 0,
    projected:
      projected(query, m, queryColumns) + projected(key, n, tokens.columns) + projected(value, n, valueColumns) + projected(output, m, h * d_v),
    projectedIn:
      (query.weight ? m * queryColumns : 0) +
      (key.weight ? n * tokens.columns : 0) +
      (value.weight ? n * valueColumns : 0) +
      (output.weight ? m * h * d_v : 0),
    projectedOut:
      (changes(query) ? m * h * d_k : 0) +
      (changes(key) ? n * kvHeads * d_k : 0) +
      (changes(value) ? n * kvHeads * d_v : 0) +
      (changes(output) ? m * width : 0),
    sine: position?.type === 'sinusoidal' ? positioned : position?.type === 'rope' ? ((m + n) * d_k) / 2 : 0,
    rotated: position?.type === 'rope' ? inDots / 2 : 0,
    unitNumber: similarity === 'cosine' ? inDots : 0,
    unitBlock: similarity === 'cosine' ? m * heads + n * kvHeads : 0,
    movedRow: (queries.from === 'tokens' ? m : 0) + headRows,
    moved: inDots + n * kvHeads * d_v + h * m * d_v + printed,
    printed,
    rounded: decimals === undefined ? 0 : printed,
  };
}

/** Multiply-adds of a projection of so many rows. */
function projected({ weight }: Projection, rows: number, inputs: number): number {
  return weight ? rows * inputs * weight.columns : 0;
}

function changes({ weight, bias }: Projection): boolean {
  return weight !== undefined || bias !== undefined;
}

/** How a call of that precision is computed with this kernel; `softmaxPrecision` as the operator has it. */
export function paceOf(kernel: Kernel, precision: Precision, softmaxPrecision: SoftmaxPrecision = precision): Pace {
  return kernel.isTiled(precision, softmaxPrecision) ? `tiled ${precision}` : precision;
}

/** What attention over tokens of `printed` numbers holds on the way, in bytes: vectors, matrices and results twice (in the kernel's memory and out of it), and text. */
export function tokenHolds(attention: TokenAttention, printed: number): number {
  const { m, n, h, kvHeads, d_k, d_v, width } = tokenSizes(attention);
  const vectors = m * h * (d_k + d_v) + n * kvHeads * (d_k + d_v) + m * width;
  return 2 * (attention.precision === 'float32' ? 4 : 8) * (vectors + printed) + PRINTED_BYTES * printed;
}

/** A printed number: a double in a list, and its digits. */
export const PRINTED_BYTES = 28;

/** What reading a byte of a body takes on a worker, in nanoseconds, numbers of nine digits: a question is priced by it before its shapes are known. */
const READ_BYTE: Readonly<Record<CodecName, number>> = { wasm: 3, portable: 8 };

/** The way to a worker and back, in milliseconds. */
const HOP_MS = 1;

/** About how long a question of so many bytes holds its thread, where no more is known of it. */
export function readingCost(bytes: number, codec: CodecName): Cost {
  return HOP_MS + (bytes * READ_BYTE[codec]) / 1e6;
}

/**
 * Bytes that are held while one byte of a body is read, that byte included: of JSON its text, and its numbers as the reader of numbers
 * and then the engine hold them; of tensors as bytes the numbers. What JSON.parse holds beyond that is counted before it begins (reading.ts).
 */
export const READ_HOLDS = { json: 4, tensors: 2 } as const;

/** A task above this leaves the event loop for a worker thread; the hop there and back takes about a tenth of it. */
export const INLINE_COST: Cost = 2;

/** So does one that holds more than this many bytes on the way: the event loop's thread is not to grow by them. */
export const INLINE_HELD = 16_777_216;

/** A body above this is read on a worker thread; parsing it would hold the event loop for about as long as INLINE_COST. */
export const INLINE_BYTES = 65_536;

/** The longest body that is read on the event loop where WebAssembly reads its numbers: as long as JSON.parse takes for INLINE_BYTES. */
export const QUICK_BYTES = 393_216;

/** What is not answered on the event loop after it has been read there was read in vain: so many times as long nothing of that kind is tried again. */
export const REST_IN_VAIN = 16;

/** Multiply-adds that the reference may redo on the event loop, where a NaN or an infinity takes part: about INLINE_COST. */
export const INLINE_REDONE = 500_000;

/** What a multiply-add that is redone counts for in MAX_WORK: the reference takes that many times as long as the tiled kernel. */
const REDONE_PRICE = 60;
/** Some 30 ms, which a worker may always spend, however low MAX_WORK is: a first row is then enough to say what overflowed. */
const LEAST_REDONE = 10_000_000;

/** Multiply-adds that the reference may redo on a worker thread. */
export function mostRedone({ work }: Limits): number {
  return Math.max(LEAST_REDONE, Math.floor(work / REDONE_PRICE));
}
