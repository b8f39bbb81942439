// One decision: how it ended and why, in one sentence first.

import type { ConsoleState } from '../api.ts';
import { closestRule, type Decision, failing, type RecordedToken, targetsOf } from './decision-document.ts';
import { type Child, h } from './dom.ts';
import { coded, facts, folded } from './facts.ts';
import { momentOf, shown } from './format.ts';
import { reasonInWords } from './reasons.ts';
import { mark, ruleTree } from './rule-tree.ts';
import { runOf } from './run-of.ts';

/** What can be done about it is offered where changes are let through. */
export function decisionView(decision: Decision, { writes, runs }: Pick<ConsoleState, 'writes' | 'runs'>): HTMLElement {
  const { decision_id: id, outcome, rule, subject } = decision;
  const granted = outcome === 'granted';
  const open = granted ? rule : (rule ?? closestRule(decision)?.id);
  return h(
    'article',
    { class: granted ? 'decision granted' : 'decision refused' },
    h('h2', { tabindex: -1 }, mark(granted), headline(decision)),
    h('p', { class: 'because' }, because(decision)),
    facts([
      ['Decision', h('code', {}, id)],
      ['When', momentOf(decision.at)],
      ['Who', [h('code', {}, subject?.sub ?? 'unknown'), subject?.issuer ? ` from ${subject.issuer}` : '']],
      ['Client', decision.request?.client ?? 'none: an anonymous caller'],
      ['For', h('code', {}, targetsOf(decision))],
      ['Scope', decision.request?.scope ?? (decision.issued?.['scope'] as string | undefined)],
      ['Answered', decision.error && h('code', {}, `${decision.error}, reason ${decision.reason ?? 'none'}`)],
      ['Inactive', decision.inactive],
    ]),
    h('h3', {}, 'Rules, as they were tried'),
    ruleTree(decision, open),
    tokenPart('Claims of the subject token', subject),
    tokenPart('Claims of the actor token', decision.actor),
    decision.issued &&
      folded('What was issued', facts(Object.entries(decision.issued).map(([name, value]) => [name, coded(value)]))),
    folded('Everything that is kept, as JSON', h('pre', { tabindex: 0 }, JSON.stringify(decision, null, 2))),
    writes && actions(decision, runs),
  );
}

function headline({ outcome, reason, rule }: Decision): string {
  if (outcome === 'granted') return rule === undefined ? 'Granted' : `Granted by ${rule}`;
  return `Refused: ${reasonInWords(reason ?? 'without a reason')}`;
}

/** The sentence that answers "why". */
function because(decision: Decision): Child {
  const { outcome, reason, detail, rule } = decision;
  if (outcome === 'granted') return 'Everything that the rule wants, the token has.';
  if (reason === 'suspended')
    return ['By whom and why is among the ', h('a', { href: '#/suspensions' }, 'suspensions'), '.'];
  if (detail !== undefined) return detail;
  if (reason === 'denied' && rule !== undefined)
    return ['The deny rule ', h('code', {}, rule), ' fits, and a deny rule wins.'];
  const closest = reason === 'no_rule' ? closestRule(decision) : undefined;
  const [first, ...more] = closest ? failing(closest) : [];
  if (!closest || !first) return 'The rules below say how far it came.';
  return [
    'The closest rule is ',
    h('code', {}, closest.id),
    '. It wants ',
    h('code', {}, `${first.name}: ${first.wanted.map(shown).join(' | ') || 'none'}`),
    ' and got ',
    h('code', {}, shown(first.got)),
    more.length > 0 && `, and ${more.length} more of its conditions do not hold`,
    '.',
    first.hint !== undefined && h('span', { class: 'hint' }, first.hint),
  ];
}

function tokenPart(title: string, token: RecordedToken | undefined): Child {
  if (!token) return undefined;
  const { claims = {}, hashed = {}, omitted = [] } = token;
  return folded(
    title,
    facts(Object.entries(claims).map(([name, value]) => [name, coded(value)])),
    Object.keys(hashed).length > 0 && h('p', { class: 'note' }, `Kept as hashes: ${Object.keys(hashed).join(', ')}`),
    omitted.length > 0 && h('p', { class: 'note' }, `Left out for their size: ${omitted.join(', ')}`),
  );
}

/** Each leads to a form that is filled in, and sent by hand. */
function actions(decision: Decision, runs: ConsoleState['runs']): HTMLElement {
  const { decision_id: id, outcome, rule, issued, subject } = decision;
  const run = runOf(subject, runs);
  const to = (view: string, values: Readonly<Record<string, string>>, text: string) =>
    h('li', {}, h('a', { class: 'button', href: `#/${view}?${new URLSearchParams(values)}` }, text));
  const { family = id, sub } = issued ?? {};
  return h(
    'div',
    {},
    h('h3', {}, 'What can be done'),
    h(
      'ul',
      { class: 'actions' },
      outcome === 'granted' && [
        to('revocations', { by: 'jti', value: id }, 'Revoke what was issued, and all below it'),
        family !== id && to('revocations', { by: 'family', value: String(family) }, 'Revoke the whole family'),
        typeof sub === 'string' &&
          to('revocations', { by: 'subject', value: sub }, 'Revoke everything of this subject'),
      ],
      run !== undefined && to('revocations', { by: 'run', value: run }, 'Revoke everything of this run'),
      rule !== undefined &&
        outcome === 'granted' &&
        to('suspensions', { kind: 'rule', name: rule }, `Suspend the rule ${rule}`),
      subject?.issuer !== undefined &&
        !/^(.+\/)?self$/.test(subject.issuer) &&
        to('suspensions', { kind: 'issuer', name: subject.issuer }, `Suspend the issuer ${subject.issuer}`),
    ),
  );
}
