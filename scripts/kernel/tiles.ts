/*
 * The unrolled register tiles of the tiled kernel. Accumulators are local variables, one for each pair of a key (or a
 * column) and a vector of rows, since AssemblyScript has no arrays in registers.
 */

/** A tile: so many keys or columns, against so many rows of f32, four to a vector. */
interface Tile {
  readonly across: number;
  readonly rows: 8 | 16;
}

interface ScoreTile extends Tile {
  /** Steps of the depth that are unrolled. */
  readonly unrolled: 1 | 2;
  /** Whether it takes groups of keys in a loop of its own. */
  readonly grouped: boolean;
}

const SCORE_TILES: readonly ScoreTile[] = [
  { across: 4, rows: 8, unrolled: 2, grouped: false },
  { across: 1, rows: 16, unrolled: 1, grouped: false },
  { across: 4, rows: 16, unrolled: 1, grouped: false },
  { across: 6, rows: 16, unrolled: 1, grouped: true },
  { across: 6, rows: 8, unrolled: 1, grouped: true },
];

const VALUE_TILES: readonly Tile[] = [
  { across: 4, rows: 8 },
  { across: 1, rows: 16 },
  { across: 4, rows: 16 },
  { across: 6, rows: 16 },
  { across: 6, rows: 8 },
];

const VECTOR_BYTES = 16;
/** Bytes of one value for each row of a panel. */
const LANES = 64;

const GENERATED = '// Made by scripts/wasm.ts from scripts/kernel/tiles.ts: change it there.\n';
const IMPORTS = 'import { Float, SIZE } from "./float";\nimport { madd } from "./arithmetic";\n';

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const indented = (lines: readonly string[], spaces = 2) => lines.map((line) => `${' '.repeat(spaces)}${line}`);
/** `a + n * step`, as a person writes it. */
const plus = (base: string, n: number, step: string) => (n === 0 ? base : n === 1 ? `${base} + ${step}` : `${base} + ${n} * ${step}`);
const sizes = (n: number) => (n === 1 ? 'SIZE' : `${n} * SIZE`);
const at = (address: string, bytes: number) => `v128.load(${address}, ${bytes})`;
/** In each pair of neighbouring vectors the upper one first. */
const upperFirst = (vectors: number) => upTo(vectors).map((v) => v ^ 1);

/** assembly/tiles-score.ts */
export function scoreTiles(): string {
  return `${GENERATED}${IMPORTS}
// Score tiles: [keys] x [rows] accumulators held in registers; the query panel is [depth][16], a key gives one splat a step.
// All stores come last and side by side: V8's revectoriser starts from pairs of neighbouring stores. The upper half goes first:
// where the lower does, V8 14.6 stores it twice, alone and in the pair.
${SCORE_TILES.map((tile) => `\n${scoreTile(tile).join('\n')}\n`).join('')}`;
}

function scoreTile(tile: ScoreTile): string[] {
  const { across, rows, grouped } = tile;
  const what = grouped ? `Groups of ${across} keys` : `${across} keys`;
  const groups = grouped ? 'groups: i32, ' : '';
  const body = scoreBody(tile, grouped ? 'from' : 'key', grouped ? 'to' : 'out');
  const loop = [
    `for (let g = groups, from = key, to = out; g > 0; g--, from += ${across} * stride, to += ${across * LANES}) {`,
    ...indented(body),
    '}',
  ];
  return [
    `// ${what}, rows \`stride\` bytes apart, against ${rows} rows of the panel: scores to out [key][16].`,
    `export function score${across}x${rows}(key: usize, stride: usize, ${groups}query: usize, depth: i32, scale: Float, offset: usize, out: usize): void {`,
    ...indented(grouped ? loop : body),
    '}',
  ];
}

function scoreBody({ across, rows, unrolled }: ScoreTile, key: string, out: string): string[] {
  const keys = upTo(across);
  const vectors = upTo(rows / 4);
  const step = (n: number) => [
    `const ${vectors.map((v) => `b${v} = ${at('q', n * LANES + v * VECTOR_BYTES)}`).join(', ')};`,
    ...keys.map((k) => {
      const splat = `const a${k} = v128.load_splat<Float>(k${k}${n === 0 ? '' : `, ${sizes(n)}`});`;
      return `${splat} ${vectors.map((v) => `s${k}${v} = madd(a${k}, b${v}, s${k}${v});`).join(' ')}`;
    }),
  ];
  const forward = (n: number) => `${keys.map((k) => `k${k} += ${sizes(n)};`).join(' ')} q += ${n * LANES};`;
  const steps = upTo(unrolled).flatMap((n) => ['{', ...indented(step(n)), '}']);
  const store = (k: number, v: number) => `v128.store(${out}, madd(s${k}${v}, scales, n${v}), ${k * LANES + v * VECTOR_BYTES});`;
  return [
    'let q = query, d = depth;',
    `let ${keys.map((k) => `k${k} = ${plus(key, k, 'stride')}`).join(', ')};`,
    ...keys.map((k) => `let ${vectors.map((v) => `s${k}${v} = v128.splat<Float>(0)`).join(', ')};`),
    ...(unrolled > 1 ? [`for (; d >= ${unrolled}; d -= ${unrolled}) {`, ...indented([...steps, forward(unrolled)]), '}'] : []),
    'for (; d > 0; d--) {',
    ...indented([...step(0), forward(1)]),
    '}',
    'const scales = v128.splat<Float>(scale);',
    `const ${vectors.map((v) => `n${v} = ${v === 0 ? 'v128.load(offset)' : at('offset', v * VECTOR_BYTES)}`).join(', ')};`,
    ...keys.map((k) =>
      upperFirst(vectors.length)
        .map((v) => store(k, v))
        .join(' '),
    ),
  ];
}

/** assembly/tiles-value.ts */
export function valueTiles(): string {
  return `${GENERATED}${IMPORTS}
// Value tiles: [columns] x [rows] accumulators held in registers; weights are [key][16], values rows \`stride\` bytes apart,
// context [column][16]. The sum over this block of keys starts at 0 and joins the context once (two-level summation).
// In each row all loads come before all stores: V8's revectoriser packs no stores that have a load between them.
${VALUE_TILES.map((tile) => `\n${valueTile(tile).join('\n')}\n`).join('')}`;
}

function valueTile({ across, rows }: Tile): string[] {
  const columns = upTo(across);
  const vectors = upTo(rows / 4);
  const load = (name: string, from: string) => `const ${vectors.map((v) => `${name}${v} = ${at(from, v * VECTOR_BYTES)}`).join(', ')};`;
  const add = (c: number) => {
    const splat = `const a${c} = v128.load_splat<Float>(v${c === 0 ? '' : `, ${sizes(c)}`});`;
    return `${splat} ${vectors.map((v) => `c${c}${v} = madd(a${c}, b${v}, c${c}${v});`).join(' ')}`;
  };
  const join = (c: number) => {
    const place = (v: number) => c * LANES + v * VECTOR_BYTES;
    const sums = vectors.map((v) => `o${v} = madd(${at('out', place(v))}, f${v}, c${c}${v})`);
    const stores = upperFirst(vectors.length).map((v) => `v128.store(out, o${v}, ${place(v)});`);
    return ['{', ...indented([`const ${sums.join(', ')};`, stores.join(' ')]), '}'];
  };
  return [
    `// ${across} context columns of ${rows} rows: context = context * alpha + sum over keys of value * weight.`,
    `export function value${across}x${rows}(value: usize, stride: usize, weight: usize, keys: i32, alpha: usize, out: usize): void {`,
    ...indented([
      'let v = value, w = weight, n = keys;',
      ...columns.map((c) => `let ${vectors.map((v) => `c${c}${v} = v128.splat<Float>(0)`).join(', ')};`),
      'for (; n > 0; n--) {',
      ...indented([load('b', 'w'), ...columns.map(add), `v += stride; w += ${LANES};`]),
      '}',
      load('f', 'alpha'),
      ...columns.flatMap(join),
    ]),
    '}',
  ];
}
