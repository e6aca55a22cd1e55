import { byId, el, setText } from './element.ts';
import { type Opened, readRequest } from './open.ts';
import type { State } from './state.ts';

/** Requests come in by file or by paste, anywhere on the page, and become the state. */
export function takeRequests(begin: (state: State) => void): void {
  const said = byId('link-said', HTMLElement);
  const take = (opened: Opened) => {
    begin(opened.state);
    setText(said, ['The request is opened.', ...opened.notes].join(' '));
  };
  const chooser = el('input', { type: 'file', accept: '.json,application/json', hidden: true });
  chooser.addEventListener('change', async () => {
    const [file] = chooser.files ?? [];
    if (!file) return;
    const opened = readRequest(await file.text());
    chooser.value = '';
    if (opened) take(opened);
    else setText(said, `${file.name} holds no request: a JSON object with tokens.`);
  });
  byId('open', HTMLButtonElement).after(chooser);
  byId('open', HTMLButtonElement).addEventListener('click', () => chooser.click());
  document.addEventListener(
    'paste',
    (event) => {
      const opened = readRequest(event.clipboardData?.getData('text/plain') ?? '');
      if (!opened || (event.target as Element).matches('textarea')) return;
      event.preventDefault();
      event.stopPropagation();
      take(opened);
    },
    true,
  );
  document.addEventListener('request', (event) => take((event as CustomEvent<Opened>).detail));
}
