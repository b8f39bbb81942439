// The keyring: which keys sign, which are published before and after they do.
import { CallRefused, call } from './call.ts';
import { type Child, h, tableOf } from './dom.ts';
import { problem, readsOnly } from './form.ts';
import { shown } from './format.ts';
import type { View } from './view.ts';

type Key = Readonly<Record<string, unknown>>;

export const keys: View = async ({ state }) => {
  const table = h('div', {});
  const said = h('div', {});
  const change = async (path: string): Promise<void> => {
    try {
      await call('POST', path);
      await reload();
      said.replaceChildren(h('p', { class: 'note', role: 'status' }, 'Done.'));
    } catch (error) {
      said.replaceChildren(problem(error));
    }
  };
  const reload = async (): Promise<void> => {
    const { keys: found } = await call<{ readonly keys: readonly Key[] }>('GET', '/admin/keys');
    table.replaceChildren(keyTable(found, state.writes ? change : undefined));
  };
  const rotate = (): void => {
    if (confirm('Rotate now? The next key begins to sign.')) void change('/admin/keys/rotate');
  };
  const heading = h('h2', { tabindex: -1 }, 'Keys');
  try {
    await reload();
  } catch (error) {
    if (!(error instanceof CallRefused) || error.status !== 404) throw error;
    return h(
      'div',
      { class: 'plain' },
      heading,
      h('p', { class: 'note' }, 'This API has no /admin/keys: its keys are in its JWK Set.'),
    );
  }
  return h(
    'div',
    { class: 'plain' },
    heading,
    h(
      'p',
      { class: 'note' },
      'Tokens are signed with the current key of their algorithm. The previous one still verifies, and the next one is published before it signs.',
    ),
    table,
    state.writes ? h('p', {}, h('button', { type: 'button', click: rotate }, 'Rotate')) : readsOnly(),
    said,
  );
};

function keyTable(found: readonly Key[], change: ((path: string) => Promise<void>) | undefined): HTMLElement {
  const columns = [...new Set(['kid', ...found.flatMap((key) => Object.keys(key))])];
  const heads = [...columns.map((name) => name.replaceAll('_', ' ')), ...(change ? ['Revoke'] : [])];
  const cell = (key: Key, name: string): Child => (key[name] === undefined ? '' : h('code', {}, shown(key[name])));
  const rows = found.map((key) =>
    h(
      'tr',
      {},
      columns.map((name) => h('td', {}, cell(key, name))),
      change && h('td', {}, revokeButton(String(key['kid']), change)),
    ),
  );
  return tableOf('Keys', heads, rows);
}

function revokeButton(kid: string, change: (path: string) => Promise<void>): HTMLElement {
  const click = (): void => {
    const asked = `Revoke ${kid}? Every token that it signed is refused from now on.`;
    if (confirm(asked)) void change(`/admin/keys/${encodeURIComponent(kid)}/revoke`);
  };
  return h('button', { type: 'button', class: 'danger', 'aria-label': `Revoke the key ${kid}`, click }, 'Revoke');
}
