import { createHash } from 'node:crypto';
import { interpolateYlGnBu } from 'd3-scale-chromatic';

/** So many shades from the least weight to the greatest: more than an eye can tell apart in one picture. */
const SHADES = 64;

/** A shade of the picture: its colour on a light page, and the ink that can be read on it, in light and in dark. */
export interface Shade {
  readonly fill: string;
  readonly ink: string;
}

/**
 * ColorBrewer's yellow-green-blue: its lightness falls from end to end, so that it reads the same to colour-blind eyes and
 * in grey. On a dark page the order is turned round: little weight is always close to the page.
 */
const colours = Array.from({ length: SHADES }, (_, s) => hexadecimal(interpolateYlGnBu(s / (SHADES - 1))));

const shades: readonly Shade[] = colours.map((fill, s) => {
  const onDarkPage = colours[SHADES - 1 - s] ?? fill;
  return { fill, ink: `${needsDarkInk(fill) ? 'd' : 'l'}${needsDarkInk(onDarkPage) ? 'd' : 'l'}` };
});

/** The shade of a part of the whole, from 0 to 1. */
export function shadeOf(part: number): Shade {
  return shades[Math.round(Math.min(1, Math.max(0, part)) * (SHADES - 1))] ?? { fill: '#000', ink: 'll' };
}

/** All shades, from the least to the greatest. */
export const everyShade = shades;

const LIGHT = [
  'svg{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}',
  '.page{fill:#fff}text{fill:#1f2328}.title{font-size:16px;font-weight:600}.head{font-weight:600}.quiet{fill:#59636e}',
  '.frame{fill:none;stroke:#59636e}.hatch{fill:#f1f1f1}.line{stroke:#8a8a8a}',
  '.dd,.dl{fill:#111}.ld,.ll{fill:#fff}.number{pointer-events:none}',
].join('');

const DARK = [
  '.page{fill:#0d1117}text{fill:#e6edf3}.quiet{fill:#9198a1}.frame{stroke:#9198a1}.hatch{fill:#22272e}.line{stroke:#7d8590}',
  '.dd,.ld{fill:#111}.dl,.ll{fill:#fff}',
  // The colour of a cell stands in its fill, which every renderer knows; one that knows themes too is told the other one.
  ...colours.map((fill, s) => `[fill="${fill}"]{fill:${colours[SHADES - 1 - s]}}`),
].join('');

/** The style of every picture, in light and dark: always the same text, so that a policy can allow it by its hash. */
export const STYLE = `${LIGHT}@media(prefers-color-scheme:dark){${DARK}}`;

/** What a Content-Security-Policy must say in style-src for the style to apply. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

function hexadecimal(rgb: string): string {
  return `#${channels(rgb)
    .map((channel) => channel.toString(16).padStart(2, '0'))
    .join('')}`;
}

/** Of `rgb(1, 2, 3)` or `#010203`. */
function channels(colour: string): number[] {
  if (colour.startsWith('#')) return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return (colour.match(/\d+/g) ?? []).map(Number);
}

/** Whether black has more contrast to it than white (WCAG 2, relative luminance). */
function needsDarkInk(colour: string): boolean {
  const [r = 0, g = 0, b = 0] = channels(colour).map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179;
}
