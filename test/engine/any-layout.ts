import fc from 'fast-check';

/** How many keys a call with a past has before its own. */
const PAST = 2;

/** What lays a call of ONNX's attention out, as fast-check's arbitraries; sizes are up to `largest`. Options and numbers are the test's. */
export function anyLayout(largest: number) {
  const bit = fc.boolean();
  const size = fc.integer({ min: 1, max: largest });
  return {
    B: size,
    G: size,
    group: fc.integer({ min: 1, max: 2 }),
    S: size,
    L: size,
    D: size,
    E: size,
    packed: bit,
    memory: fc.constantFrom('none', 'past', 'padded'),
    rank: fc.integer({ min: 0, max: 4 }),
    boolean: bit,
    short: bit,
  };
}

interface Layout {
  readonly B: number;
  readonly G: number;
  readonly group: number;
  readonly L: number;
  readonly memory: string;
  readonly short: boolean;
}

/**
 * Query heads H, past keys P, and the keys that a mask speaks of: all of them, or one fewer where it is short.
 * `lengths` draws how many keys of each batch are no padding; `next` gives numbers from -1 to 1.
 */
export function laidOut({ B, G, group, L, memory, short }: Layout) {
  const P = memory === 'past' ? PAST : 0;
  return {
    H: G * group,
    P,
    maskedKeys: Math.max(1, P + L - (short && memory !== 'padded' ? 1 : 0)),
    lengths: (next: () => number) => Array.from({ length: B }, () => Math.floor(((next() + 1) / 2) * (L + 1))),
  };
}
