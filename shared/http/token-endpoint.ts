// POST /token: the four middlewares around one exchange. No I/O of its own.
import middy from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { type ExchangeCapabilities, exchange } from '../oauth/exchange.ts';
import { type Audit, type AuditedEvent, audit } from './audit.ts';
import { withDeadline } from './deadline.ts';
import { errors } from './errors.ts';
import { type FormEvent, formBody } from './form-body.ts';
import { header } from './headers.ts';
import { json } from './json.ts';
import { noStore } from './no-store.ts';

type TokenEvent = FormEvent & AuditedEvent;

/** Milliseconds after which the caller is told to try again. */
const exchangeDeadline = 3_000;

/** The Lambda handler of `POST /token`. */
export function tokenEndpoint(cambio: ExchangeCapabilities, auditing: Pick<Audit, 'write' | 'newId'>) {
  return middy<TokenEvent, APIGatewayProxyResult>()
    .use(audit({ ...auditing, name: 'token_exchange', policyHash: cambio.policy.hash }))
    .use(noStore())
    .use(errors())
    .use(formBody())
    .handler(async (event) => {
      const headers = { authorization: header(event, 'authorization'), dpop: header(event, 'dpop') };
      const answer = exchange({ form: event.form, headers }, cambio, event.decision);
      return json(200, await withDeadline(exchangeDeadline, answer));
    });
}
