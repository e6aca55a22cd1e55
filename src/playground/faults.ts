import { el } from './element.ts';
import type { Fault } from './service.ts';
import { labelOf, type State } from './state.ts';

/** Marks what is wrong where it stands, and lists it in the service's own words. */
export function showFaults(list: HTMLElement, faults: readonly Fault[], state: State): void {
  for (const marked of document.querySelectorAll('[data-fault]')) {
    marked.removeAttribute('data-fault');
    marked.removeAttribute('aria-invalid');
    marked.removeAttribute('aria-describedby');
  }
  list.hidden = faults.length === 0;
  list.replaceChildren(
    ...faults.map(({ pointer, detail }, i) => {
      const id = `fault-${i}`;
      const place = placeOf(pointer);
      if (place) mark(place, detail, id);
      const link = el('a', { href: '#', role: 'button' }, whereOf(pointer, state));
      link.addEventListener('click', (event) => {
        event.preventDefault();
        reveal(place);
      });
      return el('li', { id }, place ? link : el('strong', {}, pointer || 'the request'), ` ${detail}`);
    }),
  );
}

/** The nearest thing on the page that the pointer, or what it lies in, names. A control goes before what contains it. */
function placeOf(pointer: string): HTMLElement | undefined {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const places = [...document.querySelectorAll<HTMLElement>(`[data-pointer="${CSS.escape(at)}"]`)];
    const shown = places.filter((place) => place.checkVisibility());
    const found = shown.find((place) => place.matches('input, select')) ?? shown[0];
    if (found) return found;
  }
  return undefined;
}

function mark(place: HTMLElement, detail: string, id: string): void {
  place.setAttribute('data-fault', detail);
  const control = place.matches('input, select') ? place : place.querySelector('input, select');
  control?.setAttribute('aria-invalid', 'true');
  control?.setAttribute('aria-describedby', id);
  if (control !== place) control?.setAttribute('data-fault', '');
}

function reveal(place: HTMLElement | undefined): void {
  const control = place?.matches('input, select') ? place : place?.querySelector<HTMLElement>('input, select, button');
  control?.focus();
  control?.scrollIntoView({ block: 'nearest' });
}

/** `cat, y` for /tokens/1/1, and the pointer itself for the rest. */
function whereOf(pointer: string, state: State): string {
  const [, field, row, column] = pointer.split('/');
  if (field !== 'tokens' || row === undefined) return pointer;
  const token = labelOf(state, Number(row));
  return column === undefined ? token : `${token}, ${state.dimensions[Number(column)] ?? column}`;
}
