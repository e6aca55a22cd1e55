import { numbers } from './numbers.ts';

/** The seed's lesson: three tokens of width 3, one of which asks. */
export const SEED_REQUEST = '{"tokens":[[0.2,0.1,0.5],[0.9,0.1,0.3],[0.4,0.8,0.2]],"query":2,"decimals":4}';
export const SEED_REPLY = '{"scores":[0.26,0.5,0.84],"weights":[0.2465,0.3133,0.4402],"context":[0.5074,0.4081,0.3053]}';

export const TOKENS = 1024;
export const WIDTH = 64;
const DIGITS = 9; // as many as a float32 needs

/** 1024 tokens of width 64, the last of which asks; another `seed` gives other numbers of the same kind. */
export function largeRequest(seed: number): string {
  const next = numbers(seed);
  const tokens = Array.from({ length: TOKENS }, () => Array.from({ length: WIDTH }, () => Number((next() * 2 - 1).toPrecision(DIGITS))));
  return JSON.stringify({ tokens, query: TOKENS - 1, scale: '1/sqrt(d_k)' });
}
