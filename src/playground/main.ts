import { Address } from './address.ts';
import { byId } from './element.ts';
import { fromLink } from './link.ts';
import { Page } from './page.ts';
import { showAs } from './show-as.ts';
import { START } from './state.ts';

showAs();
// On a phone the pictures matter more than what is off.
if (matchMedia('(max-width: 900px)').matches) byId('switch-box', HTMLDetailsElement).open = false;

const address = new Address();
const page = new Page(fromLink(location.hash) ?? START, (state, isNewPage) => address.remember(state, isNewPage));

addEventListener('hashchange', () => {
  if (location.hash === address.link) return;
  address.link = location.hash;
  page.begin(fromLink(location.hash) ?? START, false);
});
for (const query of ['(prefers-color-scheme: dark)', 'print']) matchMedia(query).addEventListener('change', () => page.recolour());
