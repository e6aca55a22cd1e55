import { scaleLinear } from 'd3-scale';
import { interpolateCividis } from 'd3-scale-chromatic';
import { plain, shortened } from './labels.ts';

/** Weights to draw: [h][m][n], and which are masked. */
export interface HeatmapData {
  readonly weights: ArrayLike<number>;
  readonly masked: (h: number, i: number, j: number) => boolean;
  readonly h: number;
  readonly m: number;
  readonly n: number;
  readonly tokens: readonly string[];
  readonly asking: readonly string[];
}

const TITLE_HEIGHT = 34;
const GAP = 28;
const LEGEND_WIDTH = 92;
const LEGEND_STOPS = 12;
const SHADES = 255;
const LONGEST_SHOWN = 14;
const CHARACTER = 7.2; // width of a character at 12 px, about
/** From this size on a cell has room for its number, and a label for each row. */
const NUMBER_ROOM = 40;
const LABEL_ROOM = 13;

/**
 * The style of the picture, in light and dark. The colours of the cells are cividis, which reads the same to colour-blind
 * eyes and in grey (Nuñez, Anderton and Renslow 2018).
 */
const STYLE = [
  'svg{background:#fff;color:#1c1c1c;font:12px system-ui,sans-serif}',
  'text{fill:currentColor}.title{font-weight:600;font-size:14px}.axis{opacity:.75;font-style:italic}',
  '.cell{stroke:none}.masked{fill:url(#hatch)}.frame{fill:none;stroke:currentColor;stroke-opacity:.35}',
  '.dark-text{fill:#10131a}.light-text{fill:#fff}',
  '@media(prefers-color-scheme:dark){svg{background:#15181e;color:#e8e8e8}}',
].join('');

/** The weights as a heatmap, one panel a head: rows ask, columns are asked. */
export function heatmap(data: HeatmapData): string {
  const { h, m, n } = data;
  const cell = cellSize(Math.max(m, n));
  const labelWidth = Math.ceil(CHARACTER * Math.max(4, ...data.asking.map((name) => shownLabel(name).length)));
  const topHeight = Math.ceil(CHARACTER * 0.75 * Math.max(4, ...data.tokens.map((name) => shownLabel(name).length))) + 26;
  const panelWidth = labelWidth + 26 + n * cell;
  const panelHeight = TITLE_HEIGHT + topHeight + m * cell;
  const columns = Math.min(h, Math.max(1, Math.floor(1400 / (panelWidth + GAP))));
  const rows = Math.ceil(h / columns);
  const width = columns * (panelWidth + GAP) + LEGEND_WIDTH + 1.5 * GAP;
  const height = rows * (panelHeight + GAP) + GAP;
  const scale = scaleLinear()
    .domain([0, greatest(data.weights)])
    .nice(4);
  const [, most = 1] = scale.domain();
  // The picture has no more shades than an eye can tell apart, so each is made once.
  const shades = Array.from({ length: SHADES + 1 }, (_, s) => interpolateCividis(s / SHADES));
  const colour = (weight: number) => shades[Math.round((SHADES * weight) / most)] ?? '';
  const panels = Array.from({ length: h }, (_, g) => {
    const x = GAP / 2 + (g % columns) * (panelWidth + GAP);
    const y = GAP / 2 + Math.floor(g / columns) * (panelHeight + GAP);
    return `<g transform="translate(${x},${y})">${panel(data, g, { cell, labelWidth, topHeight, colour })}</g>`;
  });
  const legendX = columns * (panelWidth + GAP) + GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Attention weights: rows ask, columns are asked">`,
    `<title>Attention weights</title><style>${STYLE}</style>`,
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#8883"/><rect width="1.5" height="6" fill="#888"/></pattern></defs>',
    ...panels,
    legend(legendX, GAP / 2 + TITLE_HEIGHT + topHeight, scale, colour, hasMasked(data)),
    '</svg>\n',
  ].join('');
}

interface Layout {
  readonly cell: number;
  readonly labelWidth: number;
  readonly topHeight: number;
  readonly colour: (weight: number) => string;
}

function panel(data: HeatmapData, g: number, { cell, labelWidth, topHeight, colour }: Layout): string {
  const { h, m, n, tokens, asking, weights, masked } = data;
  const left = labelWidth + 26;
  const top = TITLE_HEIGHT + topHeight;
  const every = Math.max(1, Math.ceil(LABEL_ROOM / cell));
  const parts = [
    `<text class="title" x="${left}" y="16">${h > 1 ? `Head ${g + 1} of ${h}` : 'Attention weights'}</text>`,
    `<text class="axis" x="${left + (n * cell) / 2}" y="${TITLE_HEIGHT}" text-anchor="middle">is asked</text>`,
    `<text class="axis" transform="translate(10,${top + (m * cell) / 2}) rotate(-90)" text-anchor="middle">asks</text>`,
  ];
  for (let j = 0; j < n; j += every) {
    parts.push(`<text transform="translate(${left + (j + 0.5) * cell + 4},${top - 6}) rotate(-45)">${text(tokens[j] ?? '')}</text>`);
  }
  const asked = tokens.map(whole);
  for (let i = 0; i < m; i++) {
    const asks = whole(asking[i] ?? '');
    let row = `<g transform="translate(${left},${top + i * cell})">`;
    if (i % every === 0) row += `<text x="-6" y="${cell / 2 + 4}" text-anchor="end">${text(asking[i] ?? '')}</text>`;
    for (let j = 0; j < n; j++) {
      const weight = masked(g, i, j) ? undefined : (weights[(g * m + i) * n + j] ?? 0);
      row += cellOf(j * cell, cell, weight, colour, `${asks} asks ${asked[j]}`);
    }
    parts.push(`${row}</g>`);
  }
  parts.push(`<rect class="frame" x="${left}" y="${top}" width="${n * cell}" height="${m * cell}"/>`);
  return parts.join('');
}

/** One weight, `x` to the right in its row; undefined where it is masked. */
function cellOf(x: number, size: number, weight: number | undefined, colour: (weight: number) => string, name: string): string {
  if (weight === undefined) return `<rect class="cell masked" x="${x}" width="${size}" height="${size}"><title>${name}: masked</title></rect>`;
  const fill = colour(weight);
  const rect = `<rect class="cell" x="${x}" width="${size}" height="${size}" fill="${fill}"><title>${name}: ${printed(weight)}</title></rect>`;
  if (size < NUMBER_ROOM) return rect;
  const ink = isLight(fill) ? 'dark-text' : 'light-text';
  return `${rect}<text class="${ink}" x="${x + size / 2}" y="${size / 2 + 4}" text-anchor="middle" pointer-events="none">${weight.toFixed(2)}</text>`;
}

function legend(
  x: number,
  y: number,
  scale: ReturnType<typeof scaleLinear<number, number>>,
  colour: (weight: number) => string,
  withMasked: boolean,
): string {
  const height = 120;
  const [, most = 1] = scale.domain();
  const stops = Array.from(
    { length: LEGEND_STOPS + 1 },
    (_, s) => `<stop offset="${s / LEGEND_STOPS}" stop-color="${colour((most * s) / LEGEND_STOPS)}"/>`,
  );
  const ticks = scale.ticks(4).map((tick) => `<text x="24" y="${height - (height * tick) / most + 4}">${scale.tickFormat(4)(tick)}</text>`);
  const masked = withMasked
    ? `<rect class="masked" x="0" y="${height + 18}" width="16" height="16"/><text x="24" y="${height + 31}">masked</text>`
    : '';
  return `<g transform="translate(${x},${y})"><defs><linearGradient id="range" x1="0" y1="1" x2="0" y2="0">${stops.join('')}</linearGradient></defs><text x="0" y="-12">weight</text><rect width="16" height="${height}" fill="url(#range)"/>${ticks.join('')}${masked}</g>`;
}

function cellSize(most: number): number {
  if (most <= 12) return 56;
  if (most <= 24) return 40;
  return Math.max(3, Math.floor(800 / most));
}

function greatest(weights: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < weights.length; i++) most = Math.max(most, weights[i] ?? 0);
  return most > 0 ? most : 1;
}

function hasMasked({ h, m, n, masked }: HeatmapData): boolean {
  for (let g = 0; g < h; g++) for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) if (masked(g, i, j)) return true;
  return false;
}

function printed(weight: number): string {
  return weight >= 0.001 || weight === 0 ? String(Math.round(weight * 1e4) / 1e4) : String(Number(weight.toPrecision(3)));
}

/** Whether dark text reads better on it: d3 gives rgb(r, g, b). */
function isLight(colour: string): boolean {
  const [r = 0, g = 0, b = 0] = (colour.match(/\d+/g) ?? []).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b > 140;
}

function shownLabel(label: string): string {
  return shortened(plain(label), LONGEST_SHOWN);
}

/** A label in the picture, shortened, and apart from the direction of what stands around it. */
function text(label: string): string {
  return `\u2068${escaped(shownLabel(label))}\u2069`;
}

function whole(label: string): string {
  return `\u2068${escaped(plain(label))}\u2069`;
}

function escaped(label: string): string {
  return label.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
