import { byId } from './element.ts';

/** Other ways to show the page: `?embed` in a frame of another page, `?present` on a projector. The stylesheet leaves out what is not wanted there. */
export function showAs(): void {
  const asked = new URLSearchParams(location.search);
  document.body.classList.toggle('embed', asked.has('embed'));
  const present = byId('present', HTMLButtonElement);
  const turn = (on: boolean) => {
    document.body.classList.toggle('present', on);
    present.setAttribute('aria-pressed', `${on}`);
  };
  turn(asked.has('present'));
  present.addEventListener('click', () => {
    const on = !document.body.classList.contains('present');
    turn(on);
    history.replaceState(null, '', `${location.pathname}${on ? '?present' : ''}${location.hash}`);
  });
  byId('whole', HTMLAnchorElement).addEventListener('click', ({ currentTarget }) => {
    if (currentTarget instanceof HTMLAnchorElement) currentTarget.href = `${location.pathname}${location.hash}`;
  });
}
