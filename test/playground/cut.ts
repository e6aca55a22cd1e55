import type { Page } from 'playwright-core';

/**
 * Numbers that are cut off without a sign, in sight or to be scrolled to. A number is cut where something around it that hides what overflows
 * ends before the number does; the sign is `data-more` on that side, or an ellipsis.
 */
export function cutNumbers(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const things = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(node);
      if (/\\d/.test(node.textContent)) things.push({ words: node.textContent, element: node.parentElement, box: range.getBoundingClientRect() });
    }
    const inputs = [...document.querySelectorAll('input')].filter(({ type, value }) => type === 'text' && /\\d/.test(value));
    for (const input of inputs) things.push({ words: input.value, element: input, box: input.getBoundingClientRect() });
    const isCut = ({ element, box }) => {
      if (element.matches('input.number, .fields input') && element.value.length <= 16 && element.scrollWidth > element.clientWidth) return true;
      for (let around = element; around !== document.body; around = around.parentElement) {
        const { overflowX, textOverflow } = getComputedStyle(around);
        if (overflowX === 'visible' || around.matches('input')) continue;
        const left = around.getBoundingClientRect().left + around.clientLeft;
        const [sticksOutLeft, sticksOutRight] = [box.left < left - 1, box.right > left + around.clientWidth + 1];
        if (!sticksOutLeft && !sticksOutRight) continue;
        const more = around.dataset.more ?? '';
        return textOverflow !== 'ellipsis' && ((sticksOutLeft && !more.includes('left')) || (sticksOutRight && !more.includes('right')));
      }
      return box.left < -1 || box.right > innerWidth + 1;
    };
    return things.filter(({ element }) => element.checkVisibility()).filter(isCut).map(({ words }) => words);
  })()`);
}
