import type { Answer } from './answer.ts';
import { curlOf, fetchOf, type Place, pythonOf } from './code.ts';
import { readPalette } from './colours.ts';
import { button, byId, el, setText } from './element.ts';
import { csvFile, jsonFile, svgFile } from './files.ts';
import { toLink } from './link.ts';
import { pytorchOf } from './pytorch.ts';
import { questionOf, type Request } from './request.ts';
import type { State } from './state.ts';

const LANGUAGES: Readonly<Record<string, (request: Request, place: Place) => string>> = {
  curl: curlOf,
  fetch: fetchOf,
  'Python requests': pythonOf,
  PyTorch: pytorchOf,
};

/** "Copy as" and the downloads. */
export class Share {
  readonly #code = byId('code', HTMLElement);
  readonly #said = byId('shared', HTMLElement);
  readonly #tabs: readonly HTMLButtonElement[];
  readonly #locked: () => boolean;
  #language = 'curl';
  #state: State | undefined;
  #answer: Answer | undefined;

  /** @param locked whether the service wants a key */
  constructor(locked: () => boolean) {
    this.#locked = locked;
    this.#tabs = Object.keys(LANGUAGES).map((name) => button(name, () => this.#choose(name)));
    byId('languages', HTMLElement).append(
      ...this.#tabs,
      button('Copy', () => this.#copy(this.#code.textContent ?? '', 'The code', this.#said), { class: 'primary' }),
    );
    const files: readonly [string, string, (answer: Answer) => string][] = [
      ['JSON', 'application/json', jsonFile],
      ['CSV', 'text/csv', csvFile],
      ['SVG', 'image/svg+xml', (answer) => svgFile(answer, readPalette())],
    ];
    const savers = files.map(([name, type, make]) => button(name, () => this.#save(`attention.${name.toLowerCase()}`, type, make)));
    byId('downloads', HTMLElement).append(...savers);
    byId('copy-link', HTMLButtonElement).addEventListener('click', () => this.#copy(this.#link(), 'The link', byId('link-said', HTMLElement)));
    this.#choose(this.#language);
  }

  show(state: State, answer: Answer | undefined): void {
    this.#state = state;
    this.#answer = answer;
    const make = LANGUAGES[this.#language];
    if (make && byId('share', HTMLDetailsElement).open)
      setText(this.#code, make(questionOf(state), { address: new URL('attention', location.href.split('#')[0]).href, locked: this.#locked() }));
  }

  /** Of the newest state: the address itself follows at a pause. */
  #link(): string {
    return `${location.href.split('#')[0]}${this.#state ? `#${toLink(this.#state)}` : location.hash}`;
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

  #save(name: string, type: string, make: (answer: Answer) => string): void {
    if (!this.#answer) return;
    const address = URL.createObjectURL(new Blob([make(this.#answer)], { type }));
    const link = el('a', { href: address, download: name });
    link.click();
    URL.revokeObjectURL(address);
    setText(this.#said, `${name} is saved.`);
  }
}
