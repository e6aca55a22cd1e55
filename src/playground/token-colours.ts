/** So many colours of tokens can be told apart. */
const TOKEN_COLOURS = 8;

/** The number of a token's colour, from 0 to TOKEN_COLOURS − 1; `none` where it has none of its own. */
export type TokenColour = number | 'none';

/**
 * The colours of tokens by their weights: each has its own where there are so few, else the heaviest have, and the others none. A token keeps the
 * colour of its place while no heavier one has that.
 */
export function tokenColours(weights: readonly number[]): TokenColour[] {
  if (weights.length <= TOKEN_COLOURS) return weights.map((_, j) => j);
  const colours = weights.map((): TokenColour => 'none');
  const free = new Set(Array.from({ length: TOKEN_COLOURS }, (_, colour) => colour));
  const heaviest = weights.map((_, j) => j).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  for (const j of heaviest.slice(0, TOKEN_COLOURS - 1)) {
    const [first = 0] = free;
    const colour = free.has(j % TOKEN_COLOURS) ? j % TOKEN_COLOURS : first;
    free.delete(colour);
    colours[j] = colour;
  }
  return colours;
}
