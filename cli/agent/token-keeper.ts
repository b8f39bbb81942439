// Tokens kept for those who ask again: the answer of each exchange, by everything that shapes it. Network, through the
// exchange.
import { hash } from 'node:crypto';
import type { FoundToken } from '../token/found-token.ts';
import { exchangeToken } from '../token/token-exchange.ts';
import { factsOf } from '../token/token-facts.ts';
import { type AnswerCache, type CacheOptions, createAnswerCache } from './answer-cache.ts';
import { type Broker, timeoutMs } from './broker.ts';

export type TokenAnswer = Readonly<Record<string, unknown>>;

export interface Wanted {
  /** Undefined for the workload's own. */
  readonly subject: FoundToken | undefined;
  readonly form: Readonly<Record<string, string>>;
}

export interface TokenKeeper {
  /** The answer, with `expires_in` as of now. @throws CallFailed, UsageError */
  readonly tokenFor: (wanted: Wanted) => Promise<TokenAnswer>;
  /** Keeps no answer any more that holds this token, such as one an API no longer takes. */
  readonly forget: (token: string) => void;
  readonly size: () => number;
}

/** An answer that is larger is handed on and not kept: memory is bounded. */
const maxKept = 65_536;

export function tokenKeeper(broker: Broker, options: CacheOptions): TokenKeeper {
  const { server, client, findToken, prover, machine } = broker;
  const cache: AnswerCache<TokenAnswer> = createAnswerCache(options, machine);
  const keys = new WeakMap<Wanted, string>();
  const keyFor = (wanted: Wanted): string => {
    const key = keys.get(wanted) ?? keyOf(wanted, prover);
    keys.set(wanted, key);
    return key;
  };
  const tokenFor = async (wanted: Wanted): Promise<TokenAnswer> => {
    const { value, expiresAt } = await cache.get(keyFor(wanted), async () => {
      const subject = wanted.subject ?? (await findToken());
      const start = machine.clock();
      const exchange = { subject, client, prover, form: wanted.form, limits: { attempts: 1 }, timeoutMs };
      const { json, text } = await exchangeToken(exchange, server, machine);
      const life = text.length > maxKept ? 0 : Number(json['expires_in'] ?? 0) * 1_000;
      return { value: json, expiresAt: Math.min(start + life, endOf(wanted.subject)) };
    });
    const left = Math.floor((expiresAt - machine.clock()) / 1_000);
    return typeof value['expires_in'] === 'number' && left > 0 ? { ...value, expires_in: left } : value;
  };
  const forget = (token: string): void => cache.forget((answer) => answer['access_token'] === token);
  return { tokenFor, forget, size: cache.size };
}

/** Hashed: keys are no place for tokens. */
export function keyOf({ subject, form }: Wanted, prover: Broker['prover']): string {
  const parts = [subject?.token ?? null, prover?.thumbprint ?? null, Object.entries(form).sort()];
  return hash('sha256', JSON.stringify(parts));
}

/** An expired incoming token gets no answer any more, even where a rule lets what it was exchanged for outlive it. */
export function endOf(subject: FoundToken | undefined): number {
  const exp = subject && factsOf(subject.token)?.exp;
  return exp === undefined ? Number.POSITIVE_INFINITY : exp * 1_000;
}
