import type { TokenSizes } from '../engine/token-outputs.ts';
import { displayWidth, type Name, type Names, shortened } from './labels.ts';
import { shadeOf } from './palette.ts';

/** What is drawn. */
export interface Drawing extends Names {
  readonly sizes: TokenSizes;
  /** [h, m, n] */
  readonly weights: ArrayLike<number>;
  readonly masked: (head: number, i: number, j: number) => boolean;
  /** How far a weight is from the weakest colour to the strongest, from 0 to 1. */
  readonly part: (weight: number) => number;
}

/** Where things stand in a panel, in pixels; the same for every panel. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly cell: { readonly width: number; readonly height: number };
  /** Names on the columns stand upright where they fit over their cell, and aslant otherwise. */
  readonly aslant: boolean;
  /** Of the rows and columns each one, or each second, third, … is labelled, so that labels do not touch. */
  readonly every: { readonly row: number; readonly column: number };
  /** Longest label, in characters of its tooltip. */
  readonly tooltip: number;
  /** So many panels stand side by side. */
  readonly columns: number;
}

const LARGEST_CELL = 46;
const SMALLEST_CELL = 3;
/** Many heads side by side may have cells as small as this: a picture is an overview first. */
const SMALLEST_OF_MANY = 1;
const PANEL = 680;
/** Panels stand in as few columns as leave the picture no higher than this, where they can, and no wider. */
const LARGEST_PICTURE = 1600;
/** Around the panels, and between them. */
export const MARGIN = 20;
export const GAP = 28;
const LINE = 14;
/** “← queries” stands upright beside the cells. */
const LEAST_DOWN = 4 * LINE;
/** Mean width of a character at 12 px, a little on the safe side. */
export const CHARACTER = 7;
const LONGEST_LABEL = 16;
const CAPTION = 20;
/** From this size on a cell has room for its number. */
const NUMBER = { width: 32, height: 18 };
/** All tooltips of labels together have at most so many characters. */
const TOOLTIPS = 16_000_000;

/** The panels in a grid: one large panel, or so many columns of smaller ones that the whole of it can be looked at. */
export function layoutOf(drawing: Drawing): Layout {
  const { h } = drawing.sizes;
  const one = layoutWith(drawing, PANEL, SMALLEST_CELL, 1);
  const fitting = Math.floor((LARGEST_PICTURE - 2 * MARGIN + GAP) / (one.width + GAP));
  let layout = { ...one, columns: Math.max(1, Math.min(h, fitting)) };
  while (layout.columns < h && heightOf(layout, h) > LARGEST_PICTURE) {
    const narrower = narrowed(drawing, layout.columns + 1);
    if (!narrower) break;
    layout = narrower;
  }
  return layout;
}

/** So many columns of panels, with the largest cells that leave room for them; undefined where even the smallest don't. */
function narrowed(drawing: Drawing, columns: number): Layout | undefined {
  const across = Math.floor((LARGEST_PICTURE - 2 * MARGIN + GAP) / columns) - GAP;
  // What stands beside the cells depends on them: over narrow ones the names lean out farther.
  let room = Math.min(PANEL, across);
  for (let layout = layoutWith(drawing, room, SMALLEST_OF_MANY, columns); room > 0; layout = layoutWith(drawing, room, SMALLEST_OF_MANY, columns)) {
    if (layout.width <= across) return layout;
    room -= layout.width - across;
  }
  return undefined;
}

/** All rows of panels, one under the other. */
export function heightOf({ height, columns }: Layout, heads: number): number {
  return Math.ceil(heads / columns) * (height + GAP);
}

function layoutWith({ sizes: { h, m, n }, tokens, queries }: Drawing, room: number, smallest: number, columns: number): Layout {
  const side = (count: number) => Math.min(LARGEST_CELL, Math.max(smallest, Math.floor(room / count)));
  const cell = { width: side(n), height: side(m) };
  const widest = (names: readonly Name[]) => Math.max(CHARACTER, ...names.map(({ plain }) => pixelsOf(shortened(plain, LONGEST_LABEL))));
  const aslant = widest(tokens) > cell.width - 4;
  const slope = widest(tokens) * Math.SQRT1_2;
  const left = CAPTION + widest(queries) + 8;
  const head = h > 1 ? 22 : 0;
  const top = head + CAPTION + (aslant ? slope + 12 : LINE + 6);
  return {
    width: Math.ceil(left + n * cell.width + (aslant ? Math.max(0, slope - cell.width / 2 + 8) : 0)),
    height: Math.ceil(top + Math.max(m * cell.height, LEAST_DOWN)),
    left: Math.ceil(left),
    top: Math.ceil(top),
    cell,
    aslant,
    every: { row: Math.ceil(LINE / cell.height), column: Math.ceil((aslant ? LINE * Math.SQRT2 : LINE) / cell.width) },
    tooltip: Math.max(100, Math.floor(TOOLTIPS / (h * (m + n)))),
    columns,
  };
}

/** About how wide a text is drawn at 12 px, a little on the safe side: the font is the reader's. */
function pixelsOf(text: string): number {
  const broad = text.match(BROAD)?.length ?? 0;
  const capitals = text.match(CAPITALS)?.length ?? 0;
  return CHARACTER * displayWidth(text) + 4 * broad + 2 * capitals;
}

const BROAD = /[MWmw@%…]/g;
const CAPITALS = /(?![MW])\p{Lu}/gu;

/** One head: its title, the keys along the top, the queries down the side, and a cell for each weight. */
export function panel(drawing: Drawing, head: number, layout: Layout): string[] {
  const { sizes, tokens, queries } = drawing;
  const { left, top, cell } = layout;
  const { h, m, n } = sizes;
  const across = n * cell.width;
  const down = m * cell.height;
  const title = h > 1 ? `<text class="head" x="${left}" y="12">Head ${head}</text>` : '';
  const captionY = (h > 1 ? 22 : 0) + 12;
  const columns = columnTexts(drawing, layout);
  const rows = Array.from({ length: m }, (_, i) => row(drawing, head, i, layout, columns));
  // Text beyond Latin-1 stands as character references, since one such character makes a string of all cells twice as large.
  return [
    title,
    `<text class="quiet" x="${left}" y="${captionY}">keys &#8594;</text>`,
    `<text class="quiet" transform="translate(12,${top + down / 2}) rotate(-90)" text-anchor="middle">&#8592; queries</text>`,
    ...tokens.map((name, j) => (j % layout.every.column === 0 ? columnLabel(name, j, layout) : '')),
    ...queries.map((name, i) => (i % layout.every.row === 0 ? rowLabel(name, i, layout) : '')),
    ...rows,
    `<rect class="frame" x="${left}" y="${top}" width="${across}" height="${down}" fill="none" stroke="#59636e"/>`,
  ];
}

function columnLabel(name: Name, j: number, { left, top, cell, aslant, tooltip }: Layout): string {
  const x = left + (j + 0.5) * cell.width;
  const place = aslant ? `transform="translate(${x + 4},${top - 6}) rotate(-45)"` : `x="${x}" y="${top - 7}" text-anchor="middle"`;
  return `<text ${place}>${labelled(name, tooltip)}</text>`;
}

function rowLabel(name: Name, i: number, { left, top, cell, tooltip }: Layout): string {
  return `<text x="${left - 8}" y="${top + (i + 0.5) * cell.height + 4}" text-anchor="end">${labelled(name, tooltip)}</text>`;
}

/** A label that fits, and the whole of it in its tooltip. */
function labelled({ plain, whole }: Name, tooltip: number): string {
  const long = whole.length > tooltip ? `${whole.slice(0, tooltip - 1)}…`.toWellFormed() : whole;
  return `<title>${escaped(long)}</title>${escaped(shortened(plain, LONGEST_LABEL))}`;
}

/** What the cells of a column have in common, as text; made once, since there are as many cells as there are pairs. */
interface ColumnText {
  readonly start: string;
  readonly key: string;
}

function columnTexts({ tokens }: Drawing, { left, cell }: Layout): ColumnText[] {
  return tokens.map(({ plain }, j) => ({ start: `<rect class="cell" x="${left + j * cell.width}"`, key: `${escaped(plain)}: ` }));
}

function row(
  { sizes: { m, n }, weights, masked, queries, part }: Drawing,
  head: number,
  i: number,
  layout: Layout,
  columns: readonly ColumnText[],
): string {
  const { left, top, cell } = layout;
  const { width, height } = cell;
  // In the panel's own pixels, so that the hatching goes on from cell to cell.
  const y = top + i * height;
  const place = ` y="${y}" width="${width}" height="${height}" fill="`;
  const query = `"><title>${escaped(queries[i]?.plain ?? '')} &#8594; `;
  const numbered = width >= NUMBER.width && height >= NUMBER.height;
  let cells = '';
  let numbers = '';
  for (let j = 0; j < n; j++) {
    const { start = '', key = '' } = columns[j] ?? {};
    if (masked(head, i, j)) {
      cells += `${start}${place}url(#masked)${query}${key}masked</title></rect>`;
      continue;
    }
    const weight = weights[(head * m + i) * n + j] ?? 0;
    const { fill, ink } = shadeOf(part(weight));
    cells += `${start}${place}${fill}${query}${key}${printed(weight)}</title></rect>`;
    if (numbered)
      numbers += `<text class="number ${ink}" x="${left + (j + 0.5) * width}" y="${y + height / 2 + 4}" text-anchor="middle">${short(weight)}</text>`;
  }
  return cells + numbers;
}

/** Numbers of four decimals from 0 to 1, as they were first printed. */
const PRINTED: string[] = [];

/** Four decimals, or three digits where that would leave nothing. */
function printed(weight: number): string {
  if (weight < 1e-3) return String(Number(weight.toPrecision(3)));
  const tenThousandths = Math.round(weight * 1e4);
  PRINTED[tenThousandths] ??= String(tenThousandths / 1e4);
  return PRINTED[tenThousandths];
}

/** Two decimals; 0 and 1 alone where they are exact. */
function short(weight: number): string {
  return weight === 0 || weight === 1 ? String(weight) : weight.toFixed(2);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');
}
