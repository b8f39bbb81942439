// Elements made of text nodes and attributes alone: whatever is shown was written by strangers. No markup is ever parsed; the
// page's Content-Security-Policy forbids it as well (`require-trusted-types-for`).

export type Child = Node | string | number | undefined | false | readonly Child[];

/** Attributes; `true` is one without value, `false` and `undefined` are none. A function hears the event of its name. */
export type Attributes = Readonly<
  Record<string, string | number | boolean | undefined | ((event: Event) => void | Promise<void>)>
>;

/** An element of HTML. Names of attributes are the page's own, never data. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  return filled(document.createElement(name), attributes, children);
}

/** An element of SVG. */
export function s(name: string, attributes: Attributes = {}, ...children: readonly Child[]): SVGElement {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

function filled<Made extends Element>(element: Made, attributes: Attributes, children: readonly Child[]): Made {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, (event) => void value(event));
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...nodesOf(children));
  return element;
}

function nodesOf(children: readonly Child[]): readonly (Node | string)[] {
  return children.flatMap((child): readonly (Node | string)[] => {
    if (child === undefined || child === false) return [];
    if (child instanceof Node) return [child];
    return typeof child === 'object' ? nodesOf(child) : [String(child)];
  });
}

/** A table that scrolls within its place. */
export function tableOf(label: string, heads: readonly string[], rows: Child): HTMLElement {
  const columns = heads.map((name) => h('th', { scope: 'col' }, name));
  const table = h('table', {}, h('thead', {}, h('tr', {}, columns)), h('tbody', {}, rows));
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, table);
}

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** Said to those who do not see it. */
export function announce(text: string): void {
  byId('news').textContent = text;
}
