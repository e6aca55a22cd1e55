/** The matrices with a row for each query and a column for each key. */
export const PAIR_STAGES = ['raw', 'scaled', 'capped', 'masked', 'weights'] as const;
export type PairStage = (typeof PAIR_STAGES)[number];
/** What projections, heads and positions make, and the matrices that they use. */
export const VECTOR_STAGES = ['w_query', 'queries', 'w_key', 'keys', 'w_value', 'values'] as const;
export type VectorStage = (typeof VECTOR_STAGES)[number];
export type StageName = VectorStage | PairStage | 'context';

/** One matrix of the strip, for one head. */
export interface Stage {
  readonly name: StageName;
  readonly title: string;
  /** What is done to the matrix before it. */
  readonly step: string;
  /** Does this step leave every number as it was? */
  readonly idle: boolean;
  readonly rows: readonly string[];
  /** What the rows are. */
  readonly rowsAre: 'query' | 'key' | 'value' | 'number of x';
  readonly columns: readonly string[];
  /** What the columns are. */
  readonly columnsAre: 'key' | 'dimension';
  /** null where a key is excluded. */
  readonly cells: readonly (readonly (number | null)[])[];
  /** The number that gets the full colour; both poles where `signed`. */
  readonly most: number;
  readonly signed: boolean;
}

/** A cell that is looked at. */
export interface Spot {
  readonly stage: StageName;
  readonly row: number;
  readonly column: number;
}

/** How one number came about: a heading, and the lines that one would write on paper. */
export interface WrittenOut {
  readonly heading: string;
  readonly lines: readonly string[];
}

/** The number that is farthest from 0. */
export function most(cells: readonly (readonly (number | null)[])[]): number {
  let largest = 0;
  for (const row of cells) for (const cell of row) largest = Math.max(largest, Math.abs(cell ?? 0));
  return largest;
}
