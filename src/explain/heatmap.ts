import { type ScalePower, scalePow } from 'd3-scale';
import type { Kernel } from '../engine/kernels/kernel.ts';
import { attends } from '../engine/mask.ts';
import { attendTokens, type TokenAttention, tokenSizes } from '../engine/token-attention.ts';
import type { TokenSizes } from '../engine/token-outputs.ts';
import { namesOf } from './labels.ts';
import { everyShade, STYLE } from './palette.ts';
import { CHARACTER, type Drawing, escaped, GAP, heightOf, layoutOf, MARGIN, panel } from './panel.ts';
import { Recording } from './recording.ts';

/** A panel of the heatmap can have at most so many cells a side. */
export const MOST_DRAWN = { rows: 256, keys: 256 } as const;
/** And all panels together so many cells and labels: 16 of the largest. A picture of more opens in no browser. */
export const MOST_MARKS = 1_100_000;

/** Cells and labels of a picture, and what else each panel has. */
export function marksOf({ h, m, n }: TokenSizes): number {
  return h * (m * n + m + n + 16);
}

const HEADER = 32;
const LINE = 18;
const LEGEND = { width: 256, height: 12, room: 56 };
const NARROWEST = 480;
const TICKS = 5;
/** With more keys than this one great weight would leave the others without colour: colours go by the square root. */
const MANY_KEYS = 32;

/**
 * The weights as a picture: one panel a head, a row for each query and a column for each key. `include` plays no part.
 * @throws ZeroVectors, ArithmeticOverflow
 */
export function drawWeights(attention: TokenAttention, labels: readonly string[] | undefined, kernel: Kernel, checkpoint?: () => void): string {
  const recording = new Recording();
  const result = attendTokens({ ...attention, include: new Set(['weights']) }, kernel, checkpoint, recording);
  const { call } = recording;
  const sizes = tokenSizes(attention);
  const weights = result.tensors.get('weights')?.data ?? new Float32Array();
  const excludes = attention.mask !== undefined || attention.causal || attention.window.left !== undefined || attention.window.right !== undefined;
  const range = rangeOf(weights, sizes.n);
  return heatmap({
    sizes,
    weights,
    masked: excludes ? (h, i, j) => !attends(call, 0, h, i, j) : () => false,
    ...namesOf(sizes.n, attention.queries, labels),
    range,
    part: range,
    sink: call.sink !== undefined,
    empty: result.fullyMasked.length > 0,
  });
}

/** From 0 to 1, for weights from 0 to the greatest, rounded up to a number that reads well. */
function rangeOf(weights: ArrayLike<number>, keys: number): ScalePower<number, number> {
  let greatest = 0;
  for (let k = 0; k < weights.length; k++) greatest = Math.max(greatest, weights[k] ?? 0);
  const [, top = 1] = scalePow([0, greatest || 1], [0, 1])
    .nice(TICKS)
    .domain();
  return scalePow([0, Math.min(1, top)], [0, 1]).exponent(keys > MANY_KEYS ? 0.5 : 1);
}

interface Picture extends Drawing {
  readonly range: ScalePower<number, number>;
  readonly sink: boolean;
  /** There is a row with nothing to attend to. */
  readonly empty: boolean;
}

function heatmap(drawing: Picture): string {
  const { h, m, n } = drawing.sizes;
  const layout = layoutOf(drawing);
  const { columns } = layout;
  const width = Math.max(NARROWEST, 2 * MARGIN + columns * (layout.width + GAP) - GAP);
  const subtitle = brokenLines(rowWords(drawing), (width - 2 * MARGIN) / CHARACTER);
  const body = MARGIN + HEADER + subtitle.length * LINE;
  const legendY = body + heightOf(layout, h);
  const height = legendY + LEGEND.room;
  const panels = Array.from({ length: h }, (_, head) => head).flatMap((head) => {
    const x = MARGIN + (head % columns) * (layout.width + GAP);
    return [`<g transform="translate(${x},${body + Math.floor(head / columns) * (layout.height + GAP)})">`, ...panel(drawing, head, layout), '</g>'];
  });
  const words = `${h > 1 ? `${h} heads, each ` : ''}${m} ${m === 1 ? 'query' : 'queries'} × ${n} ${n === 1 ? 'key' : 'keys'}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">Attention weights</title><desc id="description">Heatmap: ${words}. ${escaped(summary(drawing))}</desc><style>${STYLE}</style>`,
    '<defs><pattern id="masked" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="6" height="6" fill="#f1f1f1"/><path class="line" d="M0 0V6" stroke="#8a8a8a" stroke-width="2"/></pattern></defs>',
    `<rect class="page" width="${width}" height="${height}" fill="#fff"/>`,
    `<text class="title" x="${MARGIN}" y="${MARGIN + 14}">Attention weights</text>`,
    ...subtitle.map((line, k) => `<text class="quiet" x="${MARGIN}" y="${MARGIN + 34 + k * LINE}">${escaped(line)}</text>`),
    ...panels,
    legend(drawing, legendY, excludesAny(drawing)),
    '</svg>\n',
  ].join('');
}

/** What a row of the picture is. */
function rowWords({ sink, empty }: Picture): string {
  if (sink) return "A row: the weights of one query; what they lack to 1 is the sink's.";
  return `A row: the weights of one query; they add up to 1${empty ? ', or all keys are masked' : ''}.`;
}

/** Words in lines of at most so many characters. */
function brokenLines(words: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of words.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** For those who can't see the picture: which keys the first queries attend to most. */
function summary({ sizes: { h, m, n }, weights, tokens, queries }: Drawing): string {
  const most = (r: number) => {
    let best = r * n;
    for (let k = best; k < (r + 1) * n; k++) if ((weights[k] ?? 0) > (weights[best] ?? 0)) best = k;
    return weights[best] === 0 ? 'nothing' : `${tokens[best - r * n]?.plain} (${(weights[best] ?? 0).toFixed(2)})`;
  };
  const sentences = Array.from({ length: Math.min(m, 8) }, (_, i) => `${queries[i]?.plain} attends most to ${most(i)}`);
  return `${h > 1 ? 'In head 0 ' : ''}${sentences.join(', ')}${m > 8 ? ', and so on' : ''}.`;
}

function excludesAny({ sizes: { h, m, n }, masked }: Drawing): boolean {
  for (let head = 0; head < h; head++) for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) if (masked(head, i, j)) return true;
  return false;
}

/** What the colours mean: a bar from 0 to the end of the range with ticks, and the hatching. */
function legend({ range }: Picture, y: number, withMasked: boolean): string {
  const width = LEGEND.width / everyShade.length;
  const bar = everyShade.map(({ fill }, s) => `<rect x="${s * width}" width="${width}" height="${LEGEND.height}" fill="${fill}"/>`);
  const print = range.tickFormat(TICKS);
  const ticks = apart(range.ticks(TICKS), range, print).map((tick) => {
    const x = LEGEND.width * range(tick);
    return `<path class="frame" d="M${x} ${LEGEND.height}v4" fill="none" stroke="#59636e"/><text x="${x}" y="${LEGEND.height + 17}" text-anchor="middle">${print(tick)}</text>`;
  });
  const masked = withMasked
    ? `<rect x="${LEGEND.width + 40}" width="20" height="${LEGEND.height}" fill="url(#masked)"/><text x="${LEGEND.width + 66}" y="11">masked</text>`
    : '';
  return `<g transform="translate(${MARGIN + 50},${y})"><text class="quiet" x="-12" y="10" text-anchor="end">weight</text>${bar.join('')}<rect class="frame" width="${LEGEND.width}" height="${LEGEND.height}" fill="none" stroke="#59636e"/>${ticks.join('')}${masked}</g>`;
}

/** Of the ticks those whose numbers stand apart, the ends of the range first: by the square root, ticks crowd at its end. */
function apart(ticks: readonly number[], range: ScalePower<number, number>, print: (tick: number) => string): number[] {
  const room = (tick: number) => CHARACTER * (print(tick).length + 1);
  const fits = (a: number, b: number) => LEGEND.width * Math.abs(range(a) - range(b)) >= Math.max(room(a), room(b));
  const kept: number[] = [];
  for (const tick of [...ticks.slice(0, 1), ...ticks.slice(-1), ...ticks.slice(1, -1)]) if (kept.every((other) => fits(tick, other))) kept.push(tick);
  return kept.toSorted((a, b) => a - b);
}
