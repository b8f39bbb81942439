// The rules of a decision with their conditions: what each wanted, what it got, and what came close.

import { type Condition, type Decision, type EvaluatedRule, failing } from './decision-document.ts';
import { type Child, h, tableOf } from './dom.ts';
import { count, shown } from './format.ts';

/** @param open the id of the rule that is shown in full from the start */
export function ruleTree(
  { rules = [], rules_omitted: omitted, outcome, rule: decider }: Decision,
  open: string | undefined,
): Child {
  if (rules.length === 0) return h('p', { class: 'note' }, 'No rule was evaluated: the request did not come so far.');
  return [
    h(
      'ol',
      { class: 'rules' },
      rules.map((rule) =>
        h('li', {}, ruleNode(rule, { open: rule.id === open, refuses: outcome === 'refused' && rule.id === decider })),
      ),
    ),
    omitted !== undefined && h('p', { class: 'note' }, `and ${omitted} more that came less close`),
  ];
}

/** @param refuses it fits, and that is why */
function ruleNode(
  rule: EvaluatedRule,
  { open, refuses }: { readonly open: boolean; readonly refuses: boolean },
): HTMLElement {
  const { id, matched, conditions } = rule;
  const verdict = matched
    ? `fits${refuses ? ', and decided' : ''}`
    : `does not fit: ${failing(rule).length} of ${count(conditions.length, 'condition')} against it`;
  const summary = h(
    'summary',
    {},
    mark(matched ? !refuses : 'none'),
    h('code', {}, id),
    ' ',
    h('span', { class: 'verdict' }, verdict),
  );
  if (conditions.length === 0)
    return h('details', { open }, summary, h('p', { class: 'note' }, 'It has no conditions.'));
  return h(
    'details',
    { open },
    summary,
    tableOf(`Conditions of ${id}`, ['Condition', 'Wanted', 'Got'], conditions.map(conditionRow)),
  );
}

function conditionRow({ name, wanted, got, matched, hint }: Condition): HTMLElement {
  const values = wanted.map((value) => h('code', {}, shown(value)));
  const alternatives = values.flatMap((value, index) => (index === 0 ? [value] : [' or ', value]));
  return h(
    'tr',
    { class: matched ? 'yes' : 'no' },
    h('th', { scope: 'row' }, mark(matched, matched ? 'holds:' : 'does not hold:'), name),
    h('td', {}, alternatives.length === 0 ? 'none' : alternatives),
    h('td', {}, h('code', {}, shown(got)), hint !== undefined && h('p', { class: 'hint' }, hint)),
  );
}

const signs = { good: '✓', bad: '✗', none: '–' } as const;

/**
 * Told by shape and word, too: not everybody sees colours.
 * @param word for those who do not see it; none where the text beside it says it
 */
export function mark(how: boolean | keyof typeof signs, word = ''): HTMLElement {
  const sign = typeof how === 'string' ? how : how ? 'good' : 'bad';
  return h(
    'span',
    { class: `mark ${sign}` },
    h('span', { 'aria-hidden': 'true' }, signs[sign]),
    word !== '' && h('span', { class: 'unseen' }, `${word} `),
  );
}
