/** One line of a curve: its name, and a value for each point in time. */
interface Line {
  readonly name: string;
  readonly values: readonly number[];
}

const WIDTH = 860;
const HEIGHT = 300;
const LEFT = 60;
const RIGHT = 130; // the names of the lines
const TOP = 44;
const BOTTOM = 36;
const STEPS = 4;

/** Lines over time from 0 up, with the bound that they stay below, dashed. Plain SVG; its colours follow the reader's scheme. */
export function curve(
  title: string,
  minutes: readonly number[],
  lines: readonly Line[],
  bound: { readonly name: string; readonly value: number },
): string {
  const most = Math.max(bound.value, ...lines.flatMap(({ values }) => values));
  const end = minutes.at(-1) ?? 1;
  const x = (minute: number) => (LEFT + (minute / end) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number) => (HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const across = (value: number, kind: string) => `<line class="${kind}" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>`;
  const name = (value: number, words: string) => `<text x="${WIDTH - RIGHT + 6}" y="${Number(y(value)) + 4}">${words}</text>`;
  const ticks = Array.from({ length: STEPS + 1 }, (_, s) => (s * most) / STEPS).map(
    (tick) => `${across(tick, 'tick')}<text x="${LEFT - 6}" y="${Number(y(tick)) + 4}" text-anchor="end">${tick.toFixed(0)}</text>`,
  );
  const times = Array.from({ length: STEPS + 1 }, (_, s) => (s * end) / STEPS).map(
    (minute) => `<text x="${x(minute)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${minute.toFixed(1)}</text>`,
  );
  const paths = lines.map(({ name: words, values }, l) => {
    const points = values.map((value, i) => `${x(minutes[i] ?? 0)},${y(value)}`).join(' ');
    return `<polyline class="line${l}" points="${points}"/>${name(values.at(-1) ?? 0, words)}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
<style>
svg { --ink: #1f2328; --faint: #d0d7de; --zero: #0969da; --one: #8250df; --ground: #ffffff; }
@media (prefers-color-scheme: dark) { svg { --ink: #e6edf3; --faint: #3d444d; --zero: #58a6ff; --one: #bc8cff; --ground: #0d1117; } }
rect { fill: var(--ground); }
text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.head { font-weight: 600; font-size: 14px; }
.tick { stroke: var(--faint); }
.bound { stroke: var(--ink); stroke-dasharray: 6 4; }
polyline { fill: none; stroke-width: 1.5; }
.line0 { stroke: var(--zero); }
.line1 { stroke: var(--one); }
</style>
<rect width="${WIDTH}" height="${HEIGHT}"/>
<text class="head" x="8" y="22">${title}</text>
<text x="${WIDTH - RIGHT}" y="${HEIGHT - 4}" text-anchor="end">minutes</text>
${[...ticks, ...times, across(bound.value, 'bound'), name(bound.value, bound.name), ...paths].join('\n')}
</svg>
`;
}
