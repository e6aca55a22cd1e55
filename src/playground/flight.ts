import { el } from './element.ts';

const FLIGHT_MS = 800;
/** From one number to the next, and from the first to the last at most. */
const APART_MS = 60;
const LAST_MS = 900;

/** A cell with its number, and the place from which that comes. */
export interface Flight {
  readonly to: HTMLElement;
  readonly from: DOMRect;
}

/** Numbers fly to their cells, one after another. Where motion is not wanted they are there at once. */
export function fly(flights: readonly Flight[]): void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  for (const [i, { to, from }] of flights.entries()) {
    const timing = { duration: FLIGHT_MS, delay: Math.min(i * APART_MS, LAST_MS), easing: 'ease-in-out', fill: 'backwards' } as const;
    const { left, top, width, height } = to.getBoundingClientRect();
    // A copy flies, since what scrolls would cut the cell itself off.
    const flying = el('span', { class: 'flying', 'aria-hidden': 'true' }, to.firstChild?.textContent ?? '');
    const { backgroundColor, color } = to.style;
    const px = (length: number) => `${length}px`;
    Object.assign(flying.style, { left: px(left + scrollX), top: px(top + scrollY), width: px(width), height: px(height), backgroundColor, color });
    document.body.append(flying);
    const [across, down] = [from.left + from.width / 2 - left - width / 2, from.top + from.height / 2 - top - height / 2];
    const flight = flying.animate(
      [
        { transform: `translate(${px(across)}, ${px(down)})`, opacity: 0.3 },
        { transform: 'none', opacity: 1 },
      ],
      timing,
    );
    for (const end of ['finish', 'cancel']) flight.addEventListener(end, () => flying.remove());
    to.animate([{ opacity: 0 }, { opacity: 0 }], timing);
  }
}
