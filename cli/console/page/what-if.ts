// What another policy would change: who gains and who loses, and which decisions of late would have ended otherwise.
import type { Flip, PolicyChange, PolicyPicture, PolicyText, WhatIf } from '../api.ts';
import { call } from './call.ts';
import { type Child, h } from './dom.ts';
import { actionForm, field, options } from './form.ts';
import { count } from './format.ts';
import { wayNode } from './policy.ts';
import { mark } from './rule-tree.ts';
import type { View } from './view.ts';

export const whatIf: View = async () => {
  const { files } = await call<PolicyPicture>('GET', '/policy');
  const edited = new Map(files.map(({ path, text }) => [path, text]));
  const result = h(
    'section',
    { class: 'chosen', 'aria-label': 'What would change' },
    h('p', { class: 'empty' }, 'Change the policy, or paste another one, and compare. Nothing is deployed.'),
  );
  return h(
    'div',
    { class: 'decisions even' },
    h(
      'section',
      { class: 'side', 'aria-labelledby': 'what-if' },
      h('h2', { id: 'what-if', tabindex: -1 }, 'What if the policy were this?'),
      editor(edited, result),
    ),
    result,
  );
};

function editor(edited: Map<string, string>, result: HTMLElement): HTMLElement {
  const paths = [...edited.keys()];
  const file = h('select', {}, options(paths.map((path) => [path, path] as const)));
  const text = h('textarea', { rows: 26, spellcheck: 'false', autocomplete: 'off', class: 'code' });
  const open = (): void => {
    text.value = edited.get(file.value) ?? '';
  };
  file.addEventListener('change', open);
  text.addEventListener('input', () => edited.set(file.value, text.value));
  open();
  return actionForm(
    { label: 'Compare' },
    [paths.length > 1 && field('File', file), field('Policy', text)],
    async () => {
      const sent: readonly PolicyText[] = [...edited].map(([path, each]) => ({ path, text: each }));
      const answer = await call<WhatIf>('POST', '/what-if', { files: sent });
      result.replaceChildren(...answerNodes(answer));
      return h('p', { class: 'note' }, answer.compared ? 'Compared.' : 'It does not compile.');
    },
  );
}

function answerNodes({ diagnostics, compared }: WhatIf): readonly Node[] {
  const said =
    diagnostics.length === 0 ? [] : [h('pre', { class: 'diagnostics', tabindex: 0 }, diagnostics.join('\n'))];
  if (!compared) return [h('h3', { class: 'verdict' }, mark(false), 'It does not compile'), ...said];
  const { gains, loses, undecided, failures, decisions, flips } = compared;
  return [
    ...said,
    changes('Gains', gains, 'Nobody was found who gains.'),
    changes('Losses', loses, 'Nobody was found who loses.'),
    ...(undecided.length > 0
      ? [
          h('h3', {}, 'Not decided'),
          h(
            'ul',
            {},
            undecided.map((each) => h('li', {}, each)),
          ),
        ]
      : []),
    h('h3', {}, 'Tests beside the policy'),
    failures.length === 0
      ? h('p', { class: 'note' }, 'They pass.')
      : h('pre', { class: 'diagnostics', tabindex: 0 }, failures.join('\n')),
    h('h3', {}, 'Decisions of the last day'),
    h(
      'p',
      { class: 'note' },
      flips.length === 0
        ? `None of ${decisions} would end otherwise.`
        : `Of ${decisions}, ${count(flips.length, 'decision')} would end otherwise, or cannot be told:`,
    ),
    h(
      'ul',
      { class: 'flips' },
      flips.map((flip) => h('li', {}, flipNode(flip))),
    ),
  ];
}

function changes(title: string, list: readonly PolicyChange[], none: string): HTMLElement {
  return h(
    'section',
    { class: title.toLowerCase() },
    h('h3', {}, title, list.length > 0 && ` (${list.length})`),
    list.length === 0
      ? h('p', { class: 'note' }, none)
      : list.map(({ who, what, way }) =>
          h('div', { class: 'change' }, h('p', {}, h('b', {}, who), ': ', what), way && wayNode(way, true)),
        ),
  );
}

const kinds: Readonly<Record<Flip['kind'], string>> = {
  granted_to_refused: 'granted, and would be refused',
  refused_to_granted: 'refused, and would be granted',
  undecided: 'cannot be told',
};

function flipNode({ decisionId, kind, rule, why }: Flip): Child {
  return [
    h('a', { href: `#/decisions/${encodeURIComponent(decisionId)}` }, h('code', {}, decisionId.slice(0, 8))),
    ` ${kinds[kind]}`,
    rule !== undefined && [' by ', h('code', {}, rule)],
    why !== undefined && `: ${why}`,
  ];
}
