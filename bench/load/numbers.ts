/** The same numbers from 0 to 1 in every run (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fills with numbers from −1 to 1. */
export function fill<Data extends Float32Array>(data: Data, next: () => number): Data {
  for (let n = 0; n < data.length; n++) data[n] = next() * 2 - 1;
  return data;
}
