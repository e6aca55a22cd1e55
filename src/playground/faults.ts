import { el, setText } from './element.ts';
import { whereOf, wordsOf } from './fault-words.ts';
import type { Fault } from './service.ts';
import type { State } from './state.ts';

/** Marks what is wrong where it stands, and lists it, in the page's words, where it is always in sight. */
export function showFaults(notice: HTMLElement, faults: readonly Fault[], state: State): void {
  for (const marked of document.querySelectorAll('[data-fault]')) {
    marked.removeAttribute('data-fault');
    marked.removeAttribute('aria-invalid');
    marked.removeAttribute('aria-describedby');
  }
  const list = notice.querySelector('ul');
  list?.replaceChildren(
    ...faults.map(({ pointer, detail }, i) => {
      const id = `fault-${i}`;
      const place = placeOf(pointer);
      if (place) mark(place, detail, id);
      const link = el('a', { href: '#', role: 'button' }, whereOf(pointer, state));
      link.addEventListener('click', (event) => {
        event.preventDefault();
        reveal(place);
      });
      const item = el('li', { id }, place ? link : el('strong', {}, whereOf(pointer, state)), ' ', el('span', {}));
      setText(item.lastElementChild ?? item, wordsOf(detail));
      return item;
    }),
  );
  notice.hidden = faults.length === 0;
}

/** The nearest thing on the page that the pointer, or what it lies in, names. A control goes before what contains it. */
function placeOf(pointer: string): HTMLElement | undefined {
  for (let at = placed(pointer); at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const places = [...document.querySelectorAll<HTMLElement>(`[data-pointer="${CSS.escape(at)}"]`)];
    const shown = places.filter((place) => place.checkVisibility());
    const found = shown.find((place) => place.matches('input, select')) ?? shown[0];
    if (found) return found;
  }
  return undefined;
}

/** A vector is one row here. */
function placed(pointer: string): string {
  return pointer.replace(/^\/(b_\w+)\/(\d+)$/, '/$1/0/$2');
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
  control?.scrollIntoView({ block: 'center' });
}
