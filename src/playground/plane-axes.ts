import { dot } from './answer.ts';

/** A direction in the space of some vectors; of length 1. */
export type Axis = readonly number[];

/** The direction of one dimension. */
export function dimensionAxis(width: number, at: number): Axis {
  return Array.from({ length: width }, (_, i) => (i === at ? 1 : 0));
}

const ITERATIONS = 200;

/**
 * The two directions along which vectors reach farthest from 0, at right angles to each other: the leading eigenvectors of Σ v vᵀ, by power
 * iteration. They are not centred, since arrows begin at 0. The largest part of each is positive, so that they don't flip.
 * @param near the directions of nearly the same vectors, which are soon there
 */
export function principalAxes(vectors: readonly (readonly number[])[], near?: readonly [Axis, Axis]): readonly [Axis, Axis] {
  const width = vectors[0]?.length ?? 1;
  const first = leading(vectors, width, undefined, near?.[0]);
  return [first, leading(vectors, width, first, near?.[1])];
}

function leading(vectors: readonly (readonly number[])[], width: number, besides: Axis | undefined, near: Axis = []): Axis {
  // Begins with what no dimension is at right angles to, or with the dimension that is left.
  const begin = Array.from({ length: width }, (_, i) => (near.length === width ? (near[i] ?? 0) + 0.01 / (i + 1) : 1 / (i + 1)));
  let axis = unit(rid(begin, besides)) ?? fallback(width, besides);
  for (let round = 0; round < ITERATIONS; round++) {
    const next = Array.from({ length: width }, () => 0);
    for (const vector of vectors) {
      const share = dot(vector, axis);
      for (let i = 0; i < width; i++) next[i] = (next[i] ?? 0) + share * (vector[i] ?? 0);
    }
    const turned = unit(rid(next, besides));
    if (!turned) break;
    const isThere = dot(turned, axis) > 1 - 1e-12;
    axis = turned;
    if (isThere) break;
  }
  const largest = axis.reduce((best, part) => (Math.abs(part) > Math.abs(best) ? part : best), 0);
  return largest < 0 ? axis.map((part) => -part) : axis;
}

/** A vector without its part along an axis. */
function rid(vector: readonly number[], axis: Axis | undefined): readonly number[] {
  if (!axis) return vector;
  const share = dot(vector, axis);
  return vector.map((part, i) => part - share * (axis[i] ?? 0));
}

function unit(vector: readonly number[]): Axis | undefined {
  const length = Math.hypot(...vector);
  return length > 1e-12 ? vector.map((part) => part / length) : undefined;
}

function fallback(width: number, besides: Axis | undefined): Axis {
  for (let at = 0; at < width; at++) {
    const axis = unit(rid(dimensionAxis(width, at), besides));
    if (axis) return axis;
  }
  return dimensionAxis(width, width);
}

/** A round step (1, 2 or 5 times a power of ten) of which a few fit into `extent`. */
export function roundStep(extent: number): number {
  const power = 10 ** Math.floor(Math.log10(extent));
  const rest = extent / power;
  return power * (rest < 2 ? 0.5 : rest < 5 ? 1 : 2);
}

/** The corners of an arrow's head that ends at (x, y), after a line from (fromX, fromY); none where there is no line. */
export function headOfArrow([fromX, fromY]: readonly [number, number], [x, y]: readonly [number, number], size: number): string {
  const length = Math.hypot(x - fromX, y - fromY);
  if (length < 1e-9) return '';
  const head = Math.min(size, length);
  const [alongX, alongY] = [((x - fromX) / length) * head, ((y - fromY) / length) * head];
  const corner = (side: 1 | -1) => `${x - alongX - side * alongY * 0.45},${y - alongY + side * alongX * 0.45}`;
  return `${x},${y} ${corner(1)} ${corner(-1)}`;
}
