/** A thread's own way to read and print the numbers of JSON. */
export interface Codec {
  /** For people. */
  readonly name: string;
}

/** JavaScript alone. */
export const portable: Codec = { name: 'portable' };
