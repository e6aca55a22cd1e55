import { setAttribute, setText, svg } from './element.ts';
import { type Axis, headOfArrow } from './plane-axes.ts';
import type { Placed } from './plane-labels.ts';
import type { TokenColour } from './token-colours.ts';

/** An arrow of a plane, in the space of its vectors. */
export interface Arrow {
  /** What it is, unique in its plane: `key cat`. */
  readonly name: string;
  /** What stands at its tip. */
  readonly label: string;
  readonly from?: readonly number[];
  readonly to: readonly number[];
  readonly colour: TokenColour | 'ink';
  /** From 0 to 1: how thick it is drawn. */
  readonly share: number;
  readonly kind: 'plain' | 'strong' | 'faint';
  /** undefined where its tip can't be moved. */
  readonly move?: Move | undefined;
}

/** What moves the tip of an arrow. */
interface Move {
  /** By so much along two axes, from where its newest numbers have it. `decimals` are as fine as the plane shows. */
  readonly by: (axes: readonly [Axis, Axis], by: Point, decimals: number) => void;
  /** How far it has come since it was drawn: the newest numbers may be on their way to the picture. */
  readonly since: (axes: readonly [Axis, Axis]) => Point;
}

type Point = readonly [number, number];

/** An arrow as it is drawn. It is kept from one picture to the next: while a tip is dragged, many are drawn a second. */
export class DrawnArrow {
  readonly #title = svg('title', {});
  readonly #line = svg('line', {});
  readonly #head = svg('polygon', {});
  readonly #label = svg('text', {});
  readonly element = svg('g', {}, this.#title, this.#line, this.#head, this.#label);

  /** @param start of the arrow in the drawing @param named where its label stands; undefined where it has none */
  show({ name, label, colour, share, kind }: Arrow, start: Point, end: Point, named: Placed | undefined): void {
    const width = kind === 'strong' ? 3.5 : kind === 'faint' ? 1 : 1 + 5 * share;
    setAttribute(this.element, 'class', `arrow ${kind} t${colour}`);
    setText(this.#title, name);
    for (const [attribute, value] of [
      ['x1', start[0]],
      ['y1', start[1]],
      ['x2', end[0]],
      ['y2', end[1]],
      ['stroke-width', width],
    ] as const)
      setAttribute(this.#line, attribute, `${value}`);
    setAttribute(this.#head, 'points', headOfArrow(start, end, 8 + width));
    setText(this.#label, named ? label : '');
    if (!named) return;
    setAttribute(this.#label, 'x', `${named.x}`);
    setAttribute(this.#label, 'y', `${named.y}`);
    setAttribute(this.#label, 'text-anchor', named.anchor);
  }
}
