import { el } from './element.ts';
import { type Field, OPTIONS, type Option } from './options.ts';
import type { Edit } from './scene.ts';
import type { State } from './state.ts';

/** Texts of so many characters are shown whole, and no field is narrower than for so few. */
const LONGEST_FIELD = 16;
const SHORTEST_FIELD = 4;

/** The panel of switches; `edit` gets each change and the words for it. */
export class Switches {
  readonly #shown: ((state: State) => void)[] = [];

  constructor(root: HTMLElement, edit: Edit) {
    for (const [title, options] of OPTIONS)
      root.append(el('fieldset', {}, el('legend', {}, title), ...options.map((option) => this.#row(option, edit))));
  }

  show(state: State): void {
    for (const show of this.#shown) show(state);
  }

  #row(option: Option, edit: Edit): HTMLElement {
    const box = el('input', { type: 'checkbox', role: 'switch' });
    box.addEventListener('change', () => edit((state) => option.turn(state, box.checked), `${option.label} turned ${box.checked ? 'on' : 'off'}`));
    const words = el('span', {}, option.label, el('small', {}, option.hint));
    const fields = (option.fields ?? []).map((field) => this.#field(field, option.label, edit));
    const row = el(
      'div',
      { class: 'switch', 'data-pointer': option.pointer },
      el('label', {}, box, words),
      el('span', { class: 'fields' }, ...fields),
    );
    this.#shown.push((state) => {
      box.checked = option.isOn(state);
      row.classList.toggle('on', box.checked);
    });
    return row;
  }

  #field(field: Field, label: string, edit: Edit): HTMLElement {
    const { choices } = field;
    const attributes = { 'aria-label': `${label}: ${field.label}`, 'data-pointer': field.pointer };
    const control = choices
      ? el('select', attributes, ...choices.map(([value, words]) => el('option', { value }, words)))
      : el('input', {
          ...attributes,
          autocomplete: 'off',
          spellcheck: 'false',
          title: field.label,
          placeholder: field.placeholder,
          'data-least': field.least,
        });
    control.addEventListener('input', () => edit((state) => field.set(state, control.value), `${label} set`, field.pointer));
    this.#shown.push((state) => {
      control.hidden = field.isMeant?.(state) === false;
      if (control.value !== field.get(state)) control.value = field.get(state);
      const number = field.standsFor?.(state);
      if (number === undefined) delete control.dataset['number'];
      else control.dataset['number'] = `${number}`;
      control.style.setProperty('--characters', `${Math.max(SHORTEST_FIELD, Math.min(control.value.length, LONGEST_FIELD))}`);
    });
    return control;
  }
}
