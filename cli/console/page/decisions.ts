// The decisions of late, newest first, beside the one that is looked at.
import type { ConsoleState } from '../api.ts';
import { call } from './call.ts';
import { decisionView } from './decision.ts';
import { type Decision, type ListedDecision, targetsOf } from './decision-document.ts';
import { announce, type Child, h } from './dom.ts';
import { field, options, problem } from './form.ts';
import { count, momentOf, timeOf } from './format.ts';
import { reasonInWords, reasons } from './reasons.ts';
import { mark } from './rule-tree.ts';
import type { View } from './view.ts';

const known = new Map<string, Decision>();
/** What a decision says does not change; a page that is open for days forgets them all at once. */
const mostKnown = 2_000;

export async function findDecision(id: string): Promise<Decision> {
  const found = known.get(id) ?? (await call<Decision>('GET', `/admin/decisions/${encodeURIComponent(id)}`));
  if (known.size > mostKnown) known.clear();
  known.set(id, found);
  return found;
}

const hours = [1, 24, 24 * 7, 24 * 30] as const;
const filter = { outcome: '', reason: '', hours: '1' };

/** Stays as it is while one decision after the other is looked at. */
const list = h('div', { class: 'list' });

export const decisions: View = async ({ path: [id], state }) => {
  if (id === undefined || list.querySelector('a') === null) void fillList();
  markChosen(id);
  return h(
    'div',
    { class: id === undefined ? 'decisions' : 'decisions one' },
    h(
      'section',
      { class: 'side', 'aria-labelledby': 'latest' },
      h('h2', { id: 'latest', tabindex: -1 }, 'Decisions'),
      controls(fillList),
      list,
    ),
    h('section', { class: 'chosen', 'aria-label': 'The decision' }, await detailOf(id, state)),
  );
};

function markChosen(id: string | undefined): void {
  for (const link of list.querySelectorAll('a')) {
    if (link.dataset['id'] === id) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}

function controls(reload: () => Promise<void>): HTMLElement {
  const select = (name: keyof typeof filter, values: readonly (readonly [string, string])[]): HTMLSelectElement => {
    const change = (event: Event): Promise<void> => {
      filter[name] = (event.target as HTMLSelectElement).value;
      return reload();
    };
    return h('select', { change }, options(values, filter[name]));
  };
  const outcomes = [
    ['', 'all'],
    ['refused', 'refused'],
    ['granted', 'granted'],
  ] as const;
  const times = hours.map(
    (each) => [String(each), each < 24 ? 'an hour' : each === 24 ? 'a day' : `${each / 24} days`] as const,
  );
  const every = reasons.map((reason) => [reason, reason] as const);
  const id = h('input', { type: 'search', placeholder: 'decision_id', spellcheck: 'false', autocomplete: 'off' });
  const find = (event: Event): void => {
    event.preventDefault();
    if (id.value.trim() !== '') location.hash = `#/decisions/${encodeURIComponent(id.value.trim())}`;
  };
  return h(
    'div',
    { class: 'controls' },
    field('Outcome', select('outcome', outcomes)),
    field('Reason', select('reason', [['', 'any'], ...every])),
    field('Since', select('hours', times)),
    h('p', { class: 'field' }, h('button', { type: 'button', click: reload }, 'Refresh')),
    h(
      'form',
      { submit: find, role: 'search', class: 'find' },
      field('Look one up', id),
      h('button', { type: 'submit' }, 'Show'),
    ),
  );
}

interface Page {
  readonly decisions: readonly ListedDecision[];
  readonly next?: string;
}

/** Seconds. The API reads minute by minute, and takes its time where there is little to find: what is new comes first. */
const fresh = 180;
let fillings = 0;

async function fillList(): Promise<void> {
  fillings += 1;
  const filling = fillings;
  const rows = h('ol', { class: 'rows' });
  const note = h('p', { class: 'note' }, 'Looking…');
  const older = h('button', { type: 'button', hidden: true }, 'Older ones');
  const now = Math.floor(Date.now() / 1_000);
  const since = now - Number(filter.hours) * 3_600;
  const add = async (asked: Readonly<Record<string, string>>): Promise<string | undefined> => {
    const { outcome, reason } = filter;
    const query = { limit: '25', ...(outcome && { outcome }), ...(reason && { reason }), ...asked };
    const page = await call<Page>('GET', `/admin/decisions?${new URLSearchParams(query)}`);
    rows.append(...page.decisions.map(row));
    return page.next;
  };
  const more = async (asked: Readonly<Record<string, string>>): Promise<void> => {
    older.hidden = true;
    note.textContent = 'Looking…';
    const next = await add(asked);
    older.hidden = next === undefined;
    older.onclick = () => void more({ ...asked, ...(next !== undefined && { next }) }).catch(fail);
    note.textContent = rows.children.length > 0 ? '' : 'No decision of late. Play an exchange, and it is here.';
    announce(count(rows.children.length, 'decision'));
  };
  const fail = (error: unknown): void => {
    if (filling === fillings) list.replaceChildren(problem(error));
  };
  list.replaceChildren(rows, note, older);
  try {
    const next = await add({ since: String(now - fresh) });
    if (filling !== fillings) return;
    markChosen(location.hash.split('/')[2]);
    await (next === undefined
      ? more({ since: String(since), until: String(now - fresh - 1) })
      : more({ since: String(since), next }));
  } catch (error) {
    fail(error);
  }
}

/** The list has little; the rest comes with the decision itself. */
function row({ decision_id: id, at, outcome, reason }: ListedDecision): HTMLElement {
  const who = h('span', { class: 'who' }, '…');
  const what = h('span', { class: 'what' }, reason === undefined ? '' : reasonInWords(reason));
  findDecision(id).then(
    (decision) => {
      who.replaceChildren(
        h('b', {}, decision.subject?.issuer ?? 'unknown issuer'),
        h('span', { 'aria-hidden': 'true' }, ' → '),
        h('span', { class: 'unseen' }, ' for '),
        h('b', {}, targetsOf(decision)),
      );
      if (decision.rule !== undefined && outcome === 'granted') what.textContent = `by ${decision.rule}`;
    },
    () => who.replaceChildren('not kept any more'),
  );
  return h(
    'li',
    {},
    h(
      'a',
      { href: `#/decisions/${encodeURIComponent(id)}`, 'data-id': id },
      mark(outcome === 'granted', outcome),
      who,
      h('time', { datetime: new Date(at * 1_000).toISOString(), title: momentOf(at) }, timeOf(at)),
      what,
    ),
  );
}

async function detailOf(id: string | undefined, state: ConsoleState): Promise<Child> {
  if (id === undefined) {
    return h(
      'p',
      { class: 'empty' },
      'Choose a decision to see what every rule wanted, what it got, and what came close.',
    );
  }
  const back = h('a', { class: 'back', href: '#/decisions' }, '← All decisions');
  if (!/^[0-9a-f-]{36}$/.test(id)) {
    return [
      back,
      h(
        'p',
        { class: 'problem', role: 'alert' },
        'A decision id is a UUID: decision_id of an error, or jti of a token.',
      ),
    ];
  }
  try {
    return [back, decisionView(await findDecision(id), state)];
  } catch (error) {
    return [back, problem(error)];
  }
}
