/** A name that wants to stand beside a point of a drawing. */
export interface Wanted {
  readonly at: readonly [x: number, y: number];
  readonly label: string;
  /** Names of more weight choose their place first. */
  readonly weight: number;
}

/** Where a name stands: its baseline begins or ends at (x, y). */
export interface Placed {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'end';
}

/** A letter of the drawing's font is about so wide, and a line so high, in its units. */
const LETTER = 6.3;
const LINE = 12;
/** From a tip to the baselines that its name may have, the nearest first. */
const BASELINES = [-7, 16, -20, 29];
const ASIDE = 7;
const TIP = 5;

/**
 * A place for each name where it covers no other and no tip, and is within the drawing, towards its middle first; undefined where there is no room left.
 * @param wide of the drawing
 * @param high of the drawing
 */
export function placeLabels(wanted: readonly Wanted[], wide: number, high: number): readonly (Placed | undefined)[] {
  // No name stands on a tip.
  const boxes: Box[] = wanted.map(({ at: [x, y] }) => ({ left: x - TIP, right: x + TIP, top: y - TIP, bottom: y + TIP }));
  const placed: (Placed | undefined)[] = wanted.map(() => undefined);
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[b]?.weight ?? 0) - (wanted[a]?.weight ?? 0));
  for (const i of order) {
    const one = wanted[i];
    if (!one || one.label === '') continue;
    const found = placesFor(one, wide).find((place) => {
      const box = boxOf(place, one.label);
      return box.left >= 0 && box.right <= wide && box.top >= 0 && box.bottom <= high && !boxes.some((other) => overlaps(box, other));
    });
    if (!found) continue;
    placed[i] = found;
    boxes.push(boxOf(found, one.label));
  }
  return placed;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function placesFor({ at: [x, y] }: Wanted, wide: number): Placed[] {
  const toRight: Placed = { x: x + ASIDE, y, anchor: 'start' };
  const toLeft: Placed = { x: x - ASIDE, y, anchor: 'end' };
  const sides = x < wide / 2 ? [toRight, toLeft] : [toLeft, toRight];
  return sides.flatMap((side) => BASELINES.map((down) => ({ ...side, y: y + down })));
}

function boxOf({ x, y, anchor }: Placed, label: string): Box {
  const width = LETTER * label.length;
  const left = anchor === 'start' ? x : x - width;
  return { left, right: left + width, top: y - LINE + 2, bottom: y + 2 };
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
