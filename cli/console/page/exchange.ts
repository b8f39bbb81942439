// Plays an exchange on a local stack with a token of a stand-in, and shows why it ended as it did.
import type {
  ConsoleState,
  ExchangeToPlay,
  Json,
  PictureWay,
  PlayableClient,
  PlayedExchange,
  PolicyPicture,
} from '../api.ts';
import { CallRefused, call } from './call.ts';
import { decisionView } from './decision.ts';
import type { ListedDecision } from './decision-document.ts';
import { findDecision } from './decisions.ts';
import { announce, type Child, h } from './dom.ts';
import { coded, facts, folded } from './facts.ts';
import { actionForm, field, options, problem, suggestions } from './form.ts';
import { timeOf } from './format.ts';
import { mark } from './rule-tree.ts';
import type { View } from './view.ts';

interface IssuedToken {
  readonly jti: string;
  readonly audience: string;
  /** Epoch seconds. */
  readonly at: number;
}

/** Newest first; the server keeps the tokens. */
const issuedTokens: IssuedToken[] = [];

const nothing: Pick<PolicyPicture, 'ways' | 'clients' | 'targets'> = { ways: [], clients: [], targets: [] };

/** Is still there after a visit elsewhere, to ask whether a token has been revoked since. */
const result = h('section', { class: 'chosen', 'aria-label': 'What came of it' }, placeholder());

export const exchange: View = async ({ state }) => {
  const picture = state.hasPolicy ? await call<PolicyPicture>('GET', '/policy') : nothing;
  return h(
    'div',
    { class: 'decisions' },
    h(
      'section',
      { class: 'side', 'aria-labelledby': 'play' },
      h('h2', { id: 'play', tabindex: -1 }, 'Play an exchange'),
      h(
        'p',
        { class: 'note' },
        'With a token of the shape that the vendor’s have, signed by a key of this stack. Tokens stay with the stack: here are their claims.',
      ),
      exchangeForm(picture, state),
    ),
    result,
  );
};

function placeholder(): HTMLElement {
  return h('p', { class: 'empty' }, 'Exchange a token to see what is issued, or which condition was against it.');
}

type Picture = Pick<PolicyPicture, 'ways' | 'clients' | 'targets'>;

function exchangeForm({ ways, clients, targets }: Picture, state: ConsoleState): HTMLElement {
  const { standIns = [] } = state;
  const issuerChoices = standIns.map((name) => [`issuer ${name}`, `the stand-in for ${name}`] as const);
  const token = h('select', {}, options(issuerChoices));
  const claims = h('textarea', { rows: 7, spellcheck: 'false', autocomplete: 'off' });
  const client = h(
    'select',
    {},
    options([['', 'nobody: an anonymous caller'], ...clients.map(({ name }) => [name, name] as const)]),
  );
  const target = h('input', { required: true, autocomplete: 'off', spellcheck: 'false' });
  const scope = h('input', { autocomplete: 'off', spellcheck: 'false', placeholder: 'all that is allowed' });

  const playable = ways.filter((way) => isPlayable(way, standIns));
  const examples = playable.map(
    (way, index) => [String(index), `${way.issuer} → ${way.target} (${way.hops[0]?.rule ?? ''})`] as const,
  );
  const example = h('select', {}, options([['', 'a token as the stand-in makes it'], ...examples]));
  const addIssued = (): void => {
    const issued = issuedTokens.map(
      ({ jti, audience, at }) => [`token ${jti}`, `issued ${timeOf(at)} for ${audience}`] as const,
    );
    const { value } = token;
    token.replaceChildren(...options([...issuerChoices, ...issued], value));
  };
  const settle = (): void => {
    claims.disabled = token.value.startsWith('token ');
  };
  const fill = (): void => {
    const way = playable[Number(example.value)];
    const [hop] = way?.hops ?? [];
    if (example.value === '' || !way || !hop) {
      claims.value = '';
      return;
    }
    token.value = `issuer ${way.issuer}`;
    claims.value = JSON.stringify(withoutOwn(hop.claims), null, 2);
    [target.value, scope.value, client.value] = [hop.target, hop.scope ?? '', hop.client ?? ''];
    settle();
  };
  example.addEventListener('change', fill);
  token.addEventListener('change', settle);
  addIssued();
  if (examples.length > 0) example.value = '0';
  fill();

  return actionForm(
    { label: 'Exchange' },
    [
      field('Begin with', example, 'fills in what a rule wants'),
      field('Subject token', token),
      field('Claims to set', claims, 'JSON; null takes a claim away'),
      field('Who asks', client),
      h(
        'p',
        { class: 'field' },
        h('label', { for: 'target' }, 'For'),
        identified(
          target,
          'target',
          targets.map(({ name }) => name),
        ),
      ),
      field('Scope', scope),
    ],
    async () => {
      const [kind = '', name = ''] = token.value.split(' ');
      const asked: ExchangeToPlay = {
        ...(kind === 'token' ? { token: name } : { issuer: name, claims: parsed(claims.value) }),
        target: target.value.trim(),
        ...(scope.value.trim() !== '' && { scope: scope.value.trim() }),
        ...(client.value !== '' && { client: client.value }),
      };
      // What came of the last one must not be taken for what comes of this.
      result.replaceChildren(h('p', { class: 'empty' }, 'Exchanging…'));
      const played = await call<PlayedExchange>('POST', '/exchanges', asked).catch((error: unknown) => {
        result.replaceChildren(placeholder());
        throw error;
      });
      remember(played);
      addIssued();
      result.replaceChildren(await playedView(played, clients, state));
      announce(played.status === 200 ? 'Granted' : `Refused: ${played.error ?? ''}`);
      return h('p', { class: 'note' }, played.status === 200 ? 'Granted.' : 'Refused.');
    },
  );
}

function identified(input: HTMLInputElement, id: string, names: readonly string[]): readonly Child[] {
  input.id = id;
  return suggestions(input, names);
}

/** In one step, by a stand-in, without an actor. */
function isPlayable({ issuer, hops, undecided }: PictureWay, standIns: readonly string[]): boolean {
  return standIns.includes(issuer) && hops.length === 1 && hops[0]?.actor === undefined && undecided.length === 0;
}

/** The stand-in knows its own issuer and audience, and what time it is. */
function withoutOwn(claims: Json): Json {
  const own = ['iss', 'aud', 'iat', 'nbf', 'exp', 'jti'];
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !own.includes(name)));
}

function parsed(text: string): Json {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new CallRefused(0, 'The claims are no JSON object');
  }
}

function remember({ claims }: PlayedExchange): void {
  const { jti, aud, iat } = claims ?? {};
  if (typeof jti !== 'string' || typeof iat !== 'number') return;
  issuedTokens.unshift({ jti, audience: String(aud), at: iat });
  issuedTokens.length = Math.min(issuedTokens.length, 20);
}

async function playedView(
  played: PlayedExchange,
  clients: readonly PlayableClient[],
  state: ConsoleState,
): Promise<HTMLElement> {
  const { status, error, description, issued, claims, presented } = played;
  const granted = status === 200;
  return h(
    'div',
    {},
    h(
      'p',
      { class: 'answer' },
      mark(granted),
      h('b', {}, `${status}`),
      ' ',
      granted ? 'issued' : h('code', {}, error ?? ''),
      description ? `: ${description}` : '',
    ),
    !granted && h('p', { class: 'note' }, 'That is all the caller is told. Why, only the decision says:'),
    claims && worth(String(claims['jti']), clients),
    await decisionOf(played, state),
    h('h3', {}, 'Tokens and answer, without signatures and secrets'),
    claimsPart('Claims of the token that was presented', presented),
    claims && claimsPart('Claims of the issued token', claims),
    issued && claimsPart('The rest of the answer', issued),
  );
}

function claimsPart(title: string, claims: Json): HTMLElement {
  return folded(title, facts(Object.entries(claims).map(([name, value]) => [name, coded(value)])));
}

/** Of credentials and reference tokens the answer names no decision: it is the latest there is. */
async function decisionOf({ decisionId }: PlayedExchange, state: ConsoleState): Promise<Child> {
  try {
    const id = decisionId ?? (await latest());
    return id === undefined ? undefined : decisionView(await findDecision(id), state);
  } catch (error) {
    return problem(error);
  }
}

async function latest(): Promise<string | undefined> {
  const { decisions } = await call<{ readonly decisions: readonly ListedDecision[] }>(
    'GET',
    '/admin/decisions?limit=1',
  );
  return decisions[0]?.decision_id;
}

function worth(jti: string, clients: readonly PlayableClient[]): Child {
  const asking = clients.filter(({ introspects }) => introspects.length > 0);
  if (asking.length === 0) return undefined;
  const client = h('select', {}, options(asking.map(({ name }) => [name, name] as const)));
  return actionForm({ label: 'Is it active?', inline: true }, [field('Ask at /introspect as', client)], async () => {
    const answer = await call<Json>('POST', '/introspections', { token: jti, client: client.value });
    const active = answer['active'] === true;
    return h('p', { class: 'answer' }, mark(active), active ? 'active' : 'inactive');
  });
}
