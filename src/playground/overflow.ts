/**
 * Marks an element that scrolls with the sides where it has more than it shows, `data-more="left right"`; the stylesheet fades
 * those edges out. So nothing is cut off without a sign.
 */
export function signOverflow(element: HTMLElement): void {
  const look = () => {
    const { scrollLeft, scrollTop, clientWidth, clientHeight, scrollWidth, scrollHeight } = element;
    const sides = [
      scrollLeft > 1 && 'left',
      scrollLeft + clientWidth < scrollWidth - 1 && 'right',
      scrollTop > 1 && 'top',
      scrollTop + clientHeight < scrollHeight - 1 && 'bottom',
    ].filter(Boolean);
    const more = sides.join(' ');
    if ((element.dataset['more'] ?? '') === more) return;
    if (more) element.dataset['more'] = more;
    else delete element.dataset['more'];
  };
  element.addEventListener('scroll', look, { passive: true });
  const sizes = new ResizeObserver(look);
  const watch = () => {
    sizes.disconnect();
    sizes.observe(element);
    for (const child of element.children) sizes.observe(child);
  };
  new MutationObserver(watch).observe(element, { childList: true });
  watch();
}
