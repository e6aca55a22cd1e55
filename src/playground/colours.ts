type Rgb = readonly [red: number, green: number, blue: number];

/** The colours of the pictures, as the stylesheet has them for light and for dark. */
export interface Palette {
  readonly ground: Rgb;
  readonly positive: Rgb;
  readonly negative: Rgb;
  readonly share: Rgb;
  readonly excluded: Rgb;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): Rgb => {
    const hex = Number.parseInt(style.getPropertyValue(`--${name}`).trim().slice(1), 16);
    return [(hex >> 16) & 255, (hex >> 8) & 255, hex & 255];
  };
  return {
    ground: colour('ground'),
    positive: colour('positive'),
    negative: colour('negative'),
    share: colour('share'),
    excluded: colour('excluded'),
  };
}

/** The colour of a number between −most and most, or between 0 and most where it is a share. */
export function colourOf(palette: Palette, value: number | null, most: number, signed: boolean): Rgb {
  if (value === null) return palette.excluded;
  // A share of 2 % should be seen; the square root lifts the small ones.
  const strength = most > 0 ? Math.min(1, Math.abs(value) / most) : 0;
  const pole = signed ? (value < 0 ? palette.negative : palette.positive) : palette.share;
  return mixed(palette.ground, pole, signed ? strength : Math.sqrt(strength));
}

function mixed(from: Rgb, to: Rgb, share: number): Rgb {
  const channel = (i: 0 | 1 | 2) => Math.round(from[i] + (to[i] - from[i]) * share);
  return [channel(0), channel(1), channel(2)];
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** Black or white, whichever can be read on the colour (WCAG 2, relative luminance). */
export function inkOn([red, green, blue]: Rgb): string {
  const light = (channel: number) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
  return luminance > 0.179 ? '#000' : '#fff';
}
