/*
 * How a call is laid out for the tiled kernel's module: one table, from which the reader in AssemblyScript and the writer
 * in TypeScript are made, so that the two can't disagree about an offset or a type.
 */

/**
 * i32: a count, a number of a choice, bits. atomic: an i32 that threads change. address: bytes from the start of the
 * memory, 0 where the tensor is absent. Float: a number in the arithmetic of the build. rows: a tensor of rows, as its
 * address and the strides of batch, head and row in elements. pairs: the same, and the stride of a key.
 */
type Kind = 'i32' | 'atomic' | 'address' | 'Float' | 'rows' | 'pairs';

interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly note: string;
}

const FIELDS: readonly Field[] = [
  { name: 'nextHead', kind: 'atomic', note: 'the first head that nobody has begun' },
  { name: 'stop', kind: 'atomic', note: 'not 0: take no further item' },
  { name: 'items', kind: 'i32', note: 'work items' },
  { name: 'rows', kind: 'i32', note: 'M' },
  { name: 'keys', kind: 'i32', note: 'N' },
  { name: 'depth', kind: 'i32', note: 'D' },
  { name: 'width', kind: 'i32', note: 'E' },
  { name: 'heads', kind: 'i32', note: 'H' },
  { name: 'keyHeads', kind: 'i32', note: 'G' },
  { name: 'blockRows', kind: 'i32', note: 'rows of an item, at most MAX_BLOCK_ROWS' },
  { name: 'blocks', kind: 'i32', note: 'row blocks of one key head: ceil(M * H/G / blockRows)' },
  { name: 'chunks', kind: 'i32', note: 'parts the keys are cut into; 1: no partial results' },
  { name: 'chunkKeys', kind: 'i32', note: 'keys of a part' },
  { name: 'keyBlock', kind: 'i32', note: 'keys between two rescalings' },
  { name: 'tile', kind: 'i32', note: 'TILE_*' },
  { name: 'want', kind: 'i32', note: 'bits of WANT_*' },
  { name: 'query', kind: 'rows', note: 'Float [B,H,M,D]' },
  { name: 'key', kind: 'rows', note: 'Float [B,G,N,D]' },
  { name: 'value', kind: 'rows', note: 'Float [B,G,N,E]' },
  { name: 'context', kind: 'rows', note: 'Float [B,H,M,E]' },
  { name: 'mask', kind: 'pairs', note: 'u8 [B,H,M,N], 1: may attend' },
  { name: 'bias', kind: 'pairs', note: 'Float [B,H,M,N]' },
  { name: 'first', kind: 'address', note: 'i32 [B,M]: the first key of each row' },
  { name: 'end', kind: 'address', note: 'i32 [B,M]: past its last' },
  { name: 'position', kind: 'address', note: 'i32 [B,M]; wanted by slope' },
  { name: 'slope', kind: 'address', note: 'Float [H]' },
  { name: 'sink', kind: 'address', note: 'Float [H]' },
  { name: 'statistics', kind: 'address', note: 'Float [B,H,M,4]: maximum of the logits, sum, moment in bits, sink weight' },
  { name: 'scores', kind: 'address', note: 'Float [B,H,M,N], as the three below' },
  { name: 'capped', kind: 'address', note: '' },
  { name: 'logits', kind: 'address', note: '' },
  { name: 'weights', kind: 'address', note: '' },
  { name: 'flags', kind: 'address', note: 'u8 [B,H,M]: bits of FLAG_*' },
  { name: 'partials', kind: 'address', note: 'Float [items / chunks][chunks][blockRows][4 + E]' },
  { name: 'path', kind: 'i32', note: '0: panels of rows, 1: single rows' },
  { name: 'taken', kind: 'address', note: 'i32 [B,G], by atomics alone: how many items of each head have been taken' },
  { name: 'scale', kind: 'Float', note: 'multiplies every dot product' },
  { name: 'softcap', kind: 'Float', note: '0: none' },
];

/** Numbers that both sides call by name, and their type in AssemblyScript. */
const CONSTANTS: Readonly<Record<string, { readonly type: string; readonly note: string; readonly values: Readonly<Record<string, number>> }>> = {
  TILE: {
    type: 'i32',
    note: 'The register tiles, named after their keys or columns and their rows of float32.',
    values: { '6x8': 0, '4x16': 1, '6x16': 2 },
  },
  WANT: {
    type: 'u32',
    note: 'Bits: the context; maximum and sum of each row; Σ e^(x − max) · (x − max) · log2(e), for the entropy.',
    values: { context: 1, statistics: 2, moment: 4 },
  },
  FLAG: {
    type: 'u8',
    note: 'Bits of a row: a NaN or an infinity took part, so it is not to be trusted; every key was excluded.',
    values: { unsound: 1, empty: 2 },
  },
  SCRATCH: { type: 'usize', note: "Bytes of a thread's scratch area before its panels: rows, states and constants.", values: { panels: 4800 } },
};

const BYTES: Readonly<Record<Kind, number>> = { i32: 4, atomic: 4, address: 4, Float: 8, rows: 16, pairs: 20 };
/** A Float has room for the wider arithmetic. */
const ALIGNMENT: Readonly<Partial<Record<Kind, number>>> = { Float: 8 };
const STRIDES = ['batchStride', 'headStride', 'rowStride', 'keyStride'] as const;
const CACHE_LINE = 64;

interface Placed extends Field {
  readonly offset: number;
}

function layOut(): { readonly fields: readonly Placed[]; readonly bytes: number } {
  let end = 0;
  const fields = FIELDS.map((field): Placed => {
    const alignment = ALIGNMENT[field.kind] ?? 4;
    const offset = Math.ceil(end / alignment) * alignment;
    end = offset + BYTES[field.kind];
    return { ...field, offset };
  });
  return { fields, bytes: Math.ceil(end / CACHE_LINE) * CACHE_LINE };
}

const GENERATED = 'Made by scripts/wasm.ts from scripts/kernel/descriptor.ts: change it there.';
const upper = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
const noted = (note: string) => (note === '' ? '' : ` // ${note}`);

/** assembly/descriptor.ts: each field read as what it is. */
export function descriptorReader(): string {
  const { fields } = layOut();
  const inline = (text: string) => `// @ts-ignore: decorator\n@inline\nexport function ${text}\n`;
  const type = { i32: 'i32', address: 'usize', Float: 'Float' } as const;
  const texts = fields.map(({ name, kind, offset, note }) => {
    if (kind === 'rows' || kind === 'pairs')
      return `export const ${upper(name)}: usize = ${offset};${noted(`${note}, by the functions of views below`)}\n`;
    if (kind === 'atomic') return `export const ${upper(name)}: usize = ${offset};${noted(`i32, by atomics alone: ${note}`)}\n`;
    return inline(`${name}(descriptor: usize): ${type[kind]} {${noted(note)}\n  return load<${type[kind]}>(descriptor, ${offset});\n}`);
  });
  const strides = STRIDES.map((name, n) => inline(`${name}(view: usize): u32 {\n  return load<u32>(view, ${4 * (n + 1)});\n}`));
  const constants = Object.entries(CONSTANTS).map(([group, { type, note, values }]) => {
    const lines = Object.entries(values).map(([name, value]) => `export const ${group}_${upper(name)}: ${type} = ${value};\n`);
    return `\n// ${note}\n${lines.join('')}`;
  });
  return `// ${GENERATED}
import { Float } from "./float";

// A call, as TypeScript lays it out. Strides are in elements; an absent tensor has the address 0.
${texts.join('')}
// A view is \`descriptor\` + the offset of a tensor.
${inline('address(view: usize): usize {\n  return load<usize>(view);\n}')}${strides.join('')}${constants.join('')}`;
}

/** kernels/descriptor.ts: every field written by its name, and none forgotten. */
export function descriptorWriter(): string {
  const { fields, bytes } = layOut();
  const written = fields.filter(({ kind }) => kind !== 'atomic');
  const type = { i32: 'number', address: 'number', Float: 'number', rows: 'RowsView', pairs: 'PairsView | undefined' } as const;
  const members = written.map(({ name, kind, note }) => {
    const doc = note === '' ? '' : `  /** ${note} */\n`;
    return `${doc}  readonly ${name}: ${type[kind as keyof typeof type]};\n`;
  });
  const writes = written.map(({ name, kind, offset }) => {
    if (kind === 'Float') return `  number(${offset})[0] = fields.${name};\n`;
    if (kind === 'rows') return `  words.set(rowsWords(fields.${name}), ${offset / 4});\n`;
    if (kind === 'pairs') return `  if (fields.${name}) words.set(pairsWords(fields.${name}), ${offset / 4});\n`;
    return `  words[${offset / 4}] = fields.${name};\n`;
  });
  const offsetOf = (wanted: string) => fields.find(({ name }) => name === wanted)?.offset ?? 0;
  const constants = Object.entries(CONSTANTS).map(([group, { note, values }]) => {
    const entries = Object.entries(values).map(([name, value]) => `${/^\d/.test(name) ? `'${name}'` : name}: ${value}`);
    return `/** ${note} */\nexport const ${group} = { ${entries.join(', ')} } as const;\n`;
  });
  return `// ${GENERATED}
import type { Precision } from '../tensor.ts';

${constants.join('\n')}
/** Bytes of a descriptor. */
export const DESCRIPTOR_BYTES = ${bytes};

/** A tensor of rows: its address, 0 where it is absent, and its strides in elements. */
export interface RowsView {
  readonly address: number;
  readonly batchStride: number;
  readonly headStride: number;
  readonly rowStride: number;
}

/** A tensor with an element for each pair of a row and a key. */
export interface PairsView extends RowsView {
  readonly keyStride: number;
}

/** A call as the module reads it. Addresses are in bytes, 0 where the tensor is absent. */
export interface Descriptor {
${members.join('')}}

/** Writes a descriptor, none of whose items is taken yet and which nobody has stopped. */
export function writeDescriptor(buffer: ArrayBufferLike, address: number, precision: Precision, fields: Descriptor): void {
  const words = new Int32Array(buffer, address, DESCRIPTOR_BYTES / 4).fill(0);
  const number = (offset: number) =>
    precision === 'float32' ? new Float32Array(buffer, address + offset, 1) : new Float64Array(buffer, address + offset, 1);
${writes.join('')}}

/** The word that ends a job early once it is not 0. */
export function stopWord(buffer: ArrayBufferLike, address: number): Int32Array {
  return new Int32Array(buffer, address + ${offsetOf('stop')}, 1);
}

function rowsWords({ address, batchStride, headStride, rowStride }: RowsView): number[] {
  return [address, batchStride, headStride, rowStride];
}

function pairsWords({ keyStride, ...rows }: PairsView): number[] {
  return [...rowsWords(rows), keyStride];
}
`;
}
