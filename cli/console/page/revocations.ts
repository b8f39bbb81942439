// The form that revokes. What was revoked cannot be listed: only what this page did is shown below it.
import { call } from './call.ts';
import { h } from './dom.ts';
import { coded, facts } from './facts.ts';
import { actionForm, field, options, readsOnly } from './form.ts';
import type { View } from './view.ts';

const kinds = [
  ['jti', 'jti: an issued token, and all below it'],
  ['family', 'family: the whole tree a token is of'],
  ['subject', 'subject: everything issued for a sub'],
  ['run', 'run: everything of a CI run'],
  ['client', 'client: everything a client got'],
  ['issuer', 'issuer: everything from its tokens'],
  ['key', 'key: everything a key of Cambio signed'],
] as const;

const hints: Readonly<Record<string, string>> = {
  jti: 'the decision_id of the grant',
  family: 'the jti of any token of the tree',
  subject: 'as it was issued: issuer|sub',
  run: 'issuer|run id, such as github|9876543210',
  client: 'as the policy has it',
  issuer: 'as the policy has it',
  key: 'a kid, as the keys have it',
};

/** Newest first, as the API answered. */
const done: Readonly<Record<string, unknown>>[] = [];

export const revocations: View = async ({ query, state }) => {
  const list = h('div', { class: 'done' });
  const show = (): void => {
    list.replaceChildren(
      ...done.map((each) => facts(Object.entries(each).map(([name, value]) => [name, coded(value)]))),
    );
  };
  show();
  return h(
    'div',
    { class: 'plain' },
    h('h2', { tabindex: -1 }, 'Revocations'),
    h(
      'p',
      { class: 'note' },
      'A revocation ends what was issued up to now: at once, on every instance, and whatever was exchanged from it, too.',
    ),
    state.writes ? revokeForm(query, show) : readsOnly(),
    list,
  );
};

function revokeForm(query: URLSearchParams, show: () => void): HTMLElement {
  const by = h('select', {}, options(kinds, query.get('by') ?? 'jti'));
  const value = h('input', {
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    value: query.get('value') ?? '',
  });
  const reason = h('input', { required: true, maxlength: 256, autocomplete: 'off' });
  const valued = field('Value', value, ' ');
  const hint = (): void => valued.querySelector('small')?.replaceChildren(hints[by.value] ?? '');
  by.addEventListener('change', hint);
  hint();
  return actionForm({ label: 'Revoke', danger: true }, [field('What', by), valued, field('Why', reason)], async () => {
    const body = { by: by.value, value: value.value.trim(), reason: reason.value };
    const answer = await call<Readonly<Record<string, unknown>>>('POST', '/admin/revocations', body);
    done.unshift(answer);
    show();
    return h('p', {}, 'Revoked.', answer['known'] === false && ` There is no such ${by.value}.`);
  });
}
