// Names with their values, and what is folded away until somebody wants it.
import { type Child, h } from './dom.ts';
import { shown } from './format.ts';

type Fact = readonly [name: string, value: Child | null];

export function facts(pairs: readonly Fact[]): HTMLElement {
  const present = pairs.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return h(
    'dl',
    {},
    present.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value as Child))),
  );
}

export function folded(title: string, ...content: readonly Child[]): HTMLElement {
  return h('details', { class: 'folded' }, h('summary', {}, title), content);
}

export function coded(value: unknown): Child {
  return h('code', {}, shown(value));
}
