import { el } from './element.ts';
import { isNumber } from './paste.ts';

const STEPS = 200;

/** A slider for whichever number is entered: it stands below it, and moves that number as if it were typed. */
export function offerSlider(): void {
  const slider = el('input', { type: 'range', min: 0, max: STEPS, step: 1 });
  const row = el('div', { class: 'slider' }, slider);
  let field: HTMLInputElement | undefined;
  let [low, high] = [-1, 1];
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof HTMLInputElement) || !target.matches('input.number, .fields input') || !isNumber(target.value)) return;
    const value = Number(target.value);
    field = target;
    const reach = Math.max(1, 2 * Math.abs(value));
    [low, high] = [-reach, reach];
    slider.value = `${((value - low) / (high - low)) * STEPS}`;
    slider.setAttribute('aria-label', `Slide ${target.getAttribute('aria-label')}`);
    target.closest('.grid, .switch')?.append(row);
  });
  slider.addEventListener('input', () => {
    if (!field?.isConnected) return;
    const step = (high - low) / STEPS;
    field.value = `${Number((low + Number(slider.value) * step).toPrecision(3))}`;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  });
}
