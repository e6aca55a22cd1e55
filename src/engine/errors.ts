import { Failure } from './failure.ts';

/** The vectors of a request that a fault of the engine can point at. */
type Vectors = 'tokens' | 'queries';

/** A row of length 0, in one of its heads. */
export interface ZeroVector {
  readonly vectors: Vectors;
  readonly row: number;
  readonly head: number;
}

/** A vector of length 0 has no direction, so cosine similarity is undefined for it. */
export class ZeroVectors extends Error {
  override readonly name = 'ZeroVectors';
  /** Where they stand, at most 20. */
  readonly rows: readonly ZeroVector[];

  constructor(rows: readonly ZeroVector[]) {
    super('a vector of length 0 has no direction');
    this.rows = rows;
  }
}

/** Finite inputs whose result is not finite in the arithmetic asked for; `row` counts the `of`, `head` where there are several. */
export function arithmeticOverflow(output: string, of: 'query row' | 'token', row: number, head?: number): Failure {
  const where = `${of} ${row}${head === undefined ? '' : ` in head ${head}`}`;
  return new Failure('arithmetic-overflow', `${output} of ${where} is not finite, though all inputs are`);
}
