// The policy as a picture of who reaches what, and the same in words.
import type { PictureRule, PictureWay, PolicyPicture } from '../api.ts';
import { call } from './call.ts';
import { type Child, h } from './dom.ts';
import { policyPicture } from './policy-picture.ts';
import type { View } from './view.ts';

export const policy: View = async () => {
  const picture = await call<PolicyPicture>('GET', '/policy');
  return h(
    'div',
    { class: 'plain wide' },
    h('h2', { tabindex: -1 }, 'Policy'),
    h(
      'p',
      { class: 'note' },
      'Whose tokens lead by which rules to which audiences and roles. ',
      h('code', {}, picture.hash.slice(0, 12)),
    ),
    h(
      'figure',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Picture of the policy' },
      policyPicture(picture),
    ),
    h('h3', {}, 'Who reaches what'),
    picture.truncated && h('p', { class: 'note' }, 'There are more ways than are shown.'),
    picture.targets.map((target) => targetNode(target, picture)),
    h('h3', {}, 'Rules, in their order'),
    h('p', { class: 'note' }, 'The first rule that fits grants; any deny rule that fits refuses.'),
    h(
      'ol',
      { class: 'rules' },
      picture.rules.map((rule) => h('li', {}, ruleNode(rule))),
    ),
  );
};

function targetNode({ name, kind, form }: PolicyPicture['targets'][number], { ways }: PolicyPicture): HTMLElement {
  const mine = ways.filter(({ target }) => target === name);
  return h(
    'details',
    { class: 'folded' },
    h('summary', {}, `${kind} `, h('code', {}, name), ` by ${mine.length === 0 ? 'nobody' : wayCount(mine.length)}`),
    form !== '' && h('p', { class: 'note' }, form),
    mine.map((way) => wayNode(way)),
  );
}

const wayCount = (number: number): string => (number === 1 ? 'one way' : `${number} ways`);

/** A way hop by hop, each with a token that goes it. */
export function wayNode({ issuer, hops, undecided }: PictureWay, open = false): HTMLElement {
  return h(
    'div',
    { class: 'way' },
    h(
      'p',
      {},
      h('b', {}, issuer),
      hops.map(({ rule, target }): Child => [' → ', h('code', {}, rule), ' → ', h('b', {}, target)]),
    ),
    hops.map(({ rule, client, scope, claims, actor }) =>
      h(
        'details',
        { open },
        h(
          'summary',
          {},
          'a token that ',
          h('code', {}, rule),
          ' takes',
          client !== undefined && `, from the client ${client}`,
          actor !== undefined && `, with an actor token of ${actor}`,
        ),
        h('pre', { tabindex: 0 }, JSON.stringify(claims, null, 2)),
        scope !== undefined && h('p', { class: 'note' }, `asked for with the scope ${scope}`),
      ),
    ),
    undecided.map((each) => h('p', { class: 'hint' }, `not decided: ${each}`)),
  );
}

function ruleNode({ id, from, takes, target, denies, client, actor, conditions, scopes }: PictureRule): HTMLElement {
  return h(
    'div',
    { class: denies ? 'rule deny' : 'rule' },
    h(
      'p',
      {},
      h('code', {}, id),
      denies ? ' refuses ' : ' grants ',
      h('b', {}, target ?? 'every target'),
      ' from ',
      h('b', {}, takes === undefined ? from : 'our own tokens'),
      client !== undefined && ` to the client ${client}`,
      actor !== undefined && ` with an actor token of ${actor}`,
    ),
    conditions.length > 0 &&
      h(
        'ul',
        {},
        conditions.map((each) => h('li', {}, h('code', {}, each))),
      ),
    scopes.length > 0 && h('p', { class: 'note' }, `scopes ${scopes.join(' ')}`),
  );
}
