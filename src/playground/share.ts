import type { Answer } from './answer.ts';
import { curlOf, fetchOf, frameOf, type Place, pythonOf } from './code.ts';
import { button, byId, el, setText } from './element.ts';
import { csvFile, jsonFile, pngOf } from './files.ts';
import { toLink } from './link.ts';
import { pytorchOf } from './pytorch.ts';
import { questionOf, type Request } from './request.ts';
import type { State } from './state.ts';

const LANGUAGES: Readonly<Record<string, (request: Request, place: Place) => string>> = {
  curl: curlOf,
  fetch: fetchOf,
  'Python requests': pythonOf,
  PyTorch: pytorchOf,
  'Frame (iframe)': frameOf,
};

/** How the service answers a state in another form. */
type Draw = (state: State, type: 'text/markdown' | 'image/svg+xml') => Promise<string>;

const FILES: readonly (readonly [
  name: string,
  ending: string,
  type: string,
  make: (answer: Answer, draw: Draw) => string | Promise<string | Blob>,
])[] = [
  ['JSON', 'json', 'application/json', jsonFile],
  ['CSV', 'csv', 'text/csv', csvFile],
  ['SVG', 'svg', 'image/svg+xml', ({ state }, draw) => draw(state, 'image/svg+xml')],
  ['PNG', 'png', 'image/png', async ({ state }, draw) => pngOf(await draw(state, 'image/svg+xml'))],
  ['Walk-through', 'md', 'text/markdown', ({ state }, draw) => draw(state, 'text/markdown')],
];

/** "Copy as" and the downloads. */
export class Share {
  readonly #code = byId('code', HTMLElement);
  readonly #said = byId('shared', HTMLElement);
  readonly #tabs: readonly HTMLButtonElement[];
  readonly #service: { readonly draw: Draw; readonly isLocked: () => boolean };
  #language = 'curl';
  #state: State | undefined;
  #answer: Answer | undefined;

  /** @param service `isLocked`: whether it wants a key */
  constructor(service: { readonly draw: Draw; readonly isLocked: () => boolean }) {
    this.#service = service;
    this.#tabs = Object.keys(LANGUAGES).map((name) => button(name, () => this.#choose(name)));
    byId('languages', HTMLElement).append(
      ...this.#tabs,
      button('Copy', () => this.#copy(this.#code.textContent ?? '', 'The code', this.#said), { class: 'primary' }),
    );
    const savers = FILES.map(([name, ending, type, make]) => button(name, () => this.#save(`attention.${ending}`, type, make)));
    byId('downloads', HTMLElement).append(...savers);
    byId('copy-link', HTMLButtonElement).addEventListener(
      'click',
      () => this.#state && this.copyLink(this.#state, 'The link', byId('link-said', HTMLElement)),
    );
    this.#choose(this.#language);
  }

  show(state: State, answer: Answer | undefined): void {
    this.#state = state;
    this.#answer = answer;
    const make = LANGUAGES[this.#language];
    if (!make || !byId('share', HTMLDetailsElement).open) return;
    const address = new URL('attention', location.href.split('#')[0]).href;
    setText(this.#code, make(questionOf(state), { address, locked: this.#service.isLocked(), page: linkTo(state) }));
  }

  /** Copies the link of a state; `said` is where that is told. */
  copyLink(state: State, what: string, said: HTMLElement): void {
    void this.#copy(linkTo(state), what, said);
  }

  #choose(name: string): void {
    this.#language = name;
    for (const tab of this.#tabs) tab.setAttribute('aria-pressed', `${tab.textContent === name}`);
    if (this.#state) this.show(this.#state, this.#answer);
  }

  /** The clipboard is there on https and localhost alone; elsewhere the text is selected, to be copied by hand. `said` is beside the button. */
  async #copy(text: string, what: string, said: HTMLElement): Promise<void> {
    // Emptied first, so that the same words are announced again.
    setText(said, '');
    try {
      await navigator.clipboard.writeText(text);
      setText(said, `${what} is copied.`);
    } catch {
      const box = el('textarea', { rows: 3, readonly: true, 'aria-label': what }, text);
      said.replaceChildren(`${what}, to copy by hand: `, box);
      box.select();
    }
  }

  async #save(name: string, type: string, make: (typeof FILES)[number][3]): Promise<void> {
    if (!this.#answer) return;
    setText(this.#said, '');
    try {
      const content = await make(this.#answer, this.#service.draw);
      const address = URL.createObjectURL(new Blob([content], { type }));
      el('a', { href: address, download: name }).click();
      URL.revokeObjectURL(address);
      setText(this.#said, `${name} is saved.`);
    } catch (error) {
      setText(this.#said, `${name} can’t be saved: ${(error as Error).message}.`);
    }
  }
}

/** The address of a state; that of the page itself follows at a pause. */
function linkTo(state: State): string {
  return `${location.href.split('#')[0]}#${toLink(state)}`;
}
