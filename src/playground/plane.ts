import { dot } from './answer.ts';
import { type Arrow, DrawnArrow } from './arrow.ts';
import { el, fillWith, setAttribute, setText, svg } from './element.ts';
import { type Axis, dimensionAxis, principalAxes, roundStep } from './plane-axes.ts';
import { placeLabels } from './plane-labels.ts';
import { brief } from './printed.ts';

/** The drawing, in its own units, and what is left free around the arrows for their names. */
const WIDE = 320;
const HIGH = 240;
const SIDES = 84;
const ENDS = 48;
/** How wide a digit beside an axis is. */
const TICK_LETTER = 6;
/** Of more dimensions two say little, and the principal directions are drawn first. */
const MOST_OWN = 3;

type Point = readonly [number, number];

/** Where the drawing's middle is among the coordinates, and how large one of them is drawn. */
interface Frame {
  readonly middle: Point;
  readonly scale: number;
}

/** Everything that is drawn and 0, as large as it fits. */
function frameOf(points: readonly Point[]): Frame {
  const span = (i: 0 | 1): Point => [Math.min(0, ...points.map((point) => point[i])), Math.max(0, ...points.map((point) => point[i]))];
  const [[left, right], [low, high]] = [span(0), span(1)];
  const scale = Math.min((WIDE - SIDES) / (right - left || 1e-9), (HIGH - ENDS) / (high - low || 1e-9));
  return { middle: [(left + right) / 2, (low + high) / 2], scale: Number.isFinite(scale) ? Math.min(scale, 1e6) : 1 };
}

/** Arrows from 0 in two dimensions; the tips of some can be dragged, or moved by the arrow keys. */
export class Plane {
  readonly element: HTMLElement;
  readonly #axes: readonly [HTMLSelectElement, HTMLSelectElement];
  readonly #ground = new Ground();
  readonly #drawn = svg('g', {});
  readonly #shownArrows: DrawnArrow[] = [];
  readonly #handles = svg('g', {});
  readonly #tips = new Map<string, SVGElement>();
  readonly #picture: SVGElement;
  readonly #mixed = el('p', { class: 'hint' }, 'Principal directions mix all dimensions, so that the arrows reach farthest.');
  #arrows: readonly Arrow[] = [];
  #shape = '';
  #frame: Frame = { middle: [0, 0], scale: 1 };
  /** While a tip is dragged the axes stand still, and so does what is around. */
  #held: readonly [Axis, Axis] | undefined;
  #width = 1;
  #principal: readonly [Axis, Axis] | undefined;

  constructor(title: string) {
    const choice = (label: string) => el('select', { 'aria-label': `${title}: ${label}` });
    this.#axes = [choice('dimension across'), choice('dimension upwards')];
    for (const select of this.#axes) select.addEventListener('change', () => this.#draw());
    this.#picture = svg(
      'svg',
      { viewBox: `0 0 ${WIDE} ${HIGH}`, role: 'group', 'aria-label': title },
      this.#ground.element,
      this.#drawn,
      this.#handles,
    );
    this.element = el(
      'figure',
      { class: 'plane' },
      el('figcaption', {}, title, el('span', { class: 'fields' }, el('span', {}, '→ ', this.#axes[0]), el('span', {}, '↑ ', this.#axes[1]))),
      this.#picture,
      this.#mixed,
    );
  }

  /** @param names of the dimensions of the arrows */
  show(arrows: readonly Arrow[], names: readonly string[]): void {
    this.#arrows = arrows;
    this.#width = names.length;
    const shape = names.join('|');
    if (shape !== this.#shape) this.#offer(names);
    this.#shape = shape;
    this.#draw();
  }

  #offer(names: readonly string[]): void {
    for (const [i, select] of this.#axes.entries()) {
      const principal = el('option', { value: 'principal' }, i === 0 ? 'first principal' : 'second principal');
      select.replaceChildren(...names.map((name, c) => el('option', { value: c }, name)), principal);
      select.value = names.length > MOST_OWN ? 'principal' : `${Math.min(i, names.length - 1)}`;
    }
  }

  #axesNow(): readonly [Axis, Axis] {
    if (this.#held) return this.#held;
    const chosen = this.#axes.map(({ value }) => value);
    const principal = chosen.includes('principal')
      ? principalAxes(
          this.#arrows.map(({ to }) => to),
          this.#principal,
        )
      : undefined;
    this.#principal = principal;
    const axis = (i: 0 | 1): Axis => {
      if (chosen[i] === 'principal') return principal?.[i] ?? [];
      // The same dimension twice is drawn on a line.
      return i === 1 && chosen[0] === chosen[1] ? dimensionAxis(this.#width, this.#width) : dimensionAxis(this.#width, Number(chosen[i]));
    };
    return [axis(0), axis(1)];
  }

  #draw(): void {
    const axes = this.#axesNow();
    const at = (vector: readonly number[]): Point => [dot(vector, axes[0]), dot(vector, axes[1])];
    if (!this.#held) this.#frame = frameOf(this.#arrows.flatMap(({ from, to }) => (from ? [at(from), at(to)] : [at(to)])));
    const { middle, scale } = this.#frame;
    const toDrawing = ([x, y]: Point): Point => [WIDE / 2 + (x - middle[0]) * scale, HIGH / 2 - (y - middle[1]) * scale];
    const place = (vector: readonly number[]) => toDrawing(at(vector));
    const labels = placeLabels(
      this.#arrows.map(({ label, to, kind, share }) => ({ label, at: place(to), weight: kind === 'strong' ? 2 : share })),
      WIDE,
      HIGH,
    );
    this.#ground.show(toDrawing, this.#step());
    const origin = toDrawing([0, 0]);
    fillWith(this.#drawn, this.#shownArrows, this.#arrows.length, () => new DrawnArrow());
    for (const [i, arrow] of this.#arrows.entries())
      this.#shownArrows[i]?.show(arrow, arrow.from ? place(arrow.from) : origin, place(arrow.to), labels[i]);
    this.#mixed.hidden = this.#axes.every(({ value }) => value !== 'principal');
    this.#placeTips(place, at);
  }

  /** A round step of the coordinates, a few of which fit into the drawing. */
  #step(): number {
    return roundStep((HIGH - ENDS) / this.#frame.scale / 2);
  }

  #placeTips(place: (vector: readonly number[]) => Point, at: (vector: readonly number[]) => Point): void {
    const movable = this.#arrows.filter(({ move }) => move !== undefined);
    const names = new Set(movable.map(({ name }) => name));
    for (const [name, tip] of this.#tips) {
      if (names.has(name)) continue;
      tip.remove();
      this.#tips.delete(name);
    }
    for (const { name, to } of movable) {
      const tip = this.#tips.get(name) ?? this.#addTip(name);
      const [x, y] = place(to);
      const [across, up] = at(to);
      setAttribute(tip, 'transform', `translate(${x} ${y})`);
      setAttribute(tip, 'aria-label', `Tip of ${name}: ${brief(across, 2)} across, ${brief(up, 2)} upwards. Arrow keys move it.`);
    }
  }

  #addTip(name: string): SVGElement {
    const tip = svg(
      'g',
      { class: 'tip', tabindex: 0, role: 'button', 'data-tip': name },
      svg('title', {}, name),
      svg('circle', { r: 13, class: 'reach' }),
      svg('circle', { r: 4.5 }),
    );
    tip.addEventListener('pointerdown', (event) => this.#grab(tip, name, event));
    tip.addEventListener('keydown', (event) => this.#push(name, event));
    this.#handles.append(tip);
    this.#tips.set(name, tip);
    return tip;
  }

  #grab(tip: SVGElement, name: string, { pointerId }: PointerEvent): void {
    tip.setPointerCapture(pointerId);
    this.#held = this.#axesNow();
    let wanted: PointerEvent | undefined;
    // One edit a frame, however often the pointer reports.
    const follow = (event: PointerEvent) => {
      if (wanted === undefined) requestAnimationFrame(() => this.#drag(name, wanted, () => (wanted = undefined)));
      wanted = event;
    };
    const end = () => {
      tip.removeEventListener('pointermove', follow);
      this.#held = undefined;
      this.#draw();
    };
    tip.addEventListener('pointermove', follow);
    tip.addEventListener('lostpointercapture', end, { once: true });
  }

  #drag(name: string, event: PointerEvent | undefined, done: () => void): void {
    done();
    const arrow = this.#arrows.find((one) => one.name === name);
    if (!event || !arrow || !this.#held) return;
    const box = this.#picture.getBoundingClientRect();
    const { middle, scale } = this.#frame;
    const unit = WIDE / box.width / scale;
    const x = middle[0] + (event.clientX - box.left - box.width / 2) * unit;
    const y = middle[1] - (event.clientY - box.top - box.height / 2) * unit;
    const [axisX, axisY] = this.#held;
    const [sinceX, sinceY] = arrow.move?.since(this.#held) ?? [0, 0];
    this.#move(arrow, [x - dot(arrow.to, axisX) - sinceX, y - dot(arrow.to, axisY) - sinceY]);
  }

  #push(name: string, event: KeyboardEvent): void {
    const step = ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] } as const)[event.key];
    const arrow = this.#arrows.find((one) => one.name === name);
    if (!step || !arrow) return;
    event.preventDefault();
    const far = this.#step() / (event.shiftKey ? 100 : 10);
    this.#move(arrow, [step[0] * far, step[1] * far]);
  }

  #move({ move }: Arrow, by: readonly [number, number]): void {
    move?.by(this.#axesNow(), by, Math.max(0, 2 - Math.floor(Math.log10(this.#step()))));
  }
}

/** The axes of a plane, and where a round step of each ends. */
class Ground {
  readonly #across = svg('line', { x1: 0, x2: WIDE, class: 'axis-line' });
  readonly #up = svg('line', { y1: 0, y2: HIGH, class: 'axis-line' });
  readonly #stepAcross = svg('line', { class: 'axis-line' });
  readonly #stepUp = svg('line', { class: 'axis-line' });
  readonly #wordsAcross = svg('text', { class: 'tick' });
  readonly #wordsUp = svg('text', { class: 'tick' });
  readonly element = svg('g', {}, this.#across, this.#up, this.#stepAcross, this.#stepUp, this.#wordsAcross, this.#wordsUp);

  show(toDrawing: (point: Point) => Point, step: number): void {
    const [x, y] = toDrawing([0, 0]);
    const [stepX, stepY] = toDrawing([step, step]);
    place(this.#across, { y1: y, y2: y });
    place(this.#up, { x1: x, x2: x });
    place(this.#stepAcross, { x1: stepX, y1: y - 3, x2: stepX, y2: y + 3 });
    place(this.#stepUp, { x1: x - 3, y1: stepY, x2: x + 3, y2: stepY });
    const words = brief(step);
    for (const [tick, left, base] of [
      [this.#wordsAcross, stepX - 6, y + 13],
      [this.#wordsUp, x + 5, stepY + 3],
    ] as const) {
      setText(tick, words);
      place(tick, { x: left, y: base });
      // Near the right edge a number ends where it would begin elsewhere, so that the drawing does not cut it off.
      setAttribute(tick, 'text-anchor', left + TICK_LETTER * words.length > WIDE ? 'end' : 'start');
    }
  }
}

function place(element: SVGElement, attributes: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, `${value}`);
}
