/** A problem's two bars: how many times as fast as the peer, on one thread and on two. */
export interface Bars {
  readonly name: string;
  readonly one: number;
  readonly two: number;
}

export interface Group {
  readonly mode: string;
  readonly bars: readonly Bars[];
}

const WIDTH = 860;
const LABEL = 270; // width of the names
const RIGHT = 60; // room for the figure after the longest bar
const TOP = 64;
const LINE = 34; // height of a problem
const BAR = 12;
const HEAD = 34; // height of a group's heading
const TICKS = [0.25, 0.5, 1, 2, 4, 8, 16, 32];

/** Bars from the peer's 1 to the left and the right, on a scale of powers of 2. Plain SVG; its colours follow the reader's scheme. */
export function chart(groups: readonly Group[]): string {
  const height = TOP + groups.reduce((sum, { bars }) => sum + HEAD + bars.length * LINE, 0) + 16;
  const parts: string[] = [];
  let y = TOP;
  for (const { mode, bars } of groups) {
    parts.push(`<text class="head" x="8" y="${y + 20}">${mode}</text>`);
    y += HEAD;
    for (const { name, one, two } of bars) {
      parts.push(`<text x="${LABEL - 10}" y="${y + BAR + 4}" text-anchor="end">${name}</text>`, bar('one', one, y), bar('two', two, y + BAR + 1));
      y += LINE;
    }
  }
  const ticks = TICKS.map(
    (tick) =>
      `<line class="${tick === 1 ? 'peer' : 'tick'}" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP}" y2="${height - 12}"/><text x="${x(tick)}" y="${TOP - 6}" text-anchor="middle">${tick}×</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="How many times as fast as ONNX Runtime each problem is computed">
<style>
svg { --ink: #1f2328; --faint: #d0d7de; --one: #0969da; --two: #8250df; --ground: #ffffff; }
@media (prefers-color-scheme: dark) { svg { --ink: #e6edf3; --faint: #3d444d; --one: #58a6ff; --two: #bc8cff; --ground: #0d1117; } }
rect.ground { fill: var(--ground); }
text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.head { font-weight: 600; font-size: 14px; }
.tick { stroke: var(--faint); }
.peer { stroke: var(--ink); stroke-width: 1.5; }
.one { fill: var(--one); }
.two { fill: var(--two); }
</style>
<rect class="ground" width="${WIDTH}" height="${height}"/>
<text class="head" x="8" y="20">Speed over ONNX Runtime’s (1×), on as many threads</text>
<rect class="one" x="${WIDTH - 200}" y="10" width="12" height="12"/><text x="${WIDTH - 182}" y="20">1 thread</text>
<rect class="two" x="${WIDTH - 110}" y="10" width="12" height="12"/><text x="${WIDTH - 92}" y="20">2 threads</text>
${[...ticks, ...parts].join('\n')}
</svg>
`;
}

function bar(kind: 'one' | 'two', ratio: number, y: number): string {
  const [from, to] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
  return `<rect class="${kind}" x="${from}" y="${y}" width="${(to - from).toFixed(1)}" height="${BAR}"/><text x="${to + 5}" y="${y + BAR - 2}">${ratio.toFixed(2)}</text>`;
}

function x(ratio: number): number {
  const [least = 1, most = 1] = [TICKS[0], TICKS.at(-1)];
  const share = Math.log2(ratio / least) / Math.log2(most / least);
  return Math.round(10 * (LABEL + Math.min(1, Math.max(0, share)) * (WIDTH - LABEL - RIGHT))) / 10;
}
