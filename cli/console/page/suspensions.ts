// What is suspended, with the forms that suspend and resume.
import type { PolicyPicture } from '../api.ts';
import { call } from './call.ts';
import { type Child, h, tableOf } from './dom.ts';
import { actionForm, field, options, problem, readsOnly, suggestions } from './form.ts';
import { momentOf } from './format.ts';
import type { View } from './view.ts';

interface Suspension {
  readonly kind: string;
  readonly name: string;
  readonly reason: string;
  readonly until?: number;
  readonly at: number;
  readonly principal: string;
}

const kinds = ['issuer', 'client', 'rule', 'audience', 'role'] as const;
type Kind = (typeof kinds)[number];

export const suspensions: View = async ({ query, state }) => {
  const table = h('div', {});
  const reload = async (): Promise<void> => {
    const { suspensions: found } = await call<{ readonly suspensions: readonly Suspension[] }>(
      'GET',
      '/admin/suspensions',
    );
    table.replaceChildren(
      found.length === 0
        ? h('p', { class: 'note' }, 'Nothing is suspended.')
        : suspensionTable(found, state.writes, reload),
    );
  };
  await reload();
  const names = state.writes && state.hasPolicy ? namesIn(await call<PolicyPicture>('GET', '/policy')) : undefined;
  return h(
    'div',
    { class: 'plain' },
    h('h2', { tabindex: -1 }, 'Suspensions'),
    h(
      'p',
      { class: 'note' },
      'A suspension refuses from the next request on whatever it names. Tokens that were issued live on: a revocation ends those.',
    ),
    table,
    state.writes ? suspendForm(query, names, reload) : readsOnly(),
  );
};

function namesIn({ issuers, clients, rules, targets }: PolicyPicture): Readonly<Record<Kind, readonly string[]>> {
  return {
    issuer: issuers.map(({ name }) => name),
    client: clients.map(({ name }) => name),
    rule: rules.filter(({ denies }) => !denies).map(({ id }) => id),
    audience: targets.filter(({ kind }) => kind === 'audience').map(({ name }) => name),
    role: targets.filter(({ kind }) => kind === 'role').map(({ name }) => name),
  };
}

function suspensionTable(found: readonly Suspension[], writes: boolean, reload: () => Promise<void>): HTMLElement {
  const heads = ['What', 'Why', 'By', 'Since', 'Until', ...(writes ? ['Resume'] : [])];
  return tableOf(
    'Suspensions',
    heads,
    found.map((each) => rowOf(each, writes, reload)),
  );
}

function rowOf(
  { kind, name, reason, until, at, principal }: Suspension,
  writes: boolean,
  reload: () => Promise<void>,
): HTMLElement {
  const said = h('span', {});
  const resume = async (): Promise<void> => {
    try {
      await call('DELETE', pathOf(kind, name));
      await reload();
    } catch (error) {
      said.replaceChildren(problem(error));
    }
  };
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, `${kind} `, h('code', {}, name)),
    h('td', {}, reason),
    h('td', {}, principal),
    h('td', {}, momentOf(at)),
    h('td', {}, until === undefined ? 'it is resumed' : momentOf(until)),
    writes &&
      h(
        'td',
        {},
        h('button', { type: 'button', click: resume, 'aria-label': `Resume ${kind} ${name}` }, 'Resume'),
        said,
      ),
  );
}

function suspendForm(
  query: URLSearchParams,
  names: Readonly<Record<Kind, readonly string[]>> | undefined,
  reload: () => Promise<void>,
): HTMLElement {
  const asked = kinds.find((each) => each === query.get('kind')) ?? 'issuer';
  const kind = h(
    'select',
    {},
    options(
      kinds.map((each) => [each, each] as const),
      asked,
    ),
  );
  const name = h('input', { required: true, autocomplete: 'off', spellcheck: 'false', value: query.get('name') ?? '' });
  const reason = h('input', { required: true, maxlength: 256, autocomplete: 'off' });
  const until = h('input', { type: 'datetime-local' });
  const named = h('div', {});
  const suggest = (): void => {
    named.replaceChildren(field('Name', name, 'as the policy has it'));
    if (names) named.append(...(suggestions(name, names[kind.value as Kind]).slice(1) as Node[]));
  };
  kind.addEventListener('change', suggest);
  suggest();
  const fields: readonly Child[] = [
    field('Kind', kind),
    named,
    field('Why', reason, 'is kept, and shown here'),
    field('Until', until, 'without it, until somebody resumes it'),
  ];
  return h(
    'section',
    { 'aria-labelledby': 'suspend' },
    h('h3', { id: 'suspend' }, 'Suspend'),
    actionForm({ label: 'Suspend', danger: true }, fields, async () => {
      const end = until.value === '' ? {} : { until: Math.floor(new Date(until.value).getTime() / 1_000) };
      const answer = await call<{ readonly known?: boolean }>('PUT', pathOf(kind.value, name.value.trim()), {
        reason: reason.value,
        ...end,
      });
      await reload();
      return h(
        'p',
        {},
        `The ${kind.value} ${name.value} is suspended.`,
        answer.known === false && ' The policy knows no such name.',
      );
    }),
  );
}

/** The `/` of a tenant's name stands as it is. */
function pathOf(kind: string, name: string): string {
  return `/admin/suspensions/${kind}/${name.split('/').map(encodeURIComponent).join('/')}`;
}
