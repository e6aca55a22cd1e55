type Attribute = string | number | boolean | undefined;
type Child = Node | string | undefined;

/** An element with attributes and children; `true` sets an attribute without a value, `undefined` and `false` leave it out. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for a drawing. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function filled<Made extends Element>(element: Made, attributes: Readonly<Record<string, Attribute>>, children: readonly Child[]): Made {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : `${value}`);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** A button that does something. */
export function button(text: string, act: () => void, attributes: Readonly<Record<string, Attribute>> = {}): HTMLButtonElement {
  const made = el('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', act);
  return made;
}

/** The element of the page that has this id; the page is built with it. */
export function byId<Element extends HTMLElement>(id: string, kind: new () => Element): Element {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no #${id} of this kind`);
  return found;
}

/** Sets a text only where it differs, so that nothing is laid out again for nothing. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute only where it differs. */
export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Keeps as many parts in a parent as are wanted: `parts` grows or shrinks at its end, and those that stay are the same elements. */
export function fillWith<Part extends { readonly element: Element }>(parent: Element, parts: Part[], wanted: number, make: () => Part): void {
  for (const { element } of parts.splice(wanted)) element.remove();
  while (parts.length < wanted) {
    const part = make();
    parts.push(part);
    parent.append(part.element);
  }
}
