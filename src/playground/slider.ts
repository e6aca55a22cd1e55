import { el } from './element.ts';
import { isNumber } from './paste.ts';

const STEPS = 200;
/** A slider of whole numbers reaches at least so far. */
const FEWEST_WHOLE = 8;

/**
 * A slider for whichever number is entered: it stands below it, and moves that number as if it were typed. `data-least` makes it one of whole
 * numbers from there on; `data-number` is the number that a field stands for which holds none.
 */
export function offerSlider(): void {
  const slider = el('input', { type: 'range', min: 0, step: 1 });
  const row = el('div', { class: 'slider' }, slider);
  let field: HTMLInputElement | undefined;
  let [low, high] = [-1, 1];
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof HTMLInputElement) || !target.matches('input.number, .fields input')) return;
    const { number = target.value, least } = target.dataset;
    if (!isNumber(number)) return;
    const value = Number(number);
    field = target;
    const reach = Math.max(1, 2 * Math.abs(value));
    [low, high] = least === undefined ? [-reach, reach] : [Number(least), Math.max(FEWEST_WHOLE, 2 * value)];
    slider.max = `${least === undefined ? STEPS : high - low}`;
    slider.value = `${((value - low) / (high - low)) * Number(slider.max)}`;
    slider.setAttribute('aria-label', `Slide ${target.getAttribute('aria-label')}`);
    target.closest('.grid, .switch')?.append(row);
  });
  slider.addEventListener('input', () => {
    if (!field?.isConnected) return;
    const step = (high - low) / Number(slider.max);
    field.value = `${Number((low + Number(slider.value) * step).toPrecision(3))}`;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  });
}
