import { byId } from './element.ts';
import { fromLink, toLink } from './link.ts';
import { Page } from './page.ts';
import { START, type State } from './state.ts';

/** Browsers allow some 100 changes of the address in half a minute: it follows at a pause. */
const ADDRESS_AFTER_MS = 250;

let timer: ReturnType<typeof setTimeout> | undefined;
let link = location.hash;

/** The state lives in the address: a new page of the history for a lesson, the same one for an edit. */
function remember(state: State, isNewPage: boolean): void {
  clearTimeout(timer);
  link = `#${toLink(state)}`;
  const write = () => (isNewPage ? history.pushState(null, '', link) : history.replaceState(null, '', link));
  if (isNewPage) write();
  else timer = setTimeout(write, ADDRESS_AFTER_MS);
}

// On a phone the pictures matter more than what is off.
if (matchMedia('(max-width: 900px)').matches) byId('switch-box', HTMLDetailsElement).open = false;

const page = new Page(fromLink(location.hash) ?? START, remember);

addEventListener('hashchange', () => {
  if (location.hash === link) return;
  link = location.hash;
  page.begin(fromLink(location.hash) ?? START, false);
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => page.recolour());
