import { type Floats, floats, type Matrix, type Precision, rounded } from './tensor.ts';

/** How positions enter: rotated into queries and keys, as a bias that grows with the distance, or added to the tokens. */
export type Position =
  | { readonly type: 'rope'; readonly base: number; readonly interleaved: boolean }
  | { readonly type: 'alibi'; readonly slopes?: Floats | undefined }
  | { readonly type: 'sinusoidal' };

const SINUSOID_BASE = 10_000;

/**
 * Rotary positions (Su et al. 2021, RoFormer): in each head of width d the pair (x, y) number i is turned by the angle
 * position · base^(−2i/d). A pair is (i, i + d/2), or (2i, 2i + 1) where interleaved. Sines and cosines are computed in
 * double precision and rounded once.
 */
export function rotate(
  matrix: Matrix,
  heads: number,
  positions: Int32Array,
  { base, interleaved }: { readonly base: number; readonly interleaved: boolean },
  precision: Precision,
): Matrix {
  const { data, rows, columns } = matrix;
  const width = columns / heads;
  const half = width / 2;
  const turned = floats(precision, data.length);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < half; i++) {
      const { cos, sin } = turnOf(positions[r] ?? 0, i, width, base, precision);
      for (let h = 0; h < heads; h++) {
        const first = r * columns + h * width + (interleaved ? 2 * i : i);
        const second = first + (interleaved ? 1 : half);
        const x = data[first] ?? 0;
        const y = data[second] ?? 0;
        turned[first] = rounded(precision, x * cos) - rounded(precision, y * sin);
        turned[second] = rounded(precision, x * sin) + rounded(precision, y * cos);
      }
    }
  }
  return { data: turned, rows, columns };
}

/** Cosine and sine of the angle by which `rotate` turns pair i of a head of that width. */
export function turnOf(
  position: number,
  i: number,
  width: number,
  base: number,
  precision: Precision,
): { readonly cos: number; readonly sin: number } {
  const angle = position * base ** ((-2 * i) / width);
  return { cos: rounded(precision, Math.cos(angle)), sin: rounded(precision, Math.sin(angle)) };
}

/**
 * The rows with the sinusoids of their positions added (Vaswani et al. 2017, 3.5): column 2i gets
 * sin(position / 10000^(2i/d)), column 2i + 1 the cosine of the same angle.
 */
export function addSinusoids(matrix: Matrix, positions: Int32Array, precision: Precision): Matrix {
  const { data, rows, columns } = matrix;
  const sum = floats(precision, data.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      sum[r * columns + c] = (data[r * columns + c] ?? 0) + sinusoid(positions[r] ?? 0, c, columns, precision);
    }
  }
  return { data: sum, rows, columns };
}

/** What `addSinusoids` adds in that column of a row of so many. */
export function sinusoid(position: number, column: number, columns: number, precision: Precision): number {
  const angle = position / SINUSOID_BASE ** ((column - (column % 2)) / columns);
  return rounded(precision, column % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
}

/**
 * The slopes of ALiBi for h heads (Press et al. 2022): 2^(−8(g+1)/h) for head g. Where h is no power of 2, those of the
 * next smaller power p, then every other one of those of 2p.
 */
export function alibiSlopes(heads: number, precision: Precision): Floats {
  const power = 2 ** Math.floor(Math.log2(heads));
  const slopes = floats(precision, heads);
  for (let g = 0; g < heads; g++) slopes[g] = 2 ** (g < power ? (-8 * (g + 1)) / power : (-8 * (2 * (g - power) + 1)) / (2 * power));
  return slopes;
}
