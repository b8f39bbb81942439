// POST /events: security event tokens pushed by issuers (RFC 8935). No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { EventRefused } from '../../oauth/events/event-refused.ts';
import { effectOf, type Receiver } from '../../oauth/events/security-event.ts';
import {
  type EventVerifier,
  maxEventAge,
  type PushedEvent,
  type SecurityEventToken,
  verifyEventToken,
} from '../../oauth/events/security-event-token.ts';
import type { FindHolds, RecordRevocation } from '../../oauth/revocation/revocation.ts';
import { isSuspended } from '../../oauth/revocation/suspension.ts';
import type { TakeUse } from '../../oauth/verify/single-use.ts';
import { qualified, tenantOf } from '../../policy/tenant.ts';
import { header, isTooLarge, json } from '../api-gateway.ts';
import { endpoint } from '../endpoint.ts';
import { failureLog } from '../errors.ts';
import type { WriteLog } from '../log.ts';

export interface EventsEndpoint extends EventVerifier, Receiver {
  readonly takeUse: TakeUse;
  readonly findHolds: FindHolds;
  /** Making one again changes nothing. */
  readonly recordRevocation: RecordRevocation;
  readonly write: WriteLog;
  readonly newId: () => string;
}

/** The Lambda handler: 202 once what the events revoke is revoked, 400 with the codes of RFC 8935 §2.4, 413, 503. */
export function eventsEndpoint(capabilities: EventsEndpoint) {
  const { write } = capabilities;
  return endpoint<APIGatewayProxyEvent>({
    log: failureLog({ name: 'security_event_failed', write }),
    respond: async (event) => {
      if (isTooLarge(event)) return tooLarge();
      try {
        await receive(pushedEvent(event), capabilities);
        return { statusCode: 202, body: '' };
      } catch (error) {
        if (error instanceof EventRefused) return refusal(error, write);
        throw error;
      }
    },
  });
}

function pushedEvent(event: APIGatewayProxyEvent): PushedEvent {
  const contentType = header(event, 'content-type')?.split(';')[0]?.trim().toLowerCase();
  if (contentType !== 'application/secevent+jwt') {
    throw new EventRefused('invalid_request', 'the content type must be application/secevent+jwt');
  }
  const body = event.body ?? '';
  // Latin-1 keeps every byte a character of its own, so that bytes that are no token cannot become one.
  const compact = event.isBase64Encoded ? Buffer.from(body, 'base64').toString('latin1') : body;
  return { compact, authorization: header(event, 'authorization') };
}

/**
 * What is revoked is durable before the token counts as seen, and the token counts as seen before it is acknowledged: a
 * transmitter that hears nothing tries again, and finds nothing half done.
 */
async function receive(pushed: PushedEvent, capabilities: EventsEndpoint): Promise<void> {
  const token = await verifyEventToken(pushed, capabilities);
  await requireTrusted(token, capabilities);
  const { revocations, unknown } = effectOf(token, capabilities, capabilities.now());
  await Promise.all(revocations.map((revocation) => capabilities.recordRevocation(revocation)));
  const { outcome } = await capabilities.takeUse({ use: useOf(token), attempt: capabilities.newId() });
  capabilities.write('info', 'security_event', {
    issuer: token.issuer.name,
    jti: token.jti,
    events: Object.keys(token.events),
    revoked: revocations.map(({ by, issuedBefore }) => ({ by, issuedBefore })),
    ...(unknown.length > 0 && { unknown }),
    ...(outcome !== 'first' && { seen_before: true }),
  });
}

/** A suspended issuer is not believed for now; it can push its events again later. */
async function requireTrusted({ issuer }: SecurityEventToken, { findHolds, now }: EventsEndpoint): Promise<void> {
  const name = { kind: 'issuer', name: issuer.name } as const;
  const { suspensions } = await findHolds({ parts: [], names: [name] });
  if (isSuspended(name, suspensions, now())) throw new EventRefused('access_denied', 'the issuer is suspended');
}

/** Apart from the uses of the issuer's tokens: an event must not use up a token that has its `jti`. */
function useOf({ issuer, jti, iat }: SecurityEventToken) {
  return {
    issuer: qualified(tenantOf(issuer.name), `events of ${issuer.url}`),
    jti,
    expiresAt: iat + maxEventAge + issuer.clockSkew,
  };
}

function refusal({ code, message }: EventRefused, write: WriteLog): APIGatewayProxyResult {
  write('info', 'security_event_refused', { err: code, description: message });
  // RFC 8935 §2.3: the language of descriptions is named.
  return json(400, { err: code, description: message }, { 'Content-Language': 'en' });
}

function tooLarge(): APIGatewayProxyResult {
  return json(413, { error: 'invalid_request', error_description: 'the body is too large' });
}
