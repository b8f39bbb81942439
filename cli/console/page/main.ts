// The page: which view the address names, shown with the focus on its heading.
import type { ConsoleState } from '../api.ts';
import { call } from './call.ts';
import { decisions } from './decisions.ts';
import { byId, h } from './dom.ts';
import { exchange } from './exchange.ts';
import { problem } from './form.ts';
import { keys } from './keys.ts';
import { policy } from './policy.ts';
import { revocations } from './revocations.ts';
import { suspensions } from './suspensions.ts';
import type { View } from './view.ts';
import { whatIf } from './what-if.ts';

interface Entry {
  readonly name: string;
  readonly title: string;
  readonly view: View;
  readonly isThere: (state: ConsoleState) => boolean;
}

const always = (): boolean => true;
const entries: readonly Entry[] = [
  { name: 'decisions', title: 'Decisions', view: decisions, isThere: always },
  { name: 'exchange', title: 'Play an exchange', view: exchange, isThere: ({ standIns }) => standIns !== undefined },
  { name: 'suspensions', title: 'Suspensions', view: suspensions, isThere: always },
  { name: 'revocations', title: 'Revocations', view: revocations, isThere: always },
  { name: 'keys', title: 'Keys', view: keys, isThere: always },
  { name: 'policy', title: 'Policy', view: policy, isThere: ({ hasPolicy }) => hasPolicy },
  { name: 'what-if', title: 'What if', view: whatIf, isThere: ({ hasPolicy }) => hasPolicy },
];

async function start(): Promise<void> {
  const main = byId('main');
  const state = await call<ConsoleState>('GET', '/state').catch((error: unknown) => {
    main.replaceChildren(problem(error));
  });
  if (!state) return;
  byId('about').replaceChildren(
    h('code', {}, state.api),
    ' ',
    h('span', { class: 'badge' }, state.standIns ? 'local stack' : 'deployment'),
    ' ',
    h('span', { class: state.writes ? 'badge warn' : 'badge' }, state.writes ? 'may change things' : 'reads only'),
  );
  const there = entries.filter(({ isThere }) => isThere(state));
  let visits = 0;
  const show = async (): Promise<void> => {
    visits += 1;
    const visit = visits;
    const { name, path, query } = addressOf(location.hash);
    const entry = there.find((each) => each.name === name) ?? there[0];
    if (!entry) return;
    document.title = `${entry.title} – Cambio`;
    markCurrent(there, entry);
    main.setAttribute('aria-busy', 'true');
    const shown = await entry.view({ path, query, state }).catch(problem);
    // Somebody may have gone on in the meantime.
    if (visit !== visits) return;
    main.replaceChildren(shown);
    main.dataset['view'] = entry.name;
    main.removeAttribute('aria-busy');
    if (visit > 1) main.querySelector<HTMLElement>(path.length > 0 ? '.decision h2' : 'h2[tabindex]')?.focus();
  };
  // The address says which view is shown: a link into the view must not change it.
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    main.focus();
  });
  addEventListener('hashchange', () => void show());
  await show();
}

function addressOf(hash: string): {
  readonly name: string;
  readonly path: readonly string[];
  readonly query: URLSearchParams;
} {
  const [address = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [name = '', ...path] = address.split('/').map(decoded);
  return { name, path: path.filter((part) => part !== ''), query: new URLSearchParams(query) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function markCurrent(there: readonly Entry[], current: Entry): void {
  byId('views').replaceChildren(
    ...there.map((entry) =>
      h('li', {}, h('a', { href: `#/${entry.name}`, 'aria-current': entry === current && 'page' }, entry.title)),
    ),
  );
}

void start();
